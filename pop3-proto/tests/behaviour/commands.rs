//! Command lines, the shapes of replies, and tickets.

use crate::common::{logged_in, trusted};
use pop3_proto::{Error, Noop, Raw, Stat, Ticket};

#[test]
fn each_command_is_its_keyword_and_arguments_with_one_space_between() {
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
fn a_raw_command_has_a_keyword_of_3_or_4_and_no_control_characters() {
    for line in [
        "",
        "X",
        "XX",
        "XXXXX",
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
    ] {
        for refused in [Raw::short(line).err(), Raw::long(line).err()] {
            let error = refused.expect("has a type of its own");
            assert!(error.to_string().contains("use the command made for it"));
        }
    }
    assert!(Raw::short("NOOP").is_ok() && Raw::long("XYZ a  b é").is_ok());
}

#[test]
fn which_replies_have_several_lines_depends_on_the_command_alone() {
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
        assert_eq!(session.told().len(), 1, "{op}");
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
        assert_eq!(session.told(), [format!("{op}: end")]);
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
        let told = session.exchange(op, "-ERR no\r\n");
        assert!(told[0].contains("failed: refused"), "{told:?}");
        assert_eq!(session.exchange("noop", "+OK\r\n"), ["noop: ok"]);
    }
}

#[test]
fn a_ticket_reads_its_own_type_and_no_other() {
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
    assert_eq!(ticket.read(reply).expect("its own").messages, 1);
}
