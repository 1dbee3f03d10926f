//! The text of every error, in one file that is reviewed like a snapshot: `errors.txt`.
//!
//! `POP3_UPDATE_ERRORS=1 cargo test -p pop3-proto --test protocol errors` writes it anew.

mod caller;
mod end;
mod login;
mod server;

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};

use pop3_proto::command::ListOne;
use pop3_proto::error::{
    Advice, AuthError, Closed, LimitError, Limited, Misuse, ProtocolError, Refusal, SecurityError,
    Timeout, TlsError, TlsErrorKind, TransportError, TransportErrorKind, Unconfirmed,
};
use pop3_proto::login::Rejection;
use pop3_proto::reply::{ErrReply, ServerText};
use pop3_proto::{Error, MessageNumber};
use pop3_testkit::conversation::logged_in;

const COMMITTED: &str = include_str!("../errors.txt");

/// The sources of the enums whose variants are errors or parts of errors.
const ENUMS: [(&str, &str); 18] = [
    ("Error", include_str!("../../../src/error/mod.rs")),
    ("AuthError", include_str!("../../../src/error/auth.rs")),
    ("Advice", include_str!("../../../src/error/advice.rs")),
    ("Unconfirmed", include_str!("../../../src/error/confirm.rs")),
    ("Timeout", include_str!("../../../src/error/end.rs")),
    ("Closed", include_str!("../../../src/error/end.rs")),
    (
        "TransportErrorKind",
        include_str!("../../../src/error/end.rs"),
    ),
    ("TlsErrorKind", include_str!("../../../src/error/end.rs")),
    ("Stage", include_str!("../../../src/error/stage.rs")),
    (
        "ProtocolError",
        include_str!("../../../src/error/server.rs"),
    ),
    (
        "SecurityError",
        include_str!("../../../src/error/server.rs"),
    ),
    ("Limited", include_str!("../../../src/error/server.rs")),
    ("Misuse", include_str!("../../../src/misuse.rs")),
    ("Argument", include_str!("../../../src/misuse.rs")),
    ("SaslError", include_str!("../../../src/sasl/error.rs")),
    ("Rejection", include_str!("../../../src/login_plan.rs")),
    ("Verdict", include_str!("../../../src/login_plan.rs")),
    (
        "FaultError",
        include_str!("../../../src/server/fault/error.rs"),
    ),
];

/// The variants of an enum, from its source.
fn variants(name: &str, source: &str) -> Vec<String> {
    let start = format!("pub enum {name} {{\n");
    let body = source.split_once(&start).expect("the enum").1;
    let body = body.split_once("\n}\n").expect("its end").0;
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    lines
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .filter_map(|line| line.split(|c: char| !c.is_alphanumeric()).next())
        .map(|variant| format!("{name}::{variant}"))
        .collect()
}

/// All texts: a name, which begins with the variant, and the text.
#[derive(Default)]
struct Texts(Vec<(String, String)>);

impl Texts {
    fn add(&mut self, name: &str, error: impl Display) {
        self.0.push((name.to_owned(), error.to_string()));
    }
}

fn number(n: u32) -> MessageNumber {
    MessageNumber::new(n).expect("a number")
}

/// The server's text in a refusal.
fn text(words: &str) -> ServerText {
    refusal(words).text
}

/// `-ERR` to `LIST 7`.
fn refusal(words: &str) -> Refusal {
    let reply = format!("-ERR {words}\r\n");
    let error = logged_in().call(ListOne(number(7)), reply);
    error
        .expect_err("refused")
        .refusal()
        .expect("a refusal")
        .clone()
}

fn before() -> Option<Box<Refusal>> {
    Some(Box::new(refusal("[SYS/TEMP] too many sessions")))
}

fn reply(words: &str) -> ErrReply {
    refusal(words).into()
}

/// Every variant of `Error`, which has the text of what is inside.
fn wrapped(texts: &mut Texts) {
    let limit = LimitError::new(Limited::Lines, 20);
    let reset = TransportError::new(TransportErrorKind::Reset, "Connection reset by peer");
    let tls = TlsError::new(TlsErrorKind::Other, "the cause");
    for (name, error) in [
        ("Refused", refusal("no such message").into()),
        ("Refused", refusal("").into()),
        (
            "Auth",
            AuthError::NoSafeLogin(login::planned(Rejection::NoSasl)).into(),
        ),
        ("Misuse", Misuse::TlsActive.into()),
        ("Protocol", ProtocolError::TlsRecord.into()),
        ("Security", SecurityError::UnexpectedSuccess.into()),
        ("Unconfirmed", Unconfirmed::NoListing.into()),
        ("Limit", limit.into()),
        ("Timeout", Timeout::Send.into()),
        ("Closed", Closed::Finished.into()),
        ("Transport", reset.into()),
        ("Tls", tls.into()),
        ("CallbackPanicked", Error::CallbackPanicked),
    ] {
        texts.add(&format!("Error::{name}"), error);
    }
    for advice in [
        Advice::CheckCredentials,
        Advice::FreshToken,
        Advice::SignIn,
        Advice::TryLater,
        Advice::Reconnect,
        Advice::CheckServer,
        Advice::ChangePolicy,
        Advice::NameAnother,
        Advice::AskOperator,
        Advice::Unknown,
    ] {
        texts.add(&format!("Advice::{advice:?}"), advice);
    }
}

fn all() -> Texts {
    let mut texts = Texts::default();
    for add in [
        wrapped,
        login::logins,
        login::plans,
        end::session_ends,
        end::transport,
        server::server_faults,
        caller::caller_faults,
    ] {
        add(&mut texts);
    }
    texts
}

#[test]
fn every_variant_is_rendered() {
    let texts = all();
    let rendered: BTreeSet<_> = texts
        .0
        .iter()
        .map(|(name, _)| name.split(',').next().expect("a name"))
        .collect();
    let mut count = 0;
    for (name, source) in ENUMS {
        for variant in variants(name, source) {
            assert!(rendered.contains(&*variant), "add {variant} to these files");
            count += 1;
        }
    }
    assert!(count > 120, "{count}");
}

#[test]
fn error_texts_are_as_committed() {
    let mut rendered = String::new();
    let texts = all().0;
    let mut written = BTreeSet::new();
    for (name, _) in &texts {
        if !written.insert(name) {
            continue;
        }
        let _ = writeln!(rendered, "{name}");
        for (_, text) in texts.iter().filter(|(other, _)| other == name) {
            let _ = writeln!(rendered, "  {text}");
        }
        rendered.push('\n');
    }
    if std::env::var_os("POP3_UPDATE_ERRORS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/protocol/errors.txt");
        std::fs::write(path, &rendered).expect("write errors.txt");
        return;
    }
    let (old, new): (Vec<_>, Vec<_>) = (COMMITTED.lines().collect(), rendered.lines().collect());
    let removed = old.iter().filter(|line| !new.contains(line));
    let removed = removed.map(|line| format!("-{line}\n"));
    let added = new.iter().filter(|line| !old.contains(line));
    let added = added.map(|line| format!("+{line}\n"));
    let diff: String = removed.chain(added).collect();
    assert!(
        COMMITTED == rendered,
        "error texts differ from errors.txt:\n{diff}\
         review them, then set POP3_UPDATE_ERRORS=1 and run this test again"
    );
}

#[test]
fn error_texts_follow_the_rules() {
    for (name, text) in all().0 {
        let first = text.chars().next().expect("a text");
        let word = text.split(' ').next().expect("a word");
        // A capital only for a name, such as `TLS`, `USER` or `SASLprep`, or a text of the system.
        let is_name = word.chars().filter(|c| c.is_ascii_uppercase()).count() > 1;
        let of_the_system = word == "Connection";
        assert!(
            first.is_lowercase() || is_name || of_the_system,
            "{name}: {text}"
        );
        assert!(!text.ends_with('.'), "{name}: {text}");
        assert!(!text.contains(char::is_control), "{name}: {text}");
    }
}
