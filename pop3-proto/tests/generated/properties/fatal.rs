//! I7: after a fatal error no POP3 octet is written, and every request gets that error.

use core::time::Duration;

use pop3_proto::{
    Dele, Event, MessageNumber, Phase, Quit,
    command::Noop,
    error::{Closed, TlsError, TlsErrorKind, TransportError, TransportErrorKind},
    tls::TlsInfo,
};
use proptest::sample::select;

use super::client::Client;
use super::strategies::{any_answers, case, pieces};
use super::{Verdict, check};

/// The ways in which the local side can end a connection.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    EndOfFile,
    Reset,
    WriteFails,
    Late,
    TlsFails,
    Exceeded,
}

const FAULTS: [Fault; 7] = [
    Fault::None,
    Fault::EndOfFile,
    Fault::Reset,
    Fault::WriteFails,
    Fault::Late,
    Fault::TlsFails,
    Fault::Exceeded,
];

fn inject(client: &mut Client, fault: Fault) {
    let now = client.now;
    let connection = &mut client.connection;
    let reset = TransportError::new(TransportErrorKind::Reset, "reset");
    match fault {
        Fault::None => {}
        Fault::EndOfFile => connection.handle_eof(now),
        Fault::Reset => connection.handle_read_error(reset, now),
        Fault::WriteFails => {
            connection.handle_write_error(reset, now);
            connection.handle_eof(now);
        }
        Fault::Late => {
            // The first call may restart a deadline.
            connection.handle_timeout(now);
            client.now = now + Duration::from_secs(1000);
            connection.handle_timeout(client.now);
        }
        Fault::TlsFails => connection.tls_failed(TlsError::new(TlsErrorKind::Other, "no"), now),
        Fault::Exceeded => {
            let limit = pop3_proto::error::LimitError::new(pop3_proto::error::Limited::Octets, 1);
            connection.exceeded(limit);
        }
    }
}

/// Checks that a closed connection stays closed, whatever is called.
fn stays_dead(client: &mut Client) -> Verdict {
    let error = client.connection.error().cloned();
    let refused = error.clone().unwrap_or_else(|| Closed::Finished.into());
    client.ensure(refused.is_fatal(), "the last error is not fatal")?;
    let (sent, now) = (client.sent.len(), client.now);
    let connection = &mut client.connection;
    let answers = [
        connection.submit(Noop).map(drop),
        connection.submit(Quit).map(drop),
        connection.submit(Dele(MessageNumber::FIRST)).map(drop),
    ];
    connection.received(10, now);
    connection.transmitted(10, now);
    connection.tls_established(TlsInfo::default(), now);
    connection.handle_timeout(now + Duration::from_secs(10_000));
    connection.handle_eof(now);
    connection.tls_failed(TlsError::new(TlsErrorKind::Other, "late"), now);
    client.settle()?;
    let answers = answers
        .into_iter()
        .all(|answer| answer.as_ref() == Err(&refused));
    client.ensure(answers, "a different error for later requests")?;
    client.ensure(
        client.connection.error() == error.as_ref(),
        "a different error",
    )?;
    client.ensure(client.sent.len() == sent, "sent something after the close")
}

#[test]
fn i07_fatal_error_stops_writes_and_fails_requests() {
    let strategy = (
        case(any_answers()),
        pieces(),
        select(&FAULTS[..]),
        0..60usize,
    );
    check(400, strategy, |(case, pieces, fault, moves)| {
        let mut client = Client::new(&case);
        while client.ask() {}
        let mut pieces = pieces.sizes();
        for _ in 0..moves {
            client.settle()?;
            if client.connection.error().is_some() {
                break;
            }
            client.receive(pieces.next().unwrap_or(usize::MAX));
        }
        inject(&mut client, fault);
        client.check_state()?;
        if client.connection.error().is_none() {
            client.finish()?;
        }
        client.settle()?;
        client.ensure(client.connection.phase() == Phase::Closed, "it is open")?;

        // Every event after the first error reports this error, or what was known before.
        let error = client.connection.error().cloned();
        let fatal = client.events.iter().filter_map(|event| match event {
            Event::Reply {
                result: Err(why), ..
            }
            | Event::BodyEnd {
                result: Err(why), ..
            }
            | Event::Closed(Err(why)) => Some(why),
            _ => None,
        });
        let finished = Closed::Finished.into();
        let other = fatal
            .filter(|why| why.is_fatal())
            .find(|why| Some(*why) != error.as_ref().or(Some(&finished)));
        client.ensure(other.is_none(), format!("{other:?} and not {error:?}"))?;
        stays_dead(&mut client)
    });
}
