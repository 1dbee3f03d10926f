//! I6: a multi-line reply is `Ok` only if its terminator was received, and then it is exactly what
//! precedes the terminator. If unsolicited octets are received together with the terminator, the
//! reply is an error.

use pop3_proto::{
    Error, Event,
    error::{Closed, ProtocolError},
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::case::{Answer, Case};
use super::client::Client;
use super::strategies::{Pieces, pieces, plain_case};
use super::{Verdict, check};
use pop3_testkit::naive::{Lines, begins_with_lf, may_follow, read};

/// Octets that servers and senders can write near a line end.
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

/// Creates a logged-in session in which `op` is answered with an `+OK` line and these octets.
pub(crate) fn session(op: &str, octets: &[u8], lines: Lines) -> Case {
    let mut case = plain_case();
    case.client.strict = lines == Lines::CrLf;
    case.ops_after_login(&[op]);
    let (proper, ok): (_, &[u8]) = if lines == Lines::Lf {
        (Answer::BareLf, b"+OK\n")
    } else {
        (Answer::Proper, b"+OK\r\n")
    };
    let reply = Answer::Instead([ok, octets].concat());
    case.answers = vec![proper.clone(), proper.clone(), proper, reply];
    case
}

pub(crate) fn reply_octets() -> impl Strategy<Value = Vec<u8>> {
    vec(select(&PARTS[..]), 0..14).prop_map(|parts| parts.concat())
}

pub(crate) fn line_ends() -> impl Strategy<Value = Lines> {
    select(&[Lines::CrLf, Lines::Either, Lines::Lf][..])
}

#[test]
fn i06_message_is_complete_only_with_its_terminator() {
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
    check(600, strategy, |(op, octets, lines, pieces)| {
        let client = Client::completed(&session(op, &octets, lines), &pieces)?;
        let (expected, rest) = read(&octets, lines);
        let mut body = Vec::new();
        let mut end = None;
        for event in &client.events {
            match event {
                Event::Body { chunk, .. } => body.extend_from_slice(chunk),
                Event::BodyEnd { result, .. } => end = Some(result.clone()),
                _ => {}
            }
        }
        let complete = matches!(&end, Some(Ok(received)) if received.octets == body.len() as u64);
        let why = end.and_then(Result::err);
        if lines == Lines::CrLf && op.ends_with("streamed") && begins_with_lf(&octets) {
            return is_bare_lf(&client, why);
        }
        let Some(rest) = rest else {
            client.ensure(!complete, "complete without its terminator")?;
            return is_cut_short(&client, why);
        };
        client.ensure(
            body == expected,
            format!(
                "\"{}\" and not \"{}\"",
                body.escape_ascii(),
                expected.escape_ascii()
            ),
        )?;
        check_result(&client, complete, why, may_follow(rest, lines))
    });
}

/// Checks the result of a complete or incomplete body. Octets that may follow the terminator are
/// harmless. Others make the reply fail if they are received together with its end, and close the
/// connection otherwise.
pub(crate) fn check_result(
    client: &Client,
    complete: bool,
    why: Option<Error>,
    may_follow: bool,
) -> Verdict {
    if complete {
        let end = client.connection.error();
        let parting =
            matches!(end, Some(Error::Closed(end)) if matches!(**end, Closed::UnsolicitedErr(_)));
        return client.ensure(
            may_follow || is_surplus(end) || parting,
            format!("complete, but closed by {end:?}"),
        );
    }
    client.ensure(
        !may_follow && is_surplus(why.as_ref()),
        format!("not complete, but reported {why:?}"),
    )
}

fn is_surplus(error: Option<&Error>) -> bool {
    matches!(error, Some(Error::Protocol(error))
        if matches!(**error, ProtocolError::Surplus { .. }))
}

pub(crate) fn is_bare_lf(client: &Client, why: Option<Error>) -> Verdict {
    let bare_lf = matches!(&why, Some(Error::Protocol(error))
        if matches!(**error, ProtocolError::BareLineFeed { .. }));
    client.ensure(bare_lf, format!("begins with LF, but reported {why:?}"))
}

#[test]
fn i06_surplus_octets_with_the_terminator_fail() {
    let strategy = (reply_octets(), reply_octets(), line_ends());
    check(300, strategy, |(before, after, lines)| {
        let octets = [&before[..], b"\r\n.\r\n", &after].concat();
        let client = Client::completed(&session("retr 1", &octets, lines), &Pieces::WHOLE)?;
        let (_, Some(rest)) = read(&octets, lines) else {
            return Ok(());
        };
        let complete = client
            .events
            .iter()
            .any(|event| matches!(event, Event::BodyEnd { result: Ok(_), .. }));
        client.ensure(
            complete == may_follow(rest, lines),
            format!("complete: {complete}, before \"{}\"", rest.escape_ascii()),
        )
    });
}

pub(crate) fn is_cut_short(client: &Client, why: Option<Error>) -> Verdict {
    let cut_short = matches!(&why, Some(Error::Closed(why))
        if matches!(**why, Closed::Truncated { .. }));
    client.ensure(cut_short, format!("truncated, but reported {why:?}"))
}
