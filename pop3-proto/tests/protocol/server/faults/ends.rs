//! Sessions that a fault ends, at every octet.

use std::time::Duration;

use pop3_proto::command::Verb;
use pop3_proto::server::{End, On, Server};

use super::{GREETING, LOGGED_IN, LOGIN, config, logged_in, mail, says, with};

const SESSION: &str = "UIDL\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n";

#[test]
fn session_can_end_after_any_octet() {
    let whole = says(&mut with([]), &format!("{LOGIN}{SESSION}"));
    for after in 0..=whole.len() {
        for end in [End::Close, End::Reset, End::Stall] {
            let mut server = with([On::octet(after as u64).disconnect(end)]);
            assert_eq!(
                says(&mut server, &format!("{LOGIN}{SESSION}")),
                whole[..after]
            );
            assert_eq!(server.is_closed(), end != End::Stall, "{after} {end:?}");
            assert_eq!(server.wants_reset(), end == End::Reset);
            let waits = (end == End::Stall).then_some(Duration::MAX);
            assert_eq!(server.wants_wait(), waits);
            assert!(!server.wants_read());
            server.waited();
            assert!(!server.wants_write());
            server.handle_eof();
            assert!(server.is_closed());
        }
    }
}

#[test]
fn reply_can_be_cut_after_any_octet() {
    let reply = "+OK 14 octets\r\n..one\r\n..\r\nend\r\n.\r\n";
    for after in 0..reply.len() + 2 {
        let mut server = logged_in([On::command(Verb::Retr).nth(2).cut(after, End::Close)]);
        let sent = says(&mut server, "RETR 2\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n");
        let first = "+OK 8 octets\r\ntwo\r\nb\r\n.\r\n";
        assert_eq!(sent, [first, &reply[..after.min(reply.len())]].concat());
        assert!(server.is_closed() && server.expunged().is_empty());
    }
}

#[test]
fn quit_can_commit_or_not_before_a_close() {
    let quit = || On::command(Verb::Quit);
    for (fault, expunged) in [
        (quit().cut(0, End::Close), 1),
        (quit().cut(3, End::Reset), 1),
        (quit().replace("-ERR not sure\r\n"), 1),
        (quit().disconnect(End::Close), 0),
        (quit().disconnect(End::Stall), 0),
    ] {
        let mut server = logged_in([fault]);
        says(&mut server, "DELE 1\r\nQUIT\r\n");
        server.handle_eof();
        assert_eq!(server.expunged().len(), expunged);
    }
}

#[test]
fn disconnect_does_not_execute_the_command() {
    let fault = On::command(Verb::Dele).message(2).disconnect(End::Reset);
    let mut server = logged_in([fault]);
    let replies = says(&mut server, "DELE 1\r\nDELE 2\r\nNOOP\r\nQUIT\r\n");
    assert_eq!(replies, "+OK message 1 deleted\r\n");
    assert!(server.is_closed() && server.wants_reset());
    assert!(server.expunged().is_empty());
}

#[test]
fn login_and_greeting_can_end_the_session() {
    let mut server = with([On::login().disconnect(End::Close)]);
    assert_eq!(says(&mut server, LOGIN), "+OK ready\r\n+OK\r\n");
    assert!(server.is_closed());
    let mut server = with([On::greeting().disconnect(End::Reset)]);
    assert_eq!(says(&mut server, LOGIN), "");
    assert!(server.is_closed() && server.wants_reset());
}

#[test]
fn lost_sessions_release_the_lock() {
    for end in [End::Close, End::Reset, End::Stall] {
        let fault = On::command(Verb::Noop).session(1).disconnect(end).unwrap();
        let config = config().lock_maildrop(true).fault(fault);
        let mut first = Server::new(config.clone(), mail());
        let mut second = Server::new(config, mail());
        assert_eq!((first.session(), second.session()), (1, 2));
        says(&mut first, LOGIN);
        assert!(says(&mut second, LOGIN).contains("-ERR [IN-USE]"));
        assert_eq!(says(&mut first, "NOOP\r\n"), "");
        assert_eq!(says(&mut second, LOGIN), LOGGED_IN);
        assert_eq!(says(&mut second, "NOOP\r\n"), "+OK\r\n");
    }
    assert_eq!(GREETING, "+OK ready\r\n");
}

#[test]
fn dropped_sessions_release_the_lock() {
    let config = config().lock_maildrop(true);
    let mut first = Server::new(config.clone(), mail());
    let mut second = Server::new(config, mail());
    says(&mut first, LOGIN);
    assert!(says(&mut second, LOGIN).contains("-ERR [IN-USE]"));
    drop(first);
    assert_eq!(says(&mut second, LOGIN), LOGGED_IN);
}
