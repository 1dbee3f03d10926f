//! Capabilities, commands and maildrops that differ from those of a correct server.

use pop3_proto::command::Verb;
use pop3_proto::server::{Maildrop, On, Server, ServerConfig, StoredMessage};

use super::{LOGIN, config, logged_in, mail, says};

fn capabilities(config: ServerConfig) -> Vec<String> {
    let mut server = Server::new(config, mail());
    says(&mut server, "");
    let reply = says(&mut server, "CAPA\r\n");
    let lines = reply.strip_prefix("+OK\r\n").expect("a success");
    let lines = lines.strip_suffix(".\r\n").expect("an end");
    lines.lines().map(str::to_owned).collect()
}

fn session(config: ServerConfig) -> Server {
    let mut server = Server::new(config, mail());
    says(&mut server, LOGIN);
    server
}

#[test]
fn removed_commands_are_unknown_and_not_advertised() {
    let all = capabilities(config().sasl(["PLAIN"]).stls(true));
    for (verb, command, lines) in [
        (Verb::Top, "TOP 1 0", &["TOP"][..]),
        (Verb::Uidl, "UIDL", &["UIDL"]),
        (Verb::Uidl, "UIDL 1", &["UIDL"]),
        (Verb::User, "USER alice", &["USER"]),
        (Verb::Auth, "AUTH PLAIN", &["SASL PLAIN"]),
        (Verb::Stls, "STLS", &["STLS"]),
        (Verb::Noop, "NOOP", &[]),
    ] {
        let settings = config().sasl(["PLAIN"]).stls(true).without(verb);
        let mut expected = all.clone();
        expected.retain(|line| !lines.contains(&line.as_str()));
        assert_eq!(capabilities(settings.clone()), expected);
        assert_eq!(all.len() - expected.len(), lines.len());
        let mut server = Server::new(settings, mail());
        says(&mut server, "");
        assert_eq!(
            says(&mut server, &format!("{command}\r\n")),
            "-ERR unknown command\r\n"
        );
    }
    let mut server = Server::new(config().without(Verb::Capa), mail());
    assert!(says(&mut server, "CAPA\r\n").ends_with("-ERR unknown command\r\n"));
}

#[test]
fn capabilities_can_be_replaced_and_added() {
    let added = capabilities(config().capability("EXPIRE 30"));
    assert_eq!(added.last().unwrap(), "EXPIRE 30");
    assert!(added.contains(&"TOP".to_owned()));
    let settings = config()
        .capabilities(["UIDL", "X-OWN a b"])
        .capability("UTF8");
    assert_eq!(
        capabilities(settings.clone()),
        ["UIDL", "X-OWN a b", "UTF8"]
    );
    // TOP is not advertised, but it works.
    assert!(says(&mut session(settings), "TOP 1 0\r\n").starts_with("+OK"));
}

#[test]
fn listed_sizes_need_not_be_true() {
    let mail = Maildrop::from_iter([
        StoredMessage::new("a", "two\r\n").with_listed_size(4),
        StoredMessage::new("b", "two\r\n"),
        StoredMessage::new("c", "").with_listed_size(u64::MAX),
    ]);
    let mut server = Server::new(config(), mail);
    says(&mut server, LOGIN);
    assert_eq!(
        says(&mut server, "STAT\r\nLIST 1\r\nRETR 1\r\n"),
        format!(
            "+OK 3 {}\r\n+OK 1 4\r\n+OK 4 octets\r\ntwo\r\n.\r\n",
            u64::MAX
        )
    );
    let list = says(&mut server, "DELE 3\r\nLIST\r\n");
    assert!(list.ends_with("1 4\r\n2 5\r\n.\r\n"), "{list}");
}

#[test]
fn unique_ids_can_change_with_each_session() {
    let settings = config().change_unique_ids(true);
    for n in 1..3 {
        let mut server = session(settings.clone());
        assert_eq!(
            says(&mut server, "UIDL\r\nUIDL 2\r\n"),
            format!("+OK\r\n1 uid-1.{n}\r\n2 uid-2.{n}\r\n.\r\n+OK 2 uid-2.{n}\r\n")
        );
        // The maildrop has the right ones.
        says(&mut server, "DELE 2\r\nQUIT\r\n");
        assert_eq!(server.expunged(), ["uid-2"]);
    }
}

#[test]
fn dele_can_renumber_the_messages_after_it() {
    let mail = Maildrop::from_iter([("a", "1"), ("b", "22"), ("c", "333"), ("d", "4444")]);
    let mut server = Server::new(config().renumber_after_dele(true), mail);
    says(&mut server, LOGIN);
    assert_eq!(
        says(
            &mut server,
            "DELE 2\r\nUIDL\r\nDELE 2\r\nLIST\r\nUIDL 2\r\nUIDL 3\r\n"
        ),
        "+OK message 2 deleted\r\n+OK\r\n1 a\r\n2 c\r\n3 d\r\n.\r\n\
         +OK message 2 deleted\r\n+OK 2 messages (9 octets)\r\n1 3\r\n2 6\r\n.\r\n\
         +OK 2 d\r\n-ERR no such message\r\n"
    );
    says(&mut server, "QUIT\r\n");
    assert_eq!(server.expunged(), ["b", "c"]);
}

#[test]
fn mail_can_arrive_during_a_session() {
    let fault = On::command(Verb::List).first(1).deliver("uid-3", "new\r\n");
    let mut server = logged_in([fault]);
    assert_eq!(
        says(
            &mut server,
            "STAT\r\nLIST\r\nUIDL 3\r\nRETR 3\r\nDELE 3\r\nQUIT\r\n"
        ),
        "+OK 2 22\r\n+OK 3 messages (27 octets)\r\n1 14\r\n2 8\r\n3 5\r\n.\r\n+OK 3 uid-3\r\n\
         +OK 5 octets\r\nnew\r\n.\r\n+OK message 3 deleted\r\n+OK bye\r\n"
    );
    assert_eq!(server.expunged(), ["uid-3"]);
    assert_eq!(server.delivered().len(), 1);
}

#[test]
fn pipelined_commands_can_be_lost() {
    let mut server = session(config().discard_pipelined(true));
    // The commands of the login were pipelined, too.
    assert_eq!(says(&mut server, "STAT\r\n"), "-ERR log in first\r\n");
    for line in LOGIN.split_inclusive('\n') {
        says(&mut server, line);
    }
    assert_eq!(says(&mut server, "NOOP\r\nSTAT\r\nLIST\r\n"), "+OK\r\n");
    assert_eq!(says(&mut server, "NOOP\r\n"), "+OK\r\n");
}

#[test]
fn maildrop_can_change_until_the_login() {
    let mut server = Server::new(config(), mail());
    server.set_maildrop(Maildrop::from_iter([("new", "x\r\n")]));
    assert!(says(&mut server, LOGIN).ends_with("+OK 1 messages (3 octets)\r\n"));
    server.set_maildrop(mail());
    assert_eq!(says(&mut server, "STAT\r\n"), "+OK 1 3\r\n");
}

#[test]
fn messages_with_equal_ids_are_removed_separately() {
    let twins = [("id", "one\r\n"), ("id", "two\r\n")];
    let mut stored = Maildrop::from_iter(twins);
    let mut server = Server::new(config(), stored.clone());
    says(&mut server, LOGIN);
    says(&mut server, "DELE 2\r\nQUIT\r\n");
    for message in server.removed() {
        assert!(stored.remove_message(message).is_some());
    }
    let left: Vec<_> = stored.messages().map(|message| message.octets()).collect();
    assert_eq!(left, ["one\r\n"]);
    assert_eq!(stored.octets(), 5);
    // The messages in another order, as after a repair of the maildrop.
    let reversed: Maildrop = Maildrop::from_iter(twins)
        .messages()
        .cloned()
        .rev()
        .collect();
    assert_eq!(reversed.messages().next().unwrap().octets(), "two\r\n");
}
