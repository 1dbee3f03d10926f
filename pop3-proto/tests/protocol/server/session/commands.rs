//! Complete sessions, and which commands the server accepts.

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
fn whole_session_is_answered_as_expected() {
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
fn session_does_not_depend_on_input_splitting() {
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
                "cut at {cut}, sent in pieces of {step}"
            );
        }
    }
}

#[test]
fn single_octet_input_gives_the_same_replies() {
    let mut immediate = Server::new(config(), two_messages());
    let mut deferred = Server::new(config(), two_messages());
    let mut sent = Vec::new();
    for octet in SESSION {
        immediate.receive(&[*octet]);
        deferred.receive(&[*octet]);
        sent.extend(send(&mut immediate));
    }
    assert_eq!(String::from_utf8(sent).unwrap(), SESSION_ANSWERS);
    assert_eq!(
        String::from_utf8(send(&mut deferred)).unwrap(),
        SESSION_ANSWERS
    );
}

#[test]
fn pending_output_is_kept_when_commands_arrive() {
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
fn keywords_of_any_case_and_bare_lf_accepted() {
    let replies = answers_after_login(two_messages(), "stat\nDeLe 1\r\nsTAT\n");
    assert_eq!(replies, "+OK 2 49\r\n+OK message 1 deleted\r\n+OK 1 20\r\n");
}

#[test]
fn malformed_commands_are_refused() {
    let lines = "\r\n \r\nFOO\r\nAUTH PLAIN\r\nSTAT \r\nSTAT 1\r\n STAT\r\nSTAT\tx\r\nLIST \r\nLIST  1\r\nLIST 1 \r\nLIST +1\r\n\
        LIST -1\r\nLIST x\r\nRETR\r\nRETR \r\nDELE\r\nTOP\r\nTOP 1\r\nTOP 1 \r\nTOP 1 x\r\nTOP x 1\r\nTOP 1 2 3\r\n\
        UIDL 1,2\r\nNOOP x\r\nRSET x\r\nQUIT now\r\nCAPA x\r\nSTLS x\r\nUSER\r\nUSER \r\nPASS\r\nAPOP\r\nAPOP x\r\n";
    let replies = answers_after_login(two_messages(), lines);
    assert_eq!(replies.lines().count(), lines.matches('\n').count());
    for (line, answer) in lines.lines().zip(replies.lines()) {
        assert!(answer.starts_with("-ERR "), "{line:?}: {answer}");
    }
}

#[test]
fn missing_message_is_refused() {
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
fn commands_in_the_wrong_state_are_refused() {
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
fn capa_depends_on_the_configuration() {
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
