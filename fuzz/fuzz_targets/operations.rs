//! Any interleaving of public calls: never a panic, nothing sent after the end, one `Closed` at most.
#![no_main]

use core::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use pop3_fuzz::connection;
use pop3_proto::{
    Dele, Event, Instant, List, Login, LoginPolicy, MessageNumber, Method, Quit, RequestId, Retr,
    Rset, Secret, StartTls, Stat, TlsInfo, TransportError, TransportErrorKind, Username,
};

#[derive(Arbitrary, Debug)]
enum Operation<'a> {
    Submit(u8),
    Receive(&'a [u8]),
    Send(u8),
    Poll,
    Abandon(u8, u8),
    Wait(u16),
    Eof,
    Fail(bool),
    Tls,
}

fuzz_target!(|operations: Vec<Operation<'_>>| {
    let mut connection = connection(false);
    let mut now = Instant::ORIGIN;
    let mut ids: Vec<RequestId> = Vec::new();
    let (mut closed, mut polled) = (0, 0);
    for operation in operations {
        match operation {
            Operation::Submit(which) => {
                let first = connection.next_id();
                let login = |method| {
                    Login::password(Username::new("u").unwrap(), Secret::new("p").unwrap())
                        .with_policy(LoginPolicy::only(method))
                };
                let _ = match which % 10 {
                    0 => connection.submit(login(Method::UserPass)).map(drop),
                    8 => connection.submit(login(Method::Plain)).map(drop),
                    9 => connection.submit(login(Method::ScramSha256)).map(drop),
                    1 => connection.submit(Stat).map(drop),
                    2 => connection.submit(List).map(drop),
                    3 => connection.submit(Retr(MessageNumber::FIRST)).map(drop),
                    4 => connection.submit(Dele(MessageNumber::FIRST)).map(drop),
                    5 => connection.submit(Rset).map(drop),
                    6 => connection.submit(StartTls).map(drop),
                    _ => connection.submit(Quit).map(drop),
                };
                if connection.next_id() != first {
                    ids.push(first);
                }
            }
            Operation::Receive(octets) => {
                if let Some(room) = connection.recv_buffer() {
                    let count = octets.len().min(room.len());
                    room[..count].copy_from_slice(&octets[..count]);
                    connection.received(count, now);
                }
            }
            Operation::Send(octets) => connection.transmitted(octets.into(), now),
            Operation::Poll => {
                if let Some(event) = connection.poll_event() {
                    polled += 1;
                    assert_eq!(closed, 0, "{event:?} after the end");
                    closed += usize::from(matches!(event, Event::Closed(_)));
                }
            }
            Operation::Abandon(from, to) => {
                if let (Some(from), Some(to)) =
                    (ids.get(usize::from(from)), ids.get(usize::from(to)))
                {
                    connection.abandon(*from..*to);
                }
            }
            Operation::Wait(seconds) => {
                now = now + Duration::from_secs(seconds.into());
                connection.handle_timeout(now);
            }
            Operation::Eof => connection.handle_eof(now),
            Operation::Fail(writing) => {
                let error = TransportError::new(TransportErrorKind::Reset, "reset");
                connection
                    .handle_transport_error(if writing { error.in_writing() } else { error }, now);
            }
            Operation::Tls => connection.tls_established(TlsInfo::default(), now),
        }
        if connection.error().is_some() {
            assert!(!connection.wants_write() && !connection.wants_read());
        }
    }
    // An end of file ends it, and every request has had its end.
    connection.handle_eof(now);
    while let Some(event) = connection.poll_event() {
        polled += 1;
        closed += usize::from(matches!(event, Event::Closed(_)));
    }
    assert_eq!(closed, 1, "after {polled} events");
    assert_eq!(connection.outstanding(), 0);
});
