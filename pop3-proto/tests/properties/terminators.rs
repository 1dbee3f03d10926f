//! I6: a multi-line reply is `Ok` if and only if its terminator came, and then it is what stood
//! before it.

use pop3_proto::{Closed, Error, Event};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::case::{Answer, Case};
use crate::client::Client;
use crate::naive::{Lines, read};
use crate::strategies::{pieces, plain_case};
use crate::{Verdict, check};

/// What servers and senders can put where a line might end.
const PARTS: [&[u8]; 12] = [
    b".",
    b".",
    b"\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"..",
    b"\r\n.\r\n",
    b"\r\n.\n",
    b"1 x",
    b"a",
    b"+OK",
];

/// A session, logged in, in which this is asked for and answered with a good status line and these
/// octets.
pub(crate) fn session(op: &str, octets: &[u8], lines: Lines) -> Case {
    let mut case = plain_case();
    case.client.strict = lines == Lines::CrLf;
    case.ops_behind_login(&[op]);
    let first = if lines == Lines::Lf {
        Answer::BareLf
    } else {
        Answer::Proper
    };
    let reply = Answer::Instead([b"+OK\r\n", octets].concat());
    case.answers = vec![first, Answer::Proper, Answer::Proper, reply];
    case
}

pub(crate) fn reply_octets() -> impl Strategy<Value = Vec<u8>> {
    vec(select(&PARTS[..]), 0..14).prop_map(|parts| parts.concat())
}

pub(crate) fn line_ends() -> impl Strategy<Value = Lines> {
    select(&[Lines::CrLf, Lines::Either, Lines::Lf][..])
}

#[test]
fn i06_a_message_is_complete_if_and_only_if_its_terminator_came() {
    let op = select(
        &[
            "retr 1",
            "top 1 0",
            "list streamed",
            "uidl streamed",
            "stream XTND X",
        ][..],
    );
    let strategy = (op, reply_octets(), line_ends(), pieces());
    check(400, strategy, |(op, octets, lines, pieces)| {
        let client = Client::acted(&session(op, &octets, lines), &pieces)?;
        let expected = read(&octets, lines);
        let mut body = Vec::new();
        let mut end = None;
        for event in &client.events {
            match event {
                Event::Body { chunk, .. } => body.extend_from_slice(chunk),
                Event::BodyEnd { result, .. } => end = Some(result.clone()),
                _ => {}
            }
        }
        let complete = end == Some(Ok(()));
        client.holds(
            complete == expected.is_some(),
            format!("complete: {complete}, {expected:?}"),
        )?;
        match expected {
            Some(expected) => client.holds(
                body == expected,
                format!(
                    "\"{}\" and not \"{}\"",
                    body.escape_ascii(),
                    expected.escape_ascii()
                ),
            ),
            None => is_cut_short(&client, end.and_then(Result::err)),
        }
    });
}

pub(crate) fn is_cut_short(client: &Client, why: Option<Error>) -> Verdict {
    let cut_short = matches!(&why, Some(Error::Closed(why))
        if matches!(**why, Closed::Truncated { .. }));
    client.holds(cut_short, format!("cut short, and told {why:?}"))
}
