//! What is sent and what is read: command lines, listings, capabilities, codes and texts.

mod common;

use common::{logged_in, logged_in_with, trusted};
use pop3_proto::{
    Advice, Capa, Capabilities, Config, Error, Leniency, List, ListOne, Listing, MessageNumber,
    Noop, Raw, ResponseCode, ServerText, Stat, Ticket, UidListing, Uidl, UidlOne,
};

fn number(n: u32) -> MessageNumber {
    MessageNumber::new(n).expect("a number")
}

fn numbers(listing: impl Iterator<Item = MessageNumber>) -> Vec<u32> {
    listing.map(MessageNumber::get).collect()
}

fn sizes(lines: &str) -> Listing {
    logged_in()
        .call(List, format!("+OK\r\n{lines}.\r\n"))
        .expect("a listing")
}

fn unique_ids(lines: &str) -> UidListing {
    logged_in()
        .call(Uidl, format!("+OK\r\n{lines}.\r\n"))
        .expect("a listing")
}

fn capabilities(lines: &str) -> Capabilities {
    logged_in()
        .call(Capa, format!("+OK\r\n{lines}.\r\n"))
        .expect("a reply")
        .expect("a list")
}

// Command lines.

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
    for line in ["stls", "AUTH PLAIN", "User x", "PASS x", "APOP x y", "QUIT"] {
        let error = Raw::short(line).expect_err("has a type of its own");
        assert!(error.to_string().contains("use the command made for it"));
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

// Listings.

#[test]
fn a_listing_is_read_in_the_servers_order() {
    let listing = sizes("3 30\r\n1 10\r\n7 70\r\n");
    assert_eq!(listing.len(), 3);
    assert!(!listing.is_empty() && !listing.is_after_dele());
    assert_eq!(numbers(listing.numbers()), [3, 1, 7]);
    assert_eq!(numbers(listing.iter().map(|entry| entry.number)), [3, 1, 7]);
    assert_eq!(listing.octets(), 110);
    let empty = sizes("");
    assert!(empty.is_empty() && empty.numbers().next().is_none());
    assert_eq!((empty.octets(), empty.get(number(1))), (0, None));
    assert_eq!(empty.by_index(10), []);
}

#[test]
fn an_entry_is_found_by_its_number_in_any_order() {
    let ascending: String = (1..500).map(|n| format!("{} {n}\r\n", n * 3)).collect();
    let descending: String = (1..500)
        .rev()
        .map(|n| format!("{} {n}\r\n", n * 3))
        .collect();
    for lines in [&ascending, &descending] {
        let listing = sizes(lines);
        for n in 1..1600 {
            let found = listing.get(number(n)).and_then(|entry| entry.octets);
            let expected = (n % 3 == 0 && n < 1500).then_some(u64::from(n / 3));
            assert_eq!(found, expected, "{n}");
        }
    }
}

#[test]
fn entries_by_index_have_none_where_a_number_is_missing() {
    let listing = sizes("2 20\r\n4 40\r\n4000000000 1\r\n");
    let slots = listing.by_index(1000);
    let octets: Vec<Option<u64>> = slots
        .into_iter()
        .map(|slot| slot.and_then(|entry| entry.octets))
        .collect();
    assert_eq!(octets, [None, Some(20), None, Some(40)]);
    assert_eq!(listing.by_index(3).len(), 2);
    assert_eq!(listing.by_index(0), []);
}

#[test]
fn sizes_that_no_machine_has_do_not_overflow_their_sum() {
    let listing = sizes("1 18446744073709551615\r\n2 5\r\n");
    assert_eq!(listing.octets(), u64::MAX);
}

#[test]
fn all_messages_with_a_unique_id_are_found() {
    let listing = unique_ids("1 a\r\n2 b\r\n5 a\r\n6 A\r\n7\r\n");
    assert_eq!(numbers(listing.find(b"a")), [1, 5]);
    assert_eq!(numbers(listing.find(b"b")), [2]);
    assert_eq!(numbers(listing.find(b"c")), [0; 0]);
    assert_eq!(numbers(listing.find(b"")), [0; 0]);
    assert_eq!(numbers(listing.numbers()), [1, 2, 5, 6, 7]);
    let entry = listing.get(number(7)).expect("listed");
    assert_eq!(entry.unique_id, None);
}

#[test]
fn a_listing_is_shared_by_its_clones_and_outlives_the_connection() {
    let mut session = logged_in();
    let listing = session
        .call(Uidl, "+OK\r\n1 a\r\n2 b\r\n.\r\n")
        .expect("a listing");
    drop(session);
    let clone = listing.clone();
    assert_eq!(clone, listing);
    let mut numbers = listing.numbers();
    drop(listing);
    assert_eq!(numbers.next(), Some(number(1)));
    let id = clone
        .get(number(2))
        .and_then(|entry| entry.unique_id)
        .expect("an id");
    let own = id.detach();
    drop((clone, id));
    assert_eq!(own.as_bytes(), b"b");
}

#[test]
fn a_listing_with_a_status_before_each_line_reads_the_same() {
    let listing = unique_ids("+OK 1 a\r\n+ok 2 b\r\n");
    assert_eq!(numbers(listing.numbers()), [1, 2]);
    assert_eq!(numbers(listing.find(b"b")), [2]);
    assert_eq!(
        listing.get(number(2)).map(|entry| entry.number),
        Some(number(2))
    );
}

#[test]
fn a_unique_id_is_no_path() {
    let listing = unique_ids("1 ../../etc/passwd\r\n2 a b\r\n3 .\r\n4 A_b-9\r\n5 a%b\r\n");
    let names: Vec<String> = listing
        .iter()
        .filter_map(|entry| entry.unique_id)
        .map(|id| id.to_file_name())
        .collect();
    assert_eq!(
        names,
        [
            "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "a%20b",
            "%2e",
            "A_b-9",
            "a%25b"
        ]
    );
    let conforming: Vec<bool> = listing
        .iter()
        .filter_map(|entry| entry.unique_id)
        .map(|id| id.is_conforming())
        .collect();
    assert_eq!(conforming, [true, false, true, true, true]);
}

#[test]
fn a_unique_id_has_at_most_512_octets() {
    let id = "x".repeat(512);
    assert_eq!(unique_ids(&format!("1 {id}\r\n")).len(), 1);
    let mut session = logged_in();
    let refused = session.call(Uidl, format!("+OK\r\n1 x{id}\r\n.\r\n"));
    assert!(matches!(refused, Err(Error::Protocol(_))), "{refused:?}");
    let refused = session.call(UidlOne(number(1)), format!("+OK 1 x{id}\r\n"));
    assert!(
        matches!(&refused, Err(error) if !error.is_fatal()),
        "{refused:?}"
    );
    assert!(session.call(Stat, "+OK 1 1\r\n").is_ok());
}

#[test]
fn under_strict_rules_a_unique_id_is_1_to_70_printable_characters() {
    let mut config = Config::default();
    config.leniency = Leniency::Strict;
    for (id, taken) in [
        ("x".repeat(70), true),
        ("x".repeat(71), false),
        ("a b".to_owned(), false),
        ("\u{e9}".to_owned(), false),
        ("!~".to_owned(), true),
        (String::new(), false),
    ] {
        let mut session = logged_in_with(config.clone());
        let read = session.call(Uidl, format!("+OK\r\n1 {id}\r\n.\r\n"));
        assert_eq!(read.is_ok(), taken, "{id}");
        let read = session.call(UidlOne(number(1)), format!("+OK 1 {id}\r\n"));
        assert_eq!(read.is_ok(), taken, "{id}");
    }
}

#[test]
fn the_size_of_one_message_is_read_as_in_a_listing() {
    let mut session = logged_in();
    for (text, octets) in [
        ("1 120", Some(120)),
        ("1 120 and more", Some(120)),
        ("1\t120", Some(120)),
        ("1 18446744073709551615", Some(u64::MAX)),
        ("1 -1", None),
        ("1 12x", None),
        ("120", Some(120)),
    ] {
        let entry = session.call(ListOne(number(1)), format!("+OK {text}\r\n"));
        let entry = entry.expect("taken by default");
        assert_eq!((entry.number, entry.octets), (number(1), octets), "{text}");
    }
    let refused = session.call(ListOne(number(1)), "+OK 1 18446744073709551616\r\n");
    assert!(matches!(refused, Err(error) if !error.is_fatal()));
}

// Capabilities.

#[test]
fn capabilities_are_found_in_any_case_and_kept_as_they_came() {
    let list = capabilities(
        "top\r\nUIDL\r\nsasl plain LOGIN\r\nX-Foo a  b\t c \r\nRESP-CODES\r\nAuth-Resp-Code\r\n\
         STLS\r\nPIPELINING\r\nUSER\r\nIMPLEMENTATION Shlemazle-Plotz-v302 beta\r\n",
    );
    assert!(list.top() && list.uidl() && list.stls() && list.pipelining() && list.user());
    assert!(list.response_codes() && list.auth_response_code());
    assert!(list.has("Top") && list.has("x-foo") && !list.has("TO") && !list.has("LANG"));
    assert_eq!(list.get("X-FOO"), Some(vec![&b"a"[..], b"b", b"c"]));
    assert_eq!(list.sasl(), Some(vec![&b"plain"[..], b"LOGIN"]));
    let implementation = list.implementation().expect("listed");
    assert_eq!(implementation.as_bytes(), b"Shlemazle-Plotz-v302 beta");
    assert_eq!(list.lines().count(), 10);
    assert_eq!(list.lines().next(), Some(&b"top"[..]));
}

#[test]
fn several_sasl_lines_count_together_and_of_others_the_first() {
    let list = capabilities(
        "SASL PLAIN\r\nSASL SCRAM-SHA-256\r\nLOGIN-DELAY 300\r\nLOGIN-DELAY 5 USER\r\n\
         EXPIRE 60 USER\r\nEXPIRE NEVER\r\nCAPA\r\n\r\n",
    );
    assert_eq!(list.sasl(), Some(vec![&b"PLAIN"[..], b"SCRAM-SHA-256"]));
    let delay = list.login_delay().expect("listed");
    assert_eq!((delay.seconds, delay.per_user), (300, false));
    let expire = list.expire().expect("listed");
    assert_eq!((expire.days, expire.per_user), (Some(60), true));
    assert_eq!(list.lines().count(), 7, "the blank line is none");
}

#[test]
fn sasl_alone_lists_no_mechanism_and_a_sign_of_equality_is_borne() {
    assert_eq!(capabilities("SASL\r\n").sasl(), Some(vec![]));
    assert_eq!(capabilities("UIDL\r\n").sasl(), None);
    let odd = "SASL=PLAIN LOGIN\r\n";
    assert_eq!(
        capabilities(odd).sasl(),
        Some(vec![&b"PLAIN"[..], b"LOGIN"])
    );
    let mut config = Config::default();
    config.leniency = Leniency::Strict;
    let mut session = logged_in_with(config);
    let strict = session.call(Capa, format!("+OK\r\n{odd}.\r\n"));
    assert_eq!(strict.expect("a reply").expect("a list").sasl(), None);
}

#[test]
fn expiry_is_in_days_or_never() {
    let expire = |line: &str| {
        let expire = capabilities(&format!("{line}\r\n")).expire();
        expire.map(|expire| (expire.days, expire.per_user))
    };
    assert_eq!(expire("EXPIRE 0"), Some((Some(0), false)));
    assert_eq!(expire("EXPIRE NEVER"), Some((None, false)));
    assert_eq!(expire("expire never user"), Some((None, true)));
    assert_eq!(expire("EXPIRE 31 USER"), Some((Some(31), true)));
    assert_eq!(expire("EXPIRE"), None);
    assert_eq!(expire("EXPIRE soon"), None);
    assert_eq!(expire("EXPIRE 99999999999"), None);
    assert_eq!(expire("EXPIRENEVER"), None);
    assert_eq!(expire("UIDL"), None);
}

#[test]
fn a_tag_that_begins_like_another_is_another() {
    let list = capabilities("IMPLEMENTATIONS many\r\nSTLSX\r\nEXPIRENEVER\r\nSASLX PLAIN\r\n");
    assert!(!list.stls());
    assert_eq!(list.implementation(), None);
    assert_eq!(list.sasl(), None);
    assert_eq!(list.expire(), None);
}

// Codes and texts.

#[test]
fn a_code_stands_directly_behind_the_status() {
    let code = |line: &str| {
        let refused = logged_in().call(Noop, format!("-ERR{line}\r\n"));
        let refusal = refused.expect_err("refused").refusal().cloned();
        refusal.expect("a refusal").code
    };
    assert_eq!(code(" [IN-USE] busy"), Some(ResponseCode::InUse));
    assert_eq!(code(" [in-use]"), Some(ResponseCode::InUse));
    assert_eq!(code(" [LOGIN-DELAY] wait"), Some(ResponseCode::LoginDelay));
    assert_eq!(code(" [SYS/TEMP] later"), Some(ResponseCode::SysTemp));
    assert_eq!(
        code(" [SYS/TEMP/foo/bar] later"),
        Some(ResponseCode::SysTemp)
    );
    assert_eq!(code(" [sys/perm] never"), Some(ResponseCode::SysPerm));
    assert_eq!(code(" [AUTH] no"), Some(ResponseCode::Auth));
    assert_eq!(code(" [UTF8] no"), Some(ResponseCode::Utf8));
    for (line, text) in [
        (" [FOO] x", "FOO"),
        (" [SYS] x", "SYS"),
        (" [SYS/TEMPX] x", "SYS/TEMPX"),
    ] {
        let Some(ResponseCode::Other(other)) = code(line) else {
            panic!("{line}")
        };
        assert_eq!(other.as_bytes(), text.as_bytes());
    }
    for line in ["", " ", " []", " [open", " text [AUTH]", " AUTH"] {
        assert_eq!(code(line), None, "{line}");
    }
}

#[test]
fn a_code_of_a_good_reply_can_be_asked_for() {
    let status = logged_in()
        .call(Noop, "+OK [SYS/TEMP] fine\r\n")
        .expect("good");
    assert_eq!(status.code(), Some(ResponseCode::SysTemp));
    assert_eq!(status.text.as_bytes(), b"[SYS/TEMP] fine");
}

#[test]
fn a_failed_login_says_what_to_do() {
    for (line, advice) in [
        ("[AUTH] wrong", Advice::CheckCredentials),
        ("[IN-USE] busy", Advice::TryLater),
        ("[LOGIN-DELAY] wait", Advice::TryLater),
        ("[SYS/TEMP] later", Advice::TryLater),
        ("[SYS/PERM] call us", Advice::AskOperator),
        ("who knows", Advice::Unknown),
    ] {
        let mut session = trusted();
        session.server("+OK\r\n");
        session.ask("login alice secret");
        session.server("-ERR\r\n");
        session.server("+OK\r\n");
        session.server(format!("-ERR {line}\r\n"));
        let Some(pop3_proto::Event::Reply {
            result: Err(error), ..
        }) = session.events().pop()
        else {
            panic!("a refusal")
        };
        assert!(!error.is_fatal() && error.refusal().is_some());
        let Error::Auth(auth) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(auth.advice(), advice, "{line}");
        assert!(error.to_string().contains(&advice.to_string()));
    }
}

#[test]
fn an_error_names_the_command_the_message_and_the_servers_words() {
    let refused = logged_in().call(ListOne(number(7)), "-ERR no such message\r\n");
    assert_eq!(
        refused.expect_err("refused").to_string(),
        "the server refused LIST 7: no such message"
    );
    let refused = logged_in().call(Stat, "-ERR\r\n");
    assert_eq!(
        refused.expect_err("refused").to_string(),
        "the server refused STAT without a reason"
    );
}

#[test]
fn what_a_server_writes_is_shown_without_control_characters() {
    let text = "\x1b]0;pwn\x07\u{9b}31m\u{202e}abc\u{2028}\u{2066}\u{200f}\u{61c}\x7f\t\0\rd";
    let refused = logged_in().call(Noop, format!("-ERR {text}\r\n"));
    let error = refused.expect_err("refused");
    for shown in [
        error.to_string(),
        format!("{error:?}"),
        format!("{error:#?}"),
    ] {
        let shown = shown.replace('\n', "");
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        for hidden in ['\u{202e}', '\u{2028}', '\u{2066}', '\u{200f}', '\u{61c}'] {
            assert!(!shown.contains(hidden), "{shown:?}");
        }
        assert!(shown.contains("pwn") && shown.contains("abc"));
    }
    let raw = error.refusal().expect("a refusal").text.as_bytes();
    assert_eq!(raw, text.as_bytes(), "it can be had as it came");
}

#[test]
fn what_is_no_utf_8_is_shown_in_hex_and_long_texts_are_cut() {
    let mut session = logged_in();
    let text: ServerText = session
        .call(Noop, b"+OK caf\xe9 \xc3\xa9\r\n")
        .expect("good")
        .text;
    assert_eq!(text.to_string(), "caf\\xe9 é");
    let long = session
        .call(Noop, format!("+OK {}\r\n", "x".repeat(5000)))
        .expect("good");
    assert_eq!(long.text.as_bytes().len(), 5000);
    assert_eq!(long.text.to_string(), format!("{}…", "x".repeat(512)));
    assert!(!long.text.is_empty());
}

#[test]
fn every_value_that_a_server_names_is_shown_escaped() {
    let mut session = logged_in();
    let listing = session
        .call(Uidl, b"+OK\r\n1 \xe2\x80\xae\xff\r\n.\r\n")
        .expect("a listing");
    let id = listing
        .get(number(1))
        .and_then(|entry| entry.unique_id)
        .expect("an id");
    assert_eq!(id.to_string(), "\\u{202e}\\xff");
    assert_eq!(format!("{id:?}"), "UniqueId(\"\\u{202e}\\xff\")");
    let list = session
        .call(Capa, b"+OK\r\nIMPLEMENTATION \x1b[31m\r\n.\r\n")
        .expect("a reply")
        .expect("a list");
    assert_eq!(
        list.implementation().expect("listed").to_string(),
        "\\u{1b}[31m"
    );
    session.server(b"+OK \x1b[2J\r\n");
    let error = session.connection.error().expect("unsolicited");
    assert!(!error.to_string().chars().any(char::is_control));
}
