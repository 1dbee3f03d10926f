//! Changes of the octets of replies.

use pop3_proto::command::Verb;
use pop3_proto::server::{Maildrop, On, Server};

use super::{GREETING, LOGGED_IN, LOGIN, config, logged_in, says, with};

#[test]
fn unstuffed_message_ends_early() {
    let mut server = logged_in([On::command(Verb::Retr).message(1).unstuffed()]);
    assert_eq!(
        says(&mut server, "RETR 1\r\nRETR 2\r\n"),
        "+OK 14 octets\r\n.one\r\n.\r\nend\r\n.\r\n+OK 8 octets\r\ntwo\r\nb\r\n.\r\n"
    );
}

#[test]
fn unterminated_replies_have_no_last_line() {
    for (command, verb, reply) in [
        ("CAPA", Verb::Capa, "IMPLEMENTATION pop3-proto\r\n+OK\r\n"),
        (
            "LIST",
            Verb::List,
            "+OK 2 messages (22 octets)\r\n1 14\r\n2 8\r\n+OK\r\n",
        ),
        ("UIDL", Verb::Uidl, "+OK\r\n1 uid-1\r\n2 uid-2\r\n+OK\r\n"),
        ("RETR 1", Verb::Retr, "..one\r\n..\r\nend\r\n+OK\r\n"),
        ("TOP 2 1", Verb::Top, "+OK\r\ntwo\r\nb\r\n+OK\r\n"),
    ] {
        let mut server = logged_in([On::command(verb).unterminated()]);
        let replies = says(&mut server, &format!("{command}\r\nNOOP\r\n"));
        assert!(replies.ends_with(reply), "{replies:?}");
    }
    // A refusal has no lines after it.
    let mut server = logged_in([On::command(Verb::Retr).unterminated()]);
    assert_eq!(says(&mut server, "RETR 9\r\n"), "-ERR no such message\r\n");
}

#[test]
fn bare_lf_replaces_every_line_end() {
    let mut server = with([On::greeting().bare_lf(), On::any_command().bare_lf()]);
    assert_eq!(
        says(&mut server, &format!("{LOGIN}RETR 1\r\n")),
        [
            GREETING,
            LOGGED_IN,
            "+OK 14 octets\r\n..one\r\n..\r\nend\r\n.\r\n"
        ]
        .concat()
        .replace("\r\n", "\n")
    );
}

#[test]
fn octets_can_be_replaced_inserted_and_appended() {
    let reply = "+OK\r\n1 uid-1\r\n2 uid-2\r\n.\r\n";
    for place in [0, 3, 5, reply.len(), reply.len() + 9] {
        let mut server = logged_in([On::command(Verb::Uidl).insert(place, "x\r\n")]);
        let mut expected = reply.to_owned();
        expected.insert_str(place.min(reply.len()), "x\r\n");
        assert_eq!(says(&mut server, "UIDL\r\n"), expected);
    }
    let mut server = logged_in([On::command(Verb::Uidl).append("+OK 1\r\n")]);
    assert_eq!(says(&mut server, "UIDL\r\n"), [reply, "+OK 1\r\n"].concat());
    let mut server = logged_in([On::command(Verb::Uidl).replace("")]);
    assert_eq!(says(&mut server, "UIDL\r\nNOOP\r\n"), "+OK\r\n");
}

#[test]
fn several_faults_apply_in_order() {
    let noop = || On::command(Verb::Noop);
    let mut server = logged_in([
        noop().append("a\r\n"),
        noop().insert(0, "b\r\n"),
        noop().bare_lf(),
    ]);
    assert_eq!(says(&mut server, "NOOP\r\n"), "b\n+OK\na\n");
    // Of two refusals, the first one is sent.
    let mut server = logged_in([
        noop().refuse("one"),
        noop().refuse("two"),
        noop().append("x\r\n"),
    ]);
    assert_eq!(says(&mut server, "NOOP\r\n"), "-ERR one\r\nx\r\n");
}

#[test]
fn injected_reply_after_stls_is_sent() {
    let fault = On::command(Verb::Stls).append("+OK injected\r\n").unwrap();
    let mut server = Server::new(config().stls(true).fault(fault), Maildrop::new());
    let said = says(&mut server, "STLS\r\n");
    assert!(said.ends_with("+OK begin TLS negotiation\r\n+OK injected\r\n"));
    assert!(server.wants_tls());
}

#[test]
fn altered_messages_larger_than_a_block_are_complete() {
    let message = ".line\r\n".repeat(50_000);
    let mail = Maildrop::from_iter([("uid", message.clone())]);
    let config = config().fault(On::command(Verb::Retr).unstuffed().unwrap());
    let mut server = Server::new(config, mail);
    says(&mut server, LOGIN);
    assert_eq!(
        says(&mut server, "RETR 1\r\nNOOP\r\n"),
        format!("+OK {} octets\r\n{message}.\r\n+OK\r\n", message.len())
    );
}

#[test]
fn status_line_can_be_replaced() {
    let mut server = logged_in([]);
    let status = On::any_command().status("+OK 7 surprises");
    server.add_fault(status.unwrap());
    assert_eq!(
        says(&mut server, "RETR 2\r\nNOOP\r\nRETR 9\r\n"),
        "+OK 7 surprises\r\ntwo\r\nb\r\n.\r\n+OK 7 surprises\r\n+OK 7 surprises\r\n"
    );
}
