//! Commands, logins and greetings that are refused.

use pop3_proto::command::Verb;
use pop3_proto::reply::ResponseCode;
use pop3_proto::server::{On, Server};

use super::{GREETING, LOGGED_IN, LOGIN, config, logged_in, mail, says, with};

#[test]
fn refused_command_is_not_executed() {
    let mut server = logged_in([On::command(Verb::Dele).message(1).refuse("no")]);
    assert_eq!(
        says(&mut server, "DELE 1\r\nDELE 2\r\nQUIT\r\n"),
        "-ERR no\r\n+OK message 2 deleted\r\n+OK bye\r\n"
    );
    assert_eq!(server.expunged(), ["uid-2"]);
}

#[test]
fn only_selected_messages_are_refused() {
    for (command, verb) in [
        ("RETR 2", Verb::Retr),
        ("TOP 2 0", Verb::Top),
        ("LIST 2", Verb::List),
        ("UIDL 2", Verb::Uidl),
        ("DELE 2", Verb::Dele),
    ] {
        let mut server = logged_in([On::command(verb).message(2).refuse("[SYS/PERM] damaged")]);
        let other = command.replace('2', "1");
        assert!(says(&mut server, &format!("{other}\r\n")).starts_with("+OK"));
        assert_eq!(
            says(&mut server, &format!("{command}\r\n")),
            "-ERR [SYS/PERM] damaged\r\n"
        );
        // A listing of all messages is another command.
        assert!(says(&mut server, "LIST\r\nUIDL\r\n").starts_with("+OK"));
    }
}

#[test]
fn unique_id_selects_a_message_in_every_session() {
    let fault = On::command(Verb::Retr).unique_id("uid-2").refuse("no");
    let config = config().fault(fault.unwrap());
    for (mail, number) in [(mail(), 2), (mail().messages().rev().cloned().collect(), 1)] {
        let mut server = Server::new(config.clone(), mail);
        says(&mut server, LOGIN);
        for n in 1..=3 {
            let refused = says(&mut server, &format!("RETR {n}\r\n")) == "-ERR no\r\n";
            assert_eq!(refused, n == number, "{n}");
        }
    }
}

#[test]
fn every_login_method_can_be_refused() {
    let plain = "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n";
    for (code, text) in [
        (ResponseCode::InUse, "-ERR [IN-USE] x\r\n"),
        (ResponseCode::LoginDelay, "-ERR [LOGIN-DELAY] x\r\n"),
        (ResponseCode::SysTemp, "-ERR [SYS/TEMP] x\r\n"),
        (ResponseCode::SysPerm, "-ERR [SYS/PERM] x\r\n"),
        (ResponseCode::Auth, "-ERR [AUTH] x\r\n"),
    ] {
        for login in [LOGIN, plain, "AUTH PLAIN\r\nAGFsaWNlAHNlY3JldA==\r\n"] {
            let fault = On::login().first(1).refuse_with(&code, "x").unwrap();
            let config = config().sasl(["PLAIN"]).fault(fault.clone());
            let mut server = Server::new(config, mail());
            assert!(says(&mut server, login).ends_with(text), "{login}");
            assert_eq!(says(&mut server, "STAT\r\n"), "-ERR log in first\r\n");
            let second = says(&mut server, login);
            assert!(
                second.ends_with("+OK 2 messages (22 octets)\r\n"),
                "{second}"
            );
            assert_eq!(fault.hits(), 1);
        }
    }
}

#[test]
fn wrong_password_does_not_visit_the_login() {
    let fault = On::login().refuse("[IN-USE] busy").unwrap();
    let mut server = with([Ok(fault.clone())]);
    let refused = says(&mut server, "USER alice\r\nPASS wrong\r\n");
    assert!(refused.ends_with("-ERR [AUTH] invalid credentials\r\n"));
    assert_eq!(fault.hits(), 0);
}

#[test]
fn refused_greeting_closes_the_session() {
    let mut server = with([On::greeting().refuse("[SYS/TEMP] too many connections")]);
    assert_eq!(
        says(&mut server, LOGIN),
        "-ERR [SYS/TEMP] too many connections\r\n"
    );
    assert!(server.is_closed());
}

#[test]
fn refused_quit_closes_and_removes_nothing() {
    let mut server = logged_in([On::command(Verb::Quit).refuse("[SYS/TEMP] no")]);
    says(&mut server, "DELE 1\r\n");
    assert_eq!(
        says(&mut server, "QUIT\r\nNOOP\r\n"),
        "-ERR [SYS/TEMP] no\r\n"
    );
    assert!(server.is_closed());
    assert!(server.expunged().is_empty() && server.removed().is_empty());
    assert_eq!(server.maildrop().len(), 2);
}

#[test]
fn quit_can_remove_only_some_messages() {
    let mut server = logged_in([On::command(Verb::Quit).remove_only(1)]);
    assert_eq!(
        says(&mut server, "DELE 2\r\nDELE 1\r\nQUIT\r\n"),
        "+OK message 2 deleted\r\n+OK message 1 deleted\r\n\
         -ERR some deleted messages not removed\r\n"
    );
    assert_eq!(server.expunged(), ["uid-1"]);
    assert_eq!(server.maildrop().len(), 1);
}

#[test]
fn unknown_command_can_be_accepted() {
    let mut server = logged_in([On::command(Verb::Raw).replace("+OK if you say so\r\n")]);
    assert_eq!(
        says(&mut server, "XTND XMIT\r\nNOOP\r\n"),
        "+OK if you say so\r\n+OK\r\n"
    );
}

#[test]
fn faults_can_change_during_a_session() {
    let mut server = logged_in([]);
    assert_eq!(says(&mut server, "NOOP\r\n"), "+OK\r\n");
    server.add_fault(On::command(Verb::Noop).refuse("no").unwrap());
    assert_eq!(says(&mut server, "NOOP\r\n"), "-ERR no\r\n");
    server.set_faults([]);
    assert_eq!(says(&mut server, "NOOP\r\n"), "+OK\r\n");
}

#[test]
fn log_has_the_reply_to_each_command() {
    let faults = [
        On::command(Verb::Noop).nth(2).refuse("busy"),
        On::command(Verb::Stat).replace("+OK\nmore"),
        On::command(Verb::Rset).cut(2, pop3_proto::server::End::Close),
    ];
    let config = faults
        .into_iter()
        .fold(config().keep_log(true), |config, fault| {
            config.fault(fault.unwrap())
        });
    let mut server = Server::new(config, mail());
    let replies = says(
        &mut server,
        &format!("{LOGIN}NOOP\r\nNOOP\r\nSTAT\r\nRSET\r\nQUIT\r\n"),
    );
    assert_eq!(
        replies,
        [GREETING, LOGGED_IN, "+OK\r\n-ERR busy\r\n+OK\nmore+O"].concat()
    );
    assert_eq!(
        server.log(),
        [
            "USER alice",
            "PASS <redacted>",
            "NOOP",
            "NOOP",
            "STAT",
            "RSET"
        ]
    );
    assert_eq!(
        server.replies(),
        [
            "+OK",
            "+OK 2 messages (22 octets)",
            "+OK",
            "-ERR busy",
            "+OK",
            ""
        ]
    );
}
