//! Whole sessions, and which commands the server takes.

use pop3_proto::server::{Maildrop, Server};
use pop3_testkit::wire;

use super::{LOGIN, answers, answers_after_login, config, send, two_messages};

const SESSION: &[u8] =
    b"CAPA\r\nUSER alice\r\nPASS secret\r\nSTAT\r\nLIST\r\nLIST 2\r\nUIDL\r\nUIDL 2\r\nRETR 1\r\n\
    TOP 2 0\r\nDELE 1\r\nLIST\r\nSTAT\r\nRSET\r\nNOOP\r\nDELE 2\r\nQUIT\r\n";

const SESSION_ANSWERS: &str = "+OK ready\r\n\
    +OK\r\nUSER\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nIMPLEMENTATION pop3-proto\r\n.\r\n\
    +OK\r\n\
    +OK 2 messages (49 octets)\r\n\
    +OK 2 49\r\n\
    +OK 2 messages (49 octets)\r\n1 29\r\n2 20\r\n.\r\n\
    +OK 2 20\r\n\
    +OK\r\n1 uid-a\r\n2 uid-b\r\n.\r\n\
    +OK 2 uid-b\r\n\
    +OK 29 octets\r\nSubject: a\r\n\r\n..one\r\n...\r\ntwo\r\n.\r\n\
    +OK\r\nSubject: b\r\n\r\n.\r\n\
    +OK message 1 deleted\r\n\
    +OK 1 messages (20 octets)\r\n2 20\r\n.\r\n\
    +OK 1 20\r\n\
    +OK 2 messages (49 octets)\r\n\
    +OK\r\n\
    +OK message 2 deleted\r\n\
    +OK bye\r\n";

#[test]
fn a_whole_session_is_answered_octet_by_octet_as_expected() {
    let mut server = Server::new(config(), two_messages());
    server.receive(SESSION);
    assert!(!server.is_closed(), "the answer to QUIT is not sent yet");
    assert_eq!(
        String::from_utf8(send(&mut server)).unwrap(),
        SESSION_ANSWERS
    );
    assert!(server.is_closed() && !server.wants_read() && !server.wants_tls());
    assert_eq!(server.expunged(), ["uid-b"]);
    assert_eq!(server.maildrop().len(), 1);
}

#[test]
fn a_session_cut_anywhere_gives_the_same_octets() {
    for cut in 0..=SESSION.len() {
        for step in [1, 7, usize::MAX] {
            let mut server = Server::new(config(), two_messages());
            let mut sent = Vec::new();
            for part in [&SESSION[..cut], &SESSION[cut..]] {
                server.receive(part);
                sent.extend(wire::say(&mut server, step));
            }
            assert_eq!(
                String::from_utf8(sent).unwrap(),
                SESSION_ANSWERS,
                "cut at {cut}, sent by {step}"
            );
        }
    }
}

#[test]
fn a_session_octet_by_octet_gives_the_same_octets_whether_they_are_sent_at_once_or_at_the_end() {
    let mut at_once = Server::new(config(), two_messages());
    let mut at_the_end = Server::new(config(), two_messages());
    let mut sent = Vec::new();
    for octet in SESSION {
        at_once.receive(&[*octet]);
        at_the_end.receive(&[*octet]);
        sent.extend(send(&mut at_once));
    }
    assert_eq!(String::from_utf8(sent).unwrap(), SESSION_ANSWERS);
    assert_eq!(
        String::from_utf8(send(&mut at_the_end)).unwrap(),
        SESSION_ANSWERS
    );
}

#[test]
fn pending_octets_stay_in_place_when_more_commands_arrive() {
    let mut server = Server::new(config(), two_messages());
    server.receive(LOGIN);
    server.transmitted(4);
    let before = server.transmit().to_vec();
    server.receive(b"NOOP\r\n");
    assert!(server.transmit().starts_with(&before));
    server.transmitted(usize::MAX);
    assert!(!server.wants_write());
}

#[test]
fn keywords_are_read_in_any_case_and_a_bare_lf_ends_a_line() {
    let said = answers_after_login(two_messages(), "stat\nDeLe 1\r\nsTAT\n");
    assert_eq!(said, "+OK 2 49\r\n+OK message 1 deleted\r\n+OK 1 20\r\n");
}

#[test]
fn malformed_commands_are_refused_and_the_session_goes_on() {
    let lines = "\r\n \r\nFOO\r\nAUTH PLAIN\r\nSTAT \r\nSTAT 1\r\n STAT\r\nSTAT\tx\r\nLIST \r\nLIST  1\r\nLIST 1 \r\nLIST +1\r\n\
        LIST -1\r\nLIST x\r\nRETR\r\nRETR \r\nDELE\r\nTOP\r\nTOP 1\r\nTOP 1 \r\nTOP 1 x\r\nTOP x 1\r\nTOP 1 2 3\r\n\
        UIDL 1,2\r\nNOOP x\r\nRSET x\r\nQUIT now\r\nCAPA x\r\nSTLS x\r\nUSER\r\nUSER \r\nPASS\r\nAPOP\r\nAPOP x\r\n";
    let said = answers_after_login(two_messages(), lines);
    assert_eq!(said.lines().count(), lines.matches('\n').count());
    for (line, answer) in lines.lines().zip(said.lines()) {
        assert!(answer.starts_with("-ERR "), "{line:?}: {answer}");
    }
}

#[test]
fn a_message_that_is_not_there_is_refused() {
    for number in [
        "0",
        "00",
        "3",
        "4294967297",
        "18446744073709551616",
        "99999999999999999999999999999999999",
    ] {
        for command in ["LIST #", "UIDL #", "RETR #", "DELE #", "TOP # 0"] {
            let line = command.replace('#', number) + "\r\n";
            assert_eq!(
                answers_after_login(two_messages(), &line),
                "-ERR no such message\r\n",
                "{line:?}"
            );
        }
    }
}

#[test]
fn commands_of_another_state_are_refused() {
    let mut server = Server::new(config().stls(true), two_messages());
    for command in [
        "STAT", "LIST", "UIDL", "RETR 1", "TOP 1 0", "DELE 1", "NOOP", "RSET",
    ] {
        assert_eq!(
            answers(&mut server, format!("{command}\r\n").as_bytes()),
            "-ERR log in first\r\n"
        );
    }
    answers(&mut server, LOGIN);
    for command in ["USER alice", "PASS secret", "APOP alice 0", "STLS"] {
        assert_eq!(
            answers(&mut server, format!("{command}\r\n").as_bytes()),
            "-ERR already logged in\r\n"
        );
    }
}

#[test]
fn capa_lists_what_is_offered_and_can_be_unknown() {
    let tags = |mut server: Server| answers(&mut server, b"CAPA\r\n");
    let listed = tags(Server::new(
        config().stls(true).pipelining(false).implementation("x y"),
        Maildrop::new(),
    ));
    assert_eq!(
        listed,
        "+OK\r\nUSER\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nSTLS\r\nIMPLEMENTATION x y\r\n.\r\n"
    );
    assert!(!tags(Server::implicit_tls(config().stls(true), Maildrop::new())).contains("STLS"));
    assert!(
        !tags(Server::new(
            config().allow_plaintext_login(false),
            Maildrop::new()
        ))
        .contains("USER")
    );
    assert!(
        tags(Server::implicit_tls(
            config().allow_plaintext_login(false),
            Maildrop::new()
        ))
        .contains("USER")
    );
    assert_eq!(
        tags(Server::new(config().capa(false), Maildrop::new())),
        "-ERR unknown command\r\n"
    );
}
