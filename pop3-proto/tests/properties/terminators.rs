//! I6: a multi-line reply is `Ok` if and only if its terminator came, and then it is what stood
//! before it. Checked against a reader that takes one line after the other.

use pop3_proto::{Error, Event, Reply};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::case::{Answer, Case};
use crate::client::Client;
use crate::strategies::{Pieces, pieces, plain_case};
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

#[derive(Debug, Clone, Copy, PartialEq)]
enum Lines {
    /// CR LF alone ends a line: strict.
    CrLf,
    /// LF does too, but the terminator is `.` CR LF: the server's first line ended in CR LF.
    Either,
    /// The server's first line ended in LF alone, so `.` LF is a terminator too.
    Lf,
}

/// The reply before its terminator with dot-stuffing undone, and how many octets both have.
fn read(octets: &[u8], lines: Lines) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    while at < octets.len() {
        let line = line(&octets[at..], lines)?;
        at += line.len();
        match (line, lines) {
            (b".\r\n", _) | (b".\n", Lines::Lf) => return Some((body, at)),
            (b".\n", Lines::Either) => body.extend_from_slice(line),
            _ => body.extend_from_slice(line.strip_prefix(b".").unwrap_or(line)),
        }
    }
    None
}

/// The first line, if it is complete.
fn line(octets: &[u8], lines: Lines) -> Option<&[u8]> {
    let ends = |index: &usize| {
        octets[*index] == b'\n' && (lines != Lines::CrLf || octets[..*index].ends_with(b"\r"))
    };
    let end = (0..octets.len()).find(ends)?;
    Some(&octets[..=end])
}

/// A session, logged in, in which this is asked for and answered with a good status line and these
/// octets.
fn session(op: &str, octets: &[u8], lines: Lines) -> Case {
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

fn reply_octets() -> impl Strategy<Value = Vec<u8>> {
    vec(select(&PARTS[..]), 0..14).prop_map(|parts| parts.concat())
}

fn line_ends() -> impl Strategy<Value = Lines> {
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
            Some((expected, _)) => client.holds(
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

#[test]
fn i06_a_list_is_complete_only_if_its_terminator_came() {
    let op = select(&["list", "uidl", "capa", "long XTND X"][..]);
    let strategy = (op, reply_octets(), line_ends(), pieces());
    check(300, strategy, |(op, octets, lines, pieces)| {
        let client = Client::acted(&session(op, &octets, lines), &pieces)?;
        let expected = read(&octets, lines);
        // The third is the one that was asked for; what is behind the terminator answers nothing.
        let mut replies = client.events.iter().filter_map(|event| match event {
            Event::Reply { result, .. } => Some(result.clone()),
            _ => None,
        });
        match (expected, replies.nth(2)) {
            (Some((expected, _)), Some(Ok(Reply::Lines(lines)))) => {
                client.holds(lines.octets == expected, "other lines")
            }
            // A list that makes no sense came whole all the same.
            (Some(_), Some(Ok(_) | Err(Error::Protocol(_)))) => Ok(()),
            (None, Some(Err(why))) => is_cut_short(&client, Some(why)),
            (expected, got) => Err(client.fails(format!("{got:?} for {expected:?}"))),
        }
    });
}

fn is_cut_short(client: &Client, why: Option<Error>) -> Verdict {
    let why = format!("{why:?}");
    client.holds(
        why.contains("Truncated"),
        format!("cut short, and told {why}"),
    )
}
