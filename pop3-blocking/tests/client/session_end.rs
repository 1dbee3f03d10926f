//! How a session ends, and what is deleted then.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use pop3_blocking::{
    Client, Dele, Error, QuitOutcome, Stat,
    command::{Noop, Verb},
    config::{CapaPolicy, Pipelining},
    connect_with,
    error::{Closed, TransportErrorKind},
};

use super::support::{Scripted, cleartext, client_of, embedded, number};

#[test]
fn quit_commits_deletions() {
    let server = embedded(3);
    let mut client = client_of(&server);
    client.dele(number(2)).unwrap();
    assert_eq!(server.maildrop().len(), 3);
    assert!(client.quit().unwrap().is_committed());
    let left: Vec<_> = server
        .maildrop()
        .messages()
        .map(|message| message.unique_id().clone())
        .collect();
    assert_eq!(left, ["uid-1", "uid-3"]);
    assert_eq!(client.noop(), Err(Closed::Finished.into()));
    assert_eq!(client.quit(), Err(Closed::Finished.into()));
}

#[test]
fn quit_keeping_keeps_all_messages() {
    let server = embedded(3);
    let mut client = client_of(&server);
    client.dele(number(2)).unwrap();
    assert!(client.quit_keeping().unwrap().is_committed());
    assert_eq!(server.maildrop().len(), 3);
}

#[test]
fn dropped_client_commits_nothing() {
    let server = embedded(3);
    let mut client = client_of(&server);
    for reply in client.pipeline((1..=3).map(|n| Dele(number(n)))) {
        reply.unwrap();
    }
    drop(client);
    let mut again = client_of(&server);
    assert_eq!(again.stat().unwrap().messages, 3);

    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("DELE 1\r\n");
        wire.send("+OK\r\n");
        wire.read_to_end();
    });
    let mut client = server.client();
    client.dele(number(1)).unwrap();
    drop(client);
    assert_eq!(server.received(), "DELE 1\r\n", "no QUIT");
}

#[test]
fn abort_closes_the_socket_and_commits_nothing() {
    let server = embedded(3);
    let mut client = client_of(&server);
    client.dele(number(1)).unwrap();
    client.abort();
    assert_eq!(server.maildrop().len(), 3);

    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("DELE 1\r\n");
        wire.send("+OK\r\n");
        wire.read_to_end();
    });
    let mut client = server.client();
    client.dele(number(1)).unwrap();
    client.abort();
    // The script ends when the socket is closed.
    assert_eq!(server.received(), "DELE 1\r\n", "no QUIT");
}

#[test]
fn into_stream_returns_an_open_socket() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("DELE 1\r\n");
        wire.send("+OK\r\n");
        wire.expect_octets("still open");
        wire.send("indeed");
    });
    let mut client = server.client();
    client.dele(number(1)).unwrap();
    let mut stream = client.into_transport().into_inner();
    stream.write_all(b"still open").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "indeed");
    assert_eq!(server.received(), "DELE 1\r\nstill open");
}

#[test]
fn refused_quit_is_reported() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("QUIT\r\n");
        wire.send("-ERR some messages were not removed\r\n");
    });
    let mut client = server.client();
    let Ok(QuitOutcome::Refused(reply)) = client.quit() else {
        panic!("the server refused");
    };
    assert_eq!(reply.to_string(), "some messages were not removed");
    server.received();
}

#[test]
fn unanswered_quit_is_unknown() {
    for answer in ["", "+OK by"] {
        let server = Scripted::logged_in(move |wire| {
            wire.expect_octets("QUIT\r\n");
            wire.send(answer);
        });
        let mut client = server.client();
        assert_eq!(client.quit(), Ok(QuitOutcome::Unknown));
        server.received();
    }
}

#[test]
fn quit_that_times_out_is_unknown() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("QUIT\r\n");
        wire.read_to_end();
    });
    let mut connector = cleartext();
    connector.config.timeouts.quit_without_deletions = Duration::from_millis(100);
    let mut client = server.client_with(&connector);
    assert_eq!(client.quit(), Ok(QuitOutcome::Unknown));
    drop(client);
    server.received();
}

#[test]
fn quit_on_a_closed_connection_deleted_nothing() {
    let server = Scripted::logged_in(|_| {});
    let mut client = server.client();
    server.received();
    assert_eq!(client.transport().get_ref().peek(&mut [0]).unwrap(), 0);
    assert_eq!(client.quit(), Err(Closed::Idle { last_err: None }.into()));
}

/// Returns an idle client whose server has sent this text unsolicited.
fn client_after_unsolicited(word: &'static str) -> (Scripted, Client<TcpStream>) {
    let (idle, is_idle) = mpsc::channel();
    let server = Scripted::logged_in(move |wire| {
        is_idle.recv().unwrap();
        wire.send(word);
        wire.read_to_end();
    });
    let client = server.client();
    idle.send(()).unwrap();
    client.transport().get_ref().peek(&mut [0]).unwrap();
    (server, client)
}

#[test]
fn unsolicited_err_is_read_before_the_next_command() {
    let (server, mut client) = client_after_unsolicited("-ERR autologout: idle for too long\r\n");
    let error = client.stat().unwrap_err();
    let Error::Closed(closed) = error else {
        panic!("{error:?}");
    };
    let Closed::UnsolicitedErr(reply) = *closed else {
        panic!("{closed:?}");
    };
    assert_eq!(reply.to_string(), "autologout: idle for too long");
    drop(client);
    assert_eq!(server.received(), "", "no STAT was written");
}

#[test]
fn unsolicited_err_after_login_precedes_the_first_command() {
    let (idle, is_idle) = mpsc::channel();
    let server = Scripted::start(move |wire| {
        wire.send("+OK ready\r\n");
        wire.expect_octets("CAPA\r\n");
        wire.send("+OK\r\nPIPELINING\r\n.\r\n");
        wire.expect_octets("USER alice\r\n");
        wire.send("+OK\r\n");
        wire.expect_octets("PASS secret\r\n");
        wire.send("+OK\r\n");
        is_idle.recv().unwrap();
        wire.send("-ERR autologout: idle for too long\r\n");
        wire.read_to_end();
    });
    let mut connector = cleartext();
    connector.config.capa = CapaPolicy::Auto;
    connector.config.pipelining = Pipelining::Auto;
    let mut client = server.client_with(&connector);
    idle.send(()).unwrap();
    client.transport().get_ref().peek(&mut [0]).unwrap();
    let Err(Error::Closed(closed)) = client.dele(number(1)) else {
        panic!("the server has closed");
    };
    assert!(matches!(*closed, Closed::UnsolicitedErr(_)), "{closed:?}");
    drop(client);
    let received = server.received();
    assert!(!received.contains("DELE"), "{received}");
}

#[test]
fn every_operation_reads_the_unsolicited_err_first() {
    type Next = fn(&mut Client<TcpStream>) -> Error;
    let ways: [Next; 5] = [
        |client| client.submit(Noop).unwrap_err(),
        |client| client.batch((Noop, Stat)).unwrap_err(),
        |client| client.pipeline([Noop]).next().unwrap().unwrap_err(),
        |client| client.retrieve([number(1)]).next().unwrap().unwrap_err(),
        |client| client.retr(number(1)).unwrap_err(),
    ];
    for way in ways {
        let (server, mut client) = client_after_unsolicited("-ERR bye\r\n");
        assert!(matches!(way(&mut client), Error::Closed(_)));
        drop(client);
        assert_eq!(server.received(), "");
    }
}

#[test]
fn close_within_a_listing_is_truncation() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("LIST\r\n");
        wire.send("+OK 3 messages\r\n1 100\r\n2 20");
    });
    let mut client = server.client();
    let truncated = Error::from(Closed::Truncated {
        verb: Verb::List,
        number: None,
        outstanding: 1,
        first_batch: false,
        lf_dot: false,
        last_err: None,
    });
    assert_eq!(client.list().unwrap_err(), truncated);
    assert_eq!(client.noop().unwrap_err(), truncated);
    server.received();
}

#[test]
fn unanswered_and_truncated_replies_are_distinguished() {
    let server = Scripted::logged_in(|wire| wire.expect_octets("STAT\r\nNOOP\r\n"));
    let mut client = server.client();
    let error = client.batch((Stat, Noop)).unwrap_err();
    let unanswered = Closed::Unanswered {
        verb: Verb::Stat,
        number: None,
        outstanding: 2,
        first_batch: true,
        last_err: None,
    };
    assert_eq!(error, unanswered.into());
    assert!(error.suspects_pipelining(), "{error}");
    server.received();
}

#[test]
fn connection_reset_is_a_transport_error() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("STAT\r\n");
        // Closed with unread octets: a reset.
        wire.send("+OK 1 1\r\n");
        wire.expect_octets("N");
    });
    let mut client = server.client();
    client.stat().unwrap();
    let Err(Error::Transport(error)) = client.noop() else {
        panic!("the connection was reset");
    };
    assert_eq!(error.kind, TransportErrorKind::Reset);
    server.received();
}

#[test]
fn refusing_greeting_fails_connect() {
    let server = Scripted::start(|wire| {
        wire.send("-ERR too many connections\r\n");
        wire.read_to_end();
    });
    let error = connect_with(&server.plain(), &cleartext()).unwrap_err();
    let Error::Closed(closed) = error else {
        panic!("{error:?}");
    };
    assert!(matches!(*closed, Closed::GreetingRefused(_)));
    assert_eq!(server.received(), "");
}
