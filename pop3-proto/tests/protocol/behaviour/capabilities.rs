//! The capabilities that a server advertises.

use pop3_proto::{
    Capabilities, Config,
    command::{Capa, Raw},
    config::Leniency,
};
use pop3_testkit::conversation::{logged_in, logged_in_with};

fn capabilities(lines: &str) -> Capabilities {
    logged_in()
        .call(Capa, format!("+OK\r\n{lines}.\r\n"))
        .expect("a reply")
        .expect("a list")
}

fn strict() -> Config {
    let mut config = Config::default();
    config.leniency = Leniency::Strict;
    config
}

#[test]
fn capabilities_match_in_any_case() {
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
    let after_blanks = capabilities(" \tIMPLEMENTATION\tx \r\n");
    assert!(after_blanks.has("IMPLEMENTATION"));
    let implementation = after_blanks.implementation().expect("listed");
    assert_eq!(implementation.as_bytes(), b"x");
    assert_eq!(list.lines().count(), 10);
    assert_eq!(list.lines().next(), Some(&b"top"[..]));
}

#[test]
fn sasl_lines_are_merged_and_other_duplicates_ignored() {
    let list = capabilities(
        "SASL PLAIN\r\nSASL SCRAM-SHA-256\r\nLOGIN-DELAY 300\r\nLOGIN-DELAY 5 USER\r\n\
         EXPIRE 60 USER\r\nEXPIRE NEVER\r\nCAPA\r\n\r\n",
    );
    assert_eq!(list.sasl(), Some(vec![&b"PLAIN"[..], b"SCRAM-SHA-256"]));
    let delay = list.login_delay().expect("listed");
    assert_eq!((delay.seconds, delay.per_user), (300, false));
    let expire = list.expire().expect("listed");
    assert_eq!((expire.days, expire.per_user), (Some(60), true));
    assert_eq!(list.lines().count(), 7, "a blank line is not a capability");
}

#[test]
fn blank_lines_are_not_capabilities() {
    let list = capabilities("\r\n \r\nUIDL\r\n\t \t\r\n TOP \r\n\n\r\n");
    assert!(list.lines().eq([&b"UIDL"[..], b" TOP "]));
    assert!(
        list.iter()
            .map(|capability| capability.tag())
            .eq([&b"UIDL"[..], b"TOP"])
    );
    let blank = capabilities(" \r\n\t\r\n");
    assert_eq!(blank.lines().count() + blank.iter().count(), 0);
}

#[test]
fn iter_returns_each_capability_with_parameters() {
    let list = capabilities(
        "top\r\n \r\nSASL PLAIN\tLOGIN \r\nSASL=XOAUTH2 =EXTERNAL\r\nX-Foo a=b  c\r\n\
         IMPLEMENTATION Shlemazle  Plotz v302 \r\n",
    );
    let reported: Vec<String> = list
        .iter()
        .map(|capability| {
            let tag = capability.tag().escape_ascii();
            let parameters: Vec<String> = capability
                .parameters()
                .map(|parameter| parameter.escape_ascii().to_string())
                .collect();
            format!("{tag}: {}", parameters.join("|"))
        })
        .collect();
    assert_eq!(
        reported,
        [
            "top: ",
            "SASL: PLAIN|LOGIN",
            "SASL: XOAUTH2|EXTERNAL",
            "X-Foo: a=b|c",
            "IMPLEMENTATION: Shlemazle|Plotz|v302",
        ]
    );
    let last = list.iter().last().expect("one");
    assert!(last.is("implementation") && !last.is("IMPLEMENT"));
    assert_eq!(last.text(), b"Shlemazle  Plotz v302");
    // Under `Leniency::Strict`, `=` has no special meaning.
    let reply = "+OK\r\nSASL=PLAIN\r\nSASL PLAIN=X\r\n.\r\n";
    let strict = logged_in_with(strict()).call(Capa, reply);
    let strict = strict.expect("a reply").expect("a list");
    let tags: Vec<&[u8]> = strict.iter().map(|capability| capability.tag()).collect();
    assert_eq!(tags, [&b"SASL=PLAIN"[..], b"SASL"]);
    assert_eq!(strict.sasl(), Some(vec![&b"PLAIN=X"[..]]));
}

#[test]
fn sasl_accepts_no_mechanisms_and_an_equals_sign() {
    assert_eq!(capabilities("SASL\r\n").sasl(), Some(vec![]));
    assert_eq!(capabilities("UIDL\r\n").sasl(), None);
    let with_equals_sign = "SASL=PLAIN LOGIN\r\n";
    assert_eq!(
        capabilities(with_equals_sign).sasl(),
        Some(vec![&b"PLAIN"[..], b"LOGIN"])
    );
    let mut session = logged_in_with(strict());
    let strict = session.call(Capa, format!("+OK\r\n{with_equals_sign}.\r\n"));
    assert_eq!(strict.expect("a reply").expect("a list").sasl(), None);
}

#[test]
fn bare_lf_splits_capability_lines_unless_strict() {
    let reply = "+OK\r\nUIDL\nSTLS\r\n.\r\n";
    let list = logged_in().call(Capa, reply);
    let list = list.expect("a reply").expect("a list");
    assert!(list.stls() && list.uidl());

    let list = logged_in_with(strict()).call(Capa, "+OK\r\nX\r\nUIDL\nSTLS\r\n.\r\n");
    let list = list.expect("a reply").expect("a list");
    assert!(!list.stls() && !list.uidl());
    assert!(list.lines().eq([&b"X"[..], b"UIDL\nSTLS"]));

    let raw = || Raw::long("XLST").expect("one line");
    let lines = logged_in().call(raw(), reply).expect("a reply");
    assert!(lines.iter().eq([b"UIDL", b"STLS"]));
    let lines = logged_in_with(strict()).call(raw(), reply);
    assert!(lines.expect("a reply").iter().eq([b"UIDL\nSTLS"]));
}

#[test]
fn expire_is_a_day_count_or_never() {
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
fn tags_do_not_match_by_prefix() {
    let list = capabilities("IMPLEMENTATIONS many\r\nSTLSX\r\nEXPIRENEVER\r\nSASLX PLAIN\r\n");
    assert!(!list.stls());
    assert_eq!(list.implementation(), None);
    assert_eq!(list.sasl(), None);
    assert_eq!(list.expire(), None);
}
