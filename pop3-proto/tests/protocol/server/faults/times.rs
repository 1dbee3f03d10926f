//! Delays, slow replies and idle limits. The server has no clock: it reports times to its driver.

use std::time::Duration;

use pop3_proto::command::Verb;
use pop3_proto::server::{On, Server};
use pop3_testkit::wire;

use super::{GREETING, LOGIN, config, logged_in, mail, says, with};

const SECOND: Duration = Duration::from_secs(1);

/// Lets the server send everything until it wants to wait.
fn sent(server: &mut Server) -> String {
    String::from_utf8(wire::say(server, usize::MAX)).expect("UTF-8")
}

#[test]
fn delay_comes_before_the_reply() {
    let mut server = logged_in([On::command(Verb::Retr).message(2).delay(SECOND)]);
    server.receive(b"RETR 1\r\nRETR 2\r\nDELE 1\r\nQUIT\r\n");
    assert!(sent(&mut server).ends_with("end\r\n.\r\n"));
    assert_eq!(server.wants_wait(), Some(SECOND));
    assert!(!server.wants_write() && !server.is_closed());
    server.waited();
    assert_eq!(server.wants_wait(), None);
    let rest = sent(&mut server);
    assert!(rest.starts_with("+OK 8 octets\r\n") && rest.ends_with("+OK bye\r\n"));
}

#[test]
fn commands_wait_while_a_reply_is_delayed() {
    let mut server = logged_in([On::command(Verb::Noop).delay(SECOND)]);
    server.receive(b"DELE 1\r\nNOOP\r\nQUIT\r\n");
    assert_eq!(sent(&mut server), "+OK message 1 deleted\r\n");
    // The client loses its patience. QUIT has not been executed.
    server.handle_eof();
    assert!(server.is_closed() && server.expunged().is_empty());
}

#[test]
fn greeting_can_be_delayed() {
    let mut server = with([On::greeting().delay(SECOND)]);
    assert_eq!(
        (sent(&mut server), server.wants_wait()),
        (String::new(), Some(SECOND))
    );
    server.waited();
    assert_eq!(sent(&mut server), GREETING);
}

#[test]
fn session_can_pause_after_any_octet() {
    let session = format!("{LOGIN}LIST\r\nRETR 1\r\nQUIT\r\n");
    let whole = says(&mut with([]), &session);
    for after in 0..=whole.len() {
        let mut server = with([On::octet(after as u64).delay(SECOND)]);
        server.receive(session.as_bytes());
        assert_eq!(sent(&mut server), whole[..after]);
        assert_eq!(server.wants_wait(), Some(SECOND));
        server.waited();
        server.receive(b"");
        assert_eq!(sent(&mut server), whole[after..]);
        assert!(server.is_closed());
    }
}

#[test]
fn segments_have_the_given_size() {
    let reply = "+OK 14 octets\r\n..one\r\n..\r\nend\r\n.\r\n";
    for size in 1..reply.len() + 2 {
        let mut server = logged_in([On::command(Verb::Retr).segments(size, SECOND)]);
        server.receive(b"RETR 1\r\n");
        let mut segments = Vec::new();
        loop {
            segments.push(sent(&mut server));
            if server.wants_wait().is_none() {
                break;
            }
            server.waited();
        }
        let expected: Vec<_> = reply.as_bytes().chunks(size).collect();
        assert_eq!(segments.len(), expected.len());
        for (segment, expected) in segments.iter().zip(expected) {
            assert_eq!(segment.as_bytes(), expected);
        }
    }
}

#[test]
fn reply_can_pause_after_any_octet() {
    let reply = "+OK 14 octets\r\n..one\r\n..\r\nend\r\n.\r\n";
    for after in 0..reply.len() + 2 {
        let pause = On::command(Verb::Retr).pause(after, SECOND);
        let later = On::command(Verb::Retr).pause(after + 3, 2 * SECOND);
        let mut server = logged_in([later, pause]);
        server.receive(b"RETR 1\r\nNOOP\r\n");
        let (first, second) = (after.min(reply.len()), (after + 3).min(reply.len()));
        for (part, pause) in [
            (&reply[..first], SECOND),
            (&reply[first..second], 2 * SECOND),
        ] {
            if first == second && pause == 2 * SECOND {
                // Both pauses are after the reply, in the order of the rules.
                continue;
            }
            assert_eq!(sent(&mut server), part, "{after}");
            if first != second {
                assert_eq!(server.wants_wait(), Some(pause));
            }
            server.waited();
        }
        server.waited();
        assert_eq!(sent(&mut server), [&reply[second..], "+OK\r\n"].concat());
    }
}

#[test]
fn idle_session_is_closed_and_deletes_nothing() {
    for (reply, text) in [(None, ""), (Some("idle"), "-ERR idle\r\n")] {
        let mut settings = config().idle_limit(SECOND);
        if let Some(reply) = reply {
            settings = settings.idle_reply(reply);
        }
        let mut server = Server::new(settings, mail());
        // While something is to be sent, the client is not idle.
        assert_eq!(server.idle_limit(), None);
        says(&mut server, &format!("{LOGIN}DELE 1\r\n"));
        assert_eq!(server.idle_limit(), Some(SECOND));
        server.handle_idle();
        assert_eq!(says(&mut server, "QUIT\r\n"), text);
        assert!(server.is_closed() && server.expunged().is_empty());
        assert_eq!(server.idle_limit(), None);
    }
    let mut server = logged_in([]);
    server.handle_idle();
    assert_eq!(says(&mut server, "NOOP\r\n"), "+OK\r\n");
}
