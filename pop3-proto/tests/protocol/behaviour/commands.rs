//! Command lines, single-line and multi-line replies, and tickets.

use pop3_proto::{
    Channel, Config, Error, Phase, Stat, Ticket,
    command::{AuthMechanisms, Noop, Raw},
};
use pop3_testkit::conversation::{Conversation, logged_in, trusted};

#[test]
fn commands_separate_arguments_with_one_space() {
    for (op, line) in [
        ("stat", "STAT"),
        ("list", "LIST"),
        ("list 3", "LIST 3"),
        ("list streamed", "LIST"),
        ("uidl", "UIDL"),
        ("uidl 4294967295", "UIDL 4294967295"),
        ("uidl streamed", "UIDL"),
        ("retr 10", "RETR 10"),
        ("top 1 0", "TOP 1 0"),
        ("top 1 99999999", "TOP 1 99999999"),
        ("dele 9", "DELE 9"),
        ("noop", "NOOP"),
        ("rset", "RSET"),
        ("quit", "QUIT"),
        ("capa", "CAPA"),
        ("short XTND XMIT", "XTND XMIT"),
        ("long LANG", "LANG"),
        ("short LANG *", "LANG *"),
        ("short XSENDER 1", "XSENDER 1"),
        ("long XTND XLST From", "XTND XLST From"),
    ] {
        let mut session = logged_in();
        session.ask(op);
        assert_eq!(session.sent(), format!("{line}\r\n"));
    }
    let mut session = trusted();
    session.server("+OK <1896.697170952@dbc.mtview.ca.us>\r\n");
    session.exchange("user a\\x20b", "-ERR\r\n");
    session.exchange("apop mrose tanstaaf", "-ERR\r\n");
    assert_eq!(
        session.sent(),
        "USER a b\r\nAPOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"
    );
}

#[test]
fn raw_command_keywords_have_3_to_20_characters() {
    for line in [
        "",
        "X",
        "XX",
        "XXXXXXXXXXXXXXXXXXXXX",
        "XXXXXXXXXXXXXXXXXXXXX 1",
        "XTEND\u{a0}X",
        "X\u{e4}SENDER",
        "\u{2003}XTND",
        " XTND",
        "XT\tD",
        "NOOP\r\nDELE 1",
        "XTND a\0",
        "XYZ\n",
    ] {
        assert!(Raw::short(line).is_err(), "{line:?}");
        assert!(Raw::long(line).is_err(), "{line:?}");
    }
    for line in [
        "stls",
        "AUTH PLAIN",
        "User x",
        "PASS x",
        "APOP x y",
        "DELE 1",
        "dele 1",
        "RSET",
        "Rset",
        "QUIT",
        "auth",
        "AUTH ",
        "AUTH  PLAIN",
        // A server that reads only four letters would take these for reserved commands.
        "AUTHX",
        "authenticate",
        "DELE1",
        "dele-1",
        "QUIT.",
        "PASSWORD x",
        "UserName x",
        "StlsNow",
    ] {
        for refused in [Raw::short(line).err(), Raw::long(line).err()] {
            let error = refused.expect("a reserved command");
            assert!(error.to_string().contains("use its own type instead"));
        }
    }
    for line in [
        "NOOP",
        "XYZ a  b é",
        "XSENDER 1",
        "XTND XLST From",
        "XXXXXXXXXXXXXXXXXXXX",
        // Not reserved, although they begin like reserved commands.
        "AUT",
        "PAS 1",
        "DELX",
    ] {
        assert!(
            Raw::short(line).is_ok() && Raw::long(line).is_ok(),
            "{line}"
        );
    }
}

#[test]
fn auth_without_a_mechanism_returns_mechanism_names() {
    let list = trusted_and_greeted()
        .call(AuthMechanisms, "+OK\r\nPLAIN\r\nscram-sha-256 X\r\n.\r\n")
        .expect("a reply")
        .expect("a list");
    assert!(list.iter().eq([&b"PLAIN"[..], b"scram-sha-256", b"X"]));
    assert!(list.has("plain") && list.has("SCRAM-SHA-256") && !list.has("PLAI") && !list.has(""));
    let unknown = trusted_and_greeted().call(AuthMechanisms, "-ERR [SYS/TEMP] no\r\n");
    assert_eq!(unknown, Ok(None));
    // AUTH without an argument is not a login, whatever the reply.
    let mut session = trusted_and_greeted();
    session.exchange("auth", "+OK logged in\r\n.\r\n");
    assert_eq!(session.connection.phase(), Phase::Authorization);
    let mut config = Config::default();
    config.limits.capability_lines = 2;
    let mut session = Conversation::new(config, Channel::TrustedByCaller);
    session.server("+OK\r\n");
    session.exchange("auth", "+OK\r\nA\r\nB\r\n");
    session.server("C\r\n");
    assert_eq!(
        session.reported().first().unwrap(),
        "auth: failed: limit Lines 2"
    );
}

fn trusted_and_greeted() -> Conversation {
    let mut session = trusted();
    session.server("+OK\r\n");
    session
}

#[test]
fn only_the_command_determines_multi_line_replies() {
    let several = "+OK 1 2\r\n";
    for op in [
        "stat",
        "list 1",
        "uidl 1",
        "dele 1",
        "noop",
        "rset",
        "short XYZ",
    ] {
        let mut session = logged_in();
        assert_eq!(session.exchange(op, several).len(), 1, "{op}");
    }
    for op in ["list", "uidl", "capa", "long XYZ"] {
        let mut session = logged_in();
        assert_eq!(session.exchange(op, several), [] as [&str; 0], "{op}");
        session.server(".\r\n");
        assert_eq!(session.reported().len(), 1, "{op}");
    }
    for op in [
        "retr 1",
        "top 1 0",
        "list streamed",
        "uidl streamed",
        "stream XYZ",
    ] {
        let mut session = logged_in();
        assert_eq!(
            session.exchange(op, several),
            [format!("{op}: opened \"1 2\"")]
        );
        session.server(".\r\n");
        assert_eq!(session.reported(), [format!("{op}: end")]);
    }
    for op in [
        "list",
        "uidl",
        "retr 1",
        "top 1 0",
        "list streamed",
        "long XYZ",
    ] {
        let mut session = logged_in();
        let reported = session.exchange(op, "-ERR no\r\n");
        assert!(reported[0].contains("failed: refused"), "{reported:?}");
        assert_eq!(session.exchange("noop", "+OK\r\n"), ["noop: ok"]);
    }
}

#[test]
fn ticket_rejects_a_reply_of_another_type() {
    let mut session = logged_in();
    let ticket = session.connection.submit(Stat).expect("a live connection");
    let copy: Ticket<Stat> = ticket;
    assert_eq!(copy.id(), ticket.id());
    session.server("+OK 1 2\r\n");
    let Some(pop3_proto::Event::Reply {
        result: Ok(reply), ..
    }) = session.events().pop()
    else {
        panic!("a reply")
    };
    let other = session.connection.submit(Noop).expect("a live connection");
    assert!(matches!(other.read(reply.clone()), Err(Error::Misuse(_))));
    assert_eq!(ticket.read(reply).expect("a STAT reply").messages, 1);
}
