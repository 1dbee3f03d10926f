//! Messages with many CR, LF and dots, exchanged with a peer that follows RFC 1939 section 3
//! literally. Only CRLF ends a line. The sender adds a dot to a line that begins with one, and the
//! receiver removes it.

use pop3_proto::Event;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::case::{Answer, Case};
use super::check;
use super::client::Client;
use super::peer::Peer;
use super::strategies::{pieces, plain_case};
use super::terminators::session;
use pop3_testkit::naive::{Lines, begins_with_lf, read, stuffed};

const PARTS: [&[u8]; 10] = [
    b".",
    b".",
    b"..",
    b"\n",
    b"\n.\r\n",
    b"\r",
    b"\r\n",
    b"\r\n.\n",
    b"a",
    b"+OK 9 octets\r\n",
];

/// A message that ends in CRLF.
fn message() -> impl Strategy<Value = Vec<u8>> {
    vec(select(&PARTS[..]), 0..16).prop_map(|parts| {
        let mut message = parts.concat();
        if !message.is_empty() && !message.ends_with(b"\r\n") {
            message.extend_from_slice(b"\r\n");
        }
        message
    })
}

fn retrieved(client: &Client) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    for event in &client.events {
        match event {
            Event::Body { chunk, .. } => message.extend_from_slice(chunk),
            Event::BodyEnd { result: Ok(_), .. } => return Some(message),
            _ => {}
        }
    }
    None
}

fn shown(octets: &[u8]) -> String {
    format!("\"{}\"", octets.escape_ascii())
}

/// Runs the server with a client that follows the RFC literally.
#[test]
fn server_output_is_readable_by_a_literal_client() {
    check(400, message(), |message| {
        let mut case = plain_case();
        case.client.channel = pop3_proto::Channel::TrustedByCaller;
        case.mail = vec![message.clone()];
        let mut peer = Peer::new(&case);
        for line in ["USER alice\r\n", "PASS correct-horse\r\n"] {
            peer.receive(line.as_bytes());
        }
        peer.out.clear();
        peer.receive(b"RETR 1\r\n");
        let status = peer.out.iter().position(|octet| *octet == b'\n');
        let wire = &peer.out[status.map_or(0, |lf| lf + 1)..];
        let (got, rest) = read(wire, Lines::CrLf);
        prop_assert!(
            got == message && rest == Some(&[]),
            "{} instead of {}",
            shown(&got),
            shown(&message)
        );
        Ok(())
    });
}

/// Runs the client with a server that follows the RFC literally. This always works under strict
/// rules. By default it works if the first line ends in CRLF, as it does in every message to which
/// a mail server has added a trace header.
#[test]
fn client_reads_messages_of_a_literal_server() {
    let strategy = (message(), any::<bool>(), pieces());
    check(600, strategy, |(message, strict, pieces)| {
        let (lines, header) = match strict {
            true => (Lines::CrLf, ""),
            false if begins_with_lf(&message) => (Lines::Either, "A: b\r\n"),
            false => (Lines::Either, ""),
        };
        let message = [header.as_bytes(), &message].concat();
        let client = Client::completed(&session("retr 1", &stuffed(&message), lines), &pieces)?;
        let got = retrieved(&client);
        let what = format!(
            "{:?} instead of {}",
            got.as_deref().map(shown),
            shown(&message)
        );
        client.ensure(got == Some(message), what)
    });
}

/// Retrieves four messages in one pipeline. The content of one message must not change any other
/// message or the number of messages.
#[test]
fn message_content_cannot_forge_other_messages() {
    let strategy = (vec(message(), 4), any::<bool>(), pieces());
    check(300, strategy, |(messages, strict, pieces)| {
        let mut case: Case = plain_case();
        case.client.strict = strict;
        case.client.pipelining = pop3_proto::config::Pipelining::Always;
        let ops: Vec<_> = (1..=4).map(|number| format!("retr {number}")).collect();
        case.ops_after_login(&ops);
        case.answers = vec![Answer::Proper; 3];
        case.mail = messages
            .iter()
            .map(|message| [b"Received: here\r\n", &message[..]].concat())
            .collect();
        let client = Client::completed(&case, &pieces)?;
        let mut got = vec![Vec::new()];
        for event in &client.events {
            match event {
                Event::Body { chunk, .. } => got.last_mut().unwrap().extend_from_slice(chunk),
                Event::BodyEnd { result: Ok(_), .. } => got.push(Vec::new()),
                _ => {}
            }
        }
        client.ensure(got.pop() == Some(Vec::new()), "a partial message")?;
        client.ensure(
            got == case.mail,
            "the messages differ from those of the server",
        )
    });
}
