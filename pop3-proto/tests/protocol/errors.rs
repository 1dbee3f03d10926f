//! The text of every error, in one file that is reviewed like a snapshot: `errors.txt`.
//!
//! `POP3_UPDATE_ERRORS=1 cargo test -p pop3-proto --test protocol errors` writes it anew.

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};

use pop3_proto::command::{ListOne, Verb};
use pop3_proto::error::{
    Advice, Argument, AuthError, Closed, LimitError, Limited, Misuse, ProtocolError, Refusal,
    Rejected, SecurityError, Stage, Timeout, TlsError, TlsErrorKind, TransportError,
    TransportErrorKind, Unconfirmed,
};
use pop3_proto::login::{LoginPlan, LoginPolicy, Method, PlannedMethod, Rejection, Verdict};
use pop3_proto::reply::{ErrReply, ServerText};
use pop3_proto::sasl::{OAuthError, SaslError};
use pop3_proto::{Channel, Config, Error, Event, Login, MessageNumber, Phase};
use pop3_testkit::conversation::{Conversation, logged_in};

const COMMITTED: &str = include_str!("errors.txt");

/// The sources of the enums whose variants are errors or parts of errors.
const ENUMS: [(&str, &str); 17] = [
    ("Error", include_str!("../../src/error/mod.rs")),
    ("AuthError", include_str!("../../src/error/auth.rs")),
    ("Advice", include_str!("../../src/error/advice.rs")),
    ("Unconfirmed", include_str!("../../src/error/confirm.rs")),
    ("Timeout", include_str!("../../src/error/end.rs")),
    ("Closed", include_str!("../../src/error/end.rs")),
    ("TransportErrorKind", include_str!("../../src/error/end.rs")),
    ("TlsErrorKind", include_str!("../../src/error/end.rs")),
    ("Stage", include_str!("../../src/error/stage.rs")),
    ("ProtocolError", include_str!("../../src/error/server.rs")),
    ("SecurityError", include_str!("../../src/error/server.rs")),
    ("Limited", include_str!("../../src/error/server.rs")),
    ("Misuse", include_str!("../../src/misuse.rs")),
    ("Argument", include_str!("../../src/misuse.rs")),
    ("SaslError", include_str!("../../src/sasl/error.rs")),
    ("Rejection", include_str!("../../src/login_plan.rs")),
    ("Verdict", include_str!("../../src/login_plan.rs")),
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

/// How a login ends whose `AUTH` or `PASS` gets these replies, one after the other.
fn rejected(login: Login, capabilities: &str, replies: &[&str]) -> Rejected {
    let mut client = Conversation::new(Config::default(), Channel::ImplicitTls);
    client.tls();
    client.server("+OK\r\n");
    client.connection.seed([7; 32]);
    client.connection.submit(login).expect("a login");
    client.server(format!("+OK\r\n{capabilities}\r\n.\r\n"));
    for reply in replies {
        client.server(format!("{reply}\r\n"));
    }
    let events = client.events();
    for event in events.clone() {
        if let Event::Reply {
            result: Err(Error::Auth(error)),
            ..
        } = event
            && let AuthError::Rejected(rejected) = *error
        {
            return rejected;
        }
    }
    panic!("the login is not refused: {events:?}");
}

fn only(login: Login, method: Method) -> Login {
    login.with_policy(LoginPolicy::only(method))
}

fn alice() -> Login {
    Login::new("alice", "secret").expect("a login")
}

/// What a proxy says about the token that it logs in with.
fn oauth() -> OAuthError {
    let challenge = "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJtYWlsIn0=";
    let login = only(alice(), Method::UserPass);
    let rejected = rejected(login, "USER", &["+OK", challenge, "-ERR no"]);
    rejected.oauth.expect("an error about a token")
}

/// The plan of a login with all methods for a password before `CAPA`.
fn plan() -> LoginPlan {
    let mut client = Conversation::new(Config::default(), Channel::Plain);
    client.server("+OK\r\n");
    client.connection.plan_login(&alice())
}

fn planned(rejection: Rejection) -> LoginPlan {
    let mut plan = plan();
    plan.starts_tls = false;
    plan.methods.truncate(1);
    for PlannedMethod { verdict, .. } in &mut plan.methods {
        *verdict = Verdict::Rejected(rejection.clone());
    }
    plan
}

fn logins(texts: &mut Texts) {
    let password = |method| only(alice(), method);
    let plain = |words| rejected(password(Method::Plain), "SASL PLAIN", &[words]);
    texts.add("AuthError::Rejected", plain("-ERR [AUTH] account_closed"));
    texts.add("AuthError::Rejected", plain("-ERR Authentication failed"));
    texts.add("AuthError::Rejected", plain("-ERR"));
    texts.add(
        "AuthError::Rejected",
        plain("-ERR [IN-USE] locked by another session"),
    );
    texts.add(
        "AuthError::Rejected",
        plain("-ERR [SYS/PERM] no such maildrop"),
    );
    let unknown = rejected(
        password(Method::Login),
        "SASL PLAIN",
        &["-ERR unknown mechanism"],
    );
    texts.add(
        "AuthError::Rejected, before any credentials were sent",
        unknown,
    );
    let long = Login::new("alice", "x".repeat(100)).expect("a login");
    let long = rejected(
        only(long, Method::Plain),
        "SASL PLAIN",
        &["-ERR invalid command"],
    );
    texts.add("AuthError::Rejected, after a long line", long);
    let external = only(Login::certificate(), Method::External);
    let external = rejected(external, "SASL EXTERNAL", &["-ERR [AUTH] no"]);
    texts.add("AuthError::Rejected, EXTERNAL", external);
    let external = only(Login::certificate(), Method::External);
    let external = rejected(external, "SASL EXTERNAL", &["-ERR no"]);
    texts.add("AuthError::Rejected, EXTERNAL", external);
    let anonymous = only(Login::anonymous("guest"), Method::Anonymous);
    let anonymous = rejected(anonymous, "SASL ANONYMOUS", &["-ERR [AUTH] no"]);
    texts.add("AuthError::Rejected, ANONYMOUS", anonymous);
    let bearer = || {
        only(
            Login::bearer("alice", "t0ken").expect("a login"),
            Method::OAuthBearer,
        )
    };
    let challenge = "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJtYWlsIn0=";
    let token = rejected(bearer(), "SASL OAUTHBEARER", &[challenge, "-ERR no"]);
    texts.add("AuthError::Rejected, a token", token.clone());
    let proxy = rejected(
        password(Method::UserPass),
        "USER",
        &["+OK", challenge, "-ERR no"],
    );
    texts.add("AuthError::Rejected, by a proxy with a token", proxy);
    let replies = ["+ VXNlcm5hbWU6", "+ UGFzc3dvcmQ6", "+ ", "-ERR no"];
    let empty = rejected(password(Method::Login), "SASL LOGIN", &replies);
    texts.add("AuthError::Rejected, by a proxy without a reason", empty);
    let mut scram = plain("-ERR [AUTH] no");
    scram.name = "SCRAM-SHA-256".into();
    scram.method = Method::ScramSha256;
    scram.try_instead = Some(Method::Plain);
    texts.add("AuthError::Rejected, SCRAM", scram);

    let broken_off = |reply, try_instead| AuthError::BrokenOff {
        name: "SCRAM-SHA-256".into(),
        cause: SaslError::ServerError(text("other-error")),
        reply,
        try_instead,
    };
    texts.add(
        "AuthError::BrokenOff",
        broken_off(ErrReply::default(), None),
    );
    let broken_off = broken_off(reply("cancelled"), Some(Method::Plain));
    texts.add("AuthError::BrokenOff", broken_off);
    texts.add("AuthError::NoSafeLogin", AuthError::NoSafeLogin(plan()));
    let mut refused = planned(Rejection::NoSasl);
    refused.capa_refused = before();
    texts.add("AuthError::NoSafeLogin", AuthError::NoSafeLogin(refused));
    let none = AuthError::NoSafeLogin(LoginPlan::default());
    texts.add("AuthError::NoSafeLogin", none);
    for refused in [None, Some(Box::new(AuthError::Rejected(token)))] {
        let why = "the identity provider does not answer".into();
        texts.add("AuthError::NoToken", AuthError::NoToken { why, refused });
    }
}

fn session_ends(texts: &mut Texts) {
    use Channel::{ImplicitTls, Plain};
    let (retr, seven) = (Verb::Retr, Some(number(7)));
    texts.add("Timeout::Connect", Timeout::Connect);
    for channel in [ImplicitTls, Plain] {
        texts.add("Timeout::TlsHandshake", Timeout::TlsHandshake { channel });
        texts.add("Timeout::Greeting", Timeout::Greeting { channel });
        texts.add("Closed::NoGreeting", Closed::NoGreeting { channel });
        texts.add("Stage::TlsHandshake", Stage::TlsHandshake { channel });
        texts.add("Stage::Greeting", Stage::Greeting { channel });
    }
    for (verb, number) in [(retr, seven), (Verb::Quit, None)] {
        for (first_batch, last_err) in [(false, None), (true, None), (false, before())] {
            let outstanding = 2;
            texts.add(
                "Timeout::FirstOctet",
                Timeout::FirstOctet {
                    verb,
                    number,
                    outstanding,
                    first_batch,
                    last_err: last_err.clone(),
                },
            );
            texts.add(
                "Closed::Unanswered",
                Closed::Unanswered {
                    verb,
                    number,
                    outstanding,
                    first_batch,
                    last_err: last_err.clone(),
                },
            );
        }
        texts.add("Stage::Unanswered", Stage::Unanswered { verb, number });
        texts.add("Stage::InReply", Stage::InReply { verb, number });
    }
    for (lf_dot, first_batch, last_err) in [
        (false, false, None),
        (true, false, None),
        (false, true, None),
        (false, false, before()),
    ] {
        texts.add(
            "Timeout::Stall",
            Timeout::Stall {
                verb: Some(retr),
                number: seven,
                outstanding: 2,
                first_batch,
                lf_dot,
                last_err: last_err.clone(),
            },
        );
        texts.add(
            "Closed::Truncated",
            Closed::Truncated {
                verb: retr,
                number: seven,
                outstanding: 2,
                first_batch,
                lf_dot,
                last_err,
            },
        );
    }
    texts.add(
        "Timeout::Stall, without a command",
        Timeout::Stall {
            verb: None,
            number: None,
            outstanding: 0,
            first_batch: false,
            lf_dot: false,
            last_err: None,
        },
    );
    texts.add("Timeout::Send", Timeout::Send);
    texts.add("Timeout::Total", Timeout::Total);
    texts.add("Closed::Finished", Closed::Finished);
    texts.add("Closed::Idle", Closed::Idle { last_err: None });
    texts.add("Closed::Idle", Closed::Idle { last_err: before() });
    let idle = reply("autologout; idle for too long");
    texts.add("Closed::UnsolicitedErr", Closed::UnsolicitedErr(idle));
    let empty = ErrReply::default();
    texts.add(
        "Closed::UnsolicitedErr",
        Closed::UnsolicitedErr(empty.clone()),
    );
    let busy = reply("too many connections from your address");
    texts.add("Closed::GreetingRefused", Closed::GreetingRefused(busy));
    texts.add("Closed::GreetingRefused", Closed::GreetingRefused(empty));
}

fn transport(texts: &mut Texts) {
    use std::io::{Error as IoError, ErrorKind};
    let retr = Stage::InReply {
        verb: Verb::Retr,
        number: Some(number(7)),
    };
    for (name, kind, words, stage) in [
        (
            "NameResolution",
            TransportErrorKind::NameResolution,
            "cannot resolve the host name host.invalid: Name or service not known",
            None,
        ),
        (
            "Reset",
            TransportErrorKind::Reset,
            "Connection reset by peer (os error 104)",
            Some(Stage::Greeting {
                channel: Channel::Plain,
            }),
        ),
        (
            "Reset",
            TransportErrorKind::Reset,
            "Connection reset by peer (os error 104)",
            Some(Stage::TlsHandshake {
                channel: Channel::ImplicitTls,
            }),
        ),
        (
            "Reset",
            TransportErrorKind::Reset,
            "Connection reset by peer (os error 104)",
            Some(retr),
        ),
        ("Other", TransportErrorKind::Other, "disk on fire", None),
    ] {
        let mut error = TransportError::new(kind, words);
        error.stage = stage;
        texts.add(&format!("TransportErrorKind::{name}"), error);
    }
    let refused = || IoError::from(ErrorKind::ConnectionRefused);
    let address = |text: &str| text.parse().expect("an address");
    let one = Error::unreachable(&[(address("192.0.2.1:995"), refused())]);
    texts.add("TransportErrorKind::Refused", one);
    let two = [
        (address("192.0.2.1:995"), refused()),
        (
            address("[2001:db8::1]:995"),
            IoError::from(ErrorKind::NetworkUnreachable),
        ),
    ];
    texts.add("TransportErrorKind::Unreachable", Error::unreachable(&two));
    for (name, kind) in [
        ("UnknownIssuer", TlsErrorKind::UnknownIssuer),
        ("Certificate", TlsErrorKind::Certificate),
        ("NoApplicationProtocol", TlsErrorKind::NoApplicationProtocol),
        ("NotTls", TlsErrorKind::NotTls),
        ("Incompatible", TlsErrorKind::Incompatible),
        ("NotConfigured", TlsErrorKind::NotConfigured),
        ("Other", TlsErrorKind::Other),
    ] {
        let error = TlsError::new(kind, "the cause");
        texts.add(&format!("TlsErrorKind::{name}"), error);
    }
    for (case, text) in crate::tls::texts::all() {
        texts.add(&format!("TlsError: {case}"), text);
    }
}

fn server_faults(texts: &mut Texts) {
    let (verb, got) = (Verb::Retr, text("what is this?"));
    let mechanism = "PLAIN".into();
    for (name, error) in [
        (
            "NotPop3",
            ProtocolError::NotPop3 {
                got: text("220 mail.example.org ESMTP"),
            },
        ),
        (
            "NotPop3",
            ProtocolError::NotPop3 {
                got: ServerText::default(),
            },
        ),
        ("TlsRecord", ProtocolError::TlsRecord),
        (
            "BadStatus",
            ProtocolError::BadStatus {
                verb,
                got: got.clone(),
                last_err: None,
            },
        ),
        (
            "BadStatus",
            ProtocolError::BadStatus {
                verb,
                got: got.clone(),
                last_err: before(),
            },
        ),
        (
            "Unsolicited",
            ProtocolError::Unsolicited { got: got.clone() },
        ),
        (
            "Surplus",
            ProtocolError::Surplus {
                verb,
                number: Some(number(7)),
                got: got.clone(),
            },
        ),
        (
            "BareLineFeed",
            ProtocolError::BareLineFeed {
                verb: None,
                got: got.clone(),
            },
        ),
        (
            "BareLineFeed",
            ProtocolError::BareLineFeed {
                verb: Some(verb),
                got: ServerText::default(),
            },
        ),
        (
            "NumberMismatch",
            ProtocolError::NumberMismatch {
                verb: Verb::Uidl,
                asked: number(7),
                got: text("+OK 8 x"),
            },
        ),
        (
            "Sasl",
            ProtocolError::Sasl {
                mechanism,
                cause: SaslError::NotDone,
            },
        ),
        (
            "Malformed",
            ProtocolError::Malformed {
                verb: Verb::Stat,
                what: "no number of messages",
                got,
            },
        ),
    ] {
        texts.add(&format!("ProtocolError::{name}"), error);
    }
    for (name, error) in [
        (
            "StlsUnavailable",
            SecurityError::StlsUnavailable { last_err: None },
        ),
        (
            "StlsUnavailable",
            SecurityError::StlsUnavailable { last_err: before() },
        ),
        (
            "StlsRefused",
            SecurityError::StlsRefused(reply("TLS not available")),
        ),
        ("ResponseInjection", SecurityError::ResponseInjection),
        (
            "Sasl",
            SecurityError::Sasl(SaslError::ServerNotAuthenticated),
        ),
        ("UnexpectedSuccess", SecurityError::UnexpectedSuccess),
    ] {
        texts.add(&format!("SecurityError::{name}"), error);
    }
    for (name, what, limit) in [
        ("Line", Limited::Line, 8192),
        ("Lines", Limited::Lines, 20),
        ("Octets", Limited::Octets, 65536),
        ("Challenges", Limited::Challenges, 10),
        ("ChallengeOctets", Limited::ChallengeOctets, 65536),
        ("Message", Limited::Message, 1000),
    ] {
        texts.add(&format!("Limited::{name}"), LimitError::new(what, limit));
    }
    let (verb, seven) = (Verb::Uidl, number(7));
    let cause = Closed::Idle { last_err: None }.into();
    for (name, error) in [
        ("NoListing", Unconfirmed::NoListing),
        ("NothingToAsk", Unconfirmed::NothingToAsk),
        ("Unsupported", Unconfirmed::Unsupported(None)),
        (
            "Unsupported",
            Unconfirmed::Unsupported(Some(refusal("unknown command"))),
        ),
        (
            "WrongAnswer",
            Unconfirmed::WrongAnswer {
                verb,
                number: seven,
                got: text("+OK 8 x"),
            },
        ),
        (
            "ReplyInMessage",
            Unconfirmed::ReplyInMessage { number: seven },
        ),
        ("CutShort", Unconfirmed::CutShort(cause)),
    ] {
        texts.add(&format!("Unconfirmed::{name}"), error);
    }
    for (name, error) in [
        ("BadChallenge", SaslError::BadChallenge("it is not base64")),
        ("NothingLeft", SaslError::NothingLeft),
        (
            "ExtraChallenge",
            SaslError::ExtraChallenge(Box::new(oauth())),
        ),
        ("NotDone", SaslError::NotDone),
        (
            "Scram",
            SaslError::Scram("its nonce does not extend the client's"),
        ),
        (
            "ScramIterations",
            SaslError::ScramIterations {
                asked: Some(10),
                least: 4096,
                most: 1_000_000,
            },
        ),
        (
            "ScramIterations",
            SaslError::ScramIterations {
                asked: None,
                least: 4096,
                most: 1_000_000,
            },
        ),
        ("ServerNotAuthenticated", SaslError::ServerNotAuthenticated),
        ("ServerError", SaslError::ServerError(text("other-error"))),
        ("Other", SaslError::Other("the ticket has expired".into())),
    ] {
        texts.add(&format!("SaslError::{name}"), error);
    }
}

fn caller_faults(texts: &mut Texts) {
    let verb = Verb::Stat;
    for phase in [
        Phase::Greeting,
        Phase::Authorization,
        Phase::Transaction,
        Phase::Closed,
    ] {
        texts.add("Misuse::Phase", Misuse::Phase { verb, phase });
    }
    for (name, error) in [
        ("TlsActive", Misuse::TlsActive),
        ("UserFirst", Misuse::UserFirst),
        (
            "TooLong",
            Misuse::TooLong {
                verb: Verb::Pass,
                octets: 300,
                limit: 255,
            },
        ),
        ("NoSeed", Misuse::NoSeed),
        ("Argument", Misuse::Argument(Argument::EmptyUsername)),
        ("TicketSpent", Misuse::TicketSpent),
        ("NoTokenWanted", Misuse::NoTokenWanted),
        ("TokenOnRequest", Misuse::TokenOnRequest),
    ] {
        texts.add(&format!("Misuse::{name}"), error);
    }
    for argument in [
        Argument::ZeroMessageNumber,
        Argument::EmptyUsername,
        Argument::ControlInUsername,
        Argument::SpaceInUsername,
        Argument::EmptySecret,
        Argument::ControlInSecret,
        Argument::UnpreparedUsername,
        Argument::UnpreparedPassword,
        Argument::Nonce,
        Argument::Token,
        Argument::Host,
        Argument::Trace,
        Argument::NotAscii,
        Argument::Method,
        Argument::Mechanism,
        Argument::ControlInCommand,
        Argument::Keyword,
        Argument::Reserved,
    ] {
        texts.add(&format!("Argument::{argument:?}"), argument);
    }
    for url in [
        "imaps://joe@mx",
        "joe@mx",
        "pop3s://",
        "pop3s://joe@m\u{fc}ller.example",
        "pop3s://joe@mx/INBOX",
        "pop3s://joe:secret@mx",
        "pop3s://joe%FF@mx",
        "pop3s://joe@mx:0",
        "pop3s://joe;AUTH=NTLM@mx",
        "pop3s://joe;FROM=here@mx",
    ] {
        let error = url.parse::<pop3_proto::Endpoint>().expect_err(url);
        texts.add("Argument::Url", error);
    }
}

fn plans(texts: &mut Texts) {
    for rejection in [
        Rejection::Cleartext,
        Rejection::NotListed,
        Rejection::NoSasl,
        Rejection::NotKnownYet,
        Rejection::NoStls,
        Rejection::BindingListed,
        Rejection::NoBinding,
        Rejection::NoChallenge,
        Rejection::ChallengeInClear,
        Rejection::OtherCredentials,
        Rejection::NoAuthzid,
        Rejection::Argument(Argument::UnpreparedPassword),
        Rejection::TooLong {
            octets: 300,
            limit: 255,
        },
        Rejection::NotBuilt { feature: "scram" },
        Rejection::Refused,
    ] {
        let name = format!("{rejection:?}");
        let name = name
            .split(|c: char| !c.is_alphanumeric())
            .next()
            .expect("a name");
        texts.add(&format!("Rejection::{name}"), planned(rejection));
    }
    texts.add("Verdict::Chosen", Verdict::Chosen);
    texts.add("Verdict::Spare", Verdict::Spare);
    texts.add("Verdict::Rejected", Verdict::Rejected(Rejection::Refused));
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
            AuthError::NoSafeLogin(planned(Rejection::NoSasl)).into(),
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
        logins,
        plans,
        session_ends,
        transport,
        server_faults,
        caller_faults,
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
            assert!(rendered.contains(&*variant), "add {variant} to this file");
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
