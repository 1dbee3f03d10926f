//! The outcome of QUIT is reported correctly: an application that gets `Committed` never retrieves
//! those messages again.

use pop3_proto::{
    Event, QuitOutcome,
    error::{TransportError, TransportErrorKind},
    reply::Reply,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::check;
use super::client::Client;
use super::strategies::{case, pieces};

/// Replies to QUIT, complete and partial.
const REPLIES: [&[u8]; 9] = [
    b"",
    b"+",
    b"+OK",
    b"+OK bye\r",
    b"+OK bye\r\n",
    b"+OK\r\n",
    b"-ERR some are still there",
    b"-ERR some are still there\r\n",
    b"* BYE\r\n",
];

/// Returns the expected outcome of QUIT for this number of sent octets and this reply. Returns
/// `None` if no octet was sent.
fn outcome(sent: usize, reply: &[u8]) -> Option<&'static str> {
    match reply {
        _ if sent == 0 => None,
        [b'+', b'O', b'K', .., b'\r', b'\n'] => Some("committed"),
        [b'-', b'E', b'R', b'R', .., b'\r', b'\n'] => Some("refused"),
        _ => Some("unknown"),
    }
}

#[test]
fn quit_is_committed_only_by_a_complete_ok() {
    let sent = prop_oneof![0..6usize, Just(6), Just(6)];
    let strategy = (
        case(Just(Vec::new())),
        sent,
        select(&REPLIES[..]),
        any::<bool>(),
        pieces(),
    );
    check(200, strategy, |(mut case, sent, reply, reset, pieces)| {
        let mut client = Client::idle(&mut case)?;
        client.push("quit");
        client.ask();
        client.send(sent);
        // The server does not answer half a command.
        let reply = if sent == 6 { reply } else { b"" };
        client.peer.out = reply.to_vec();
        for piece in pieces.sizes() {
            if !client.receive(piece) {
                break;
            }
        }
        if reset {
            let cause = TransportError::new(TransportErrorKind::Reset, "reset");
            client.connection.handle_read_error(cause, client.now);
        } else {
            client.eof();
        }
        client.settle()?;
        let reported = client.events.iter().rev().find_map(|event| match event {
            Event::Reply { result, .. } => Some(result),
            _ => None,
        });
        let reported = match reported {
            Some(Ok(Reply::Quit(QuitOutcome::Committed(_)))) => Some("committed"),
            Some(Ok(Reply::Quit(QuitOutcome::Refused(_)))) => Some("refused"),
            Some(Ok(Reply::Quit(QuitOutcome::Unknown))) => Some("unknown"),
            Some(Err(_)) => None,
            other => return Err(client.failure(format!("{other:?}"))),
        };
        let expected = outcome(sent, reply);
        client.ensure(
            reported == expected,
            format!("{reported:?} and not {expected:?}"),
        )
    });
}
