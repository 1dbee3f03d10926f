//! Tests of any client: observers that the connector creates see every line of a session over
//! sockets, exactly once and without secrets. The embedded server says what was really sent.

use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_proto::{
    Connector, Dele, Endpoint, Login, MessageNumber, Stat, Uidl,
    config::StlsPolicy,
    login::{Credentials, LoginPolicy, Method},
    observe::{Observer, Tracing},
    tls::Roots,
};

use super::client::{Client, Enough};
use crate::needles::Needles;
use crate::observed::{Records, What};
use crate::spans::Spans;

const PASSWORD: &str = "hunter2?~?>correct~?~horse";

const METHODS: [Method; 9] = [
    Method::UserPass,
    Method::Apop,
    Method::Plain,
    Method::Login,
    Method::CramMd5,
    Method::ScramSha1,
    Method::ScramSha256,
    Method::XOAuth2,
    Method::OAuthBearer,
];

const MAIL: [&str; 2] = ["Subject: one\r\n\r\ntext\r\n", "Subject: two\r\n\r\n"];

fn server() -> EmbeddedServer {
    let config = ServerConfig::new("alice", PASSWORD)
        .allow_plaintext_login(true)
        .apop_challenge("<1896.697170952@dbc.mtview.ca.us>")
        .token(PASSWORD)
        .sasl([
            "PLAIN",
            "LOGIN",
            "CRAM-MD5",
            "SCRAM-SHA-1",
            "SCRAM-SHA-256",
            "XOAUTH2",
            "OAUTHBEARER",
        ]);
    let mail = (1..).zip(MAIL).map(|(n, mail)| (format!("uid-{n}"), mail));
    EmbeddedServer::start(config, mail.collect::<Maildrop>()).unwrap()
}

fn login(method: Method) -> Login {
    let credentials = match method {
        Method::XOAuth2 | Method::OAuthBearer => Credentials::Token {
            username: "alice".try_into().unwrap(),
            token: PASSWORD.try_into().unwrap(),
        },
        _ => Credentials::Password {
            username: "alice".try_into().unwrap(),
            password: PASSWORD.try_into().unwrap(),
        },
    };
    Login::with(credentials).with_policy(LoginPolicy::only(method))
}

/// Runs a session, and checks its records.
fn session<C: Client>(
    server: &EmbeddedServer,
    endpoint: &Endpoint,
    stls: StlsPolicy,
    method: Method,
) {
    let records = Records::default();
    let spans = Spans::default();
    let guard = spans.collect();
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
    connector.config.stls = stls;
    connector.config.allow_insecure_login = stls == StlsPolicy::Off;
    let seen = records.clone();
    connector.observe_with(move |endpoint| {
        let tracing = Tracing::new(endpoint.host(), endpoint.port());
        let both: Vec<Box<dyn Observer>> = vec![Box::new(seen.clone()), Box::new(tracing)];
        Box::new(both)
    });
    server.clear_log();

    let mut client = C::connect_with(endpoint, &connector).unwrap();
    client.login(login(method)).unwrap();
    let (stat, uids) = client.batch((Stat, Uidl)).unwrap();
    assert_eq!((stat.messages, uids.len()), (2, 2));
    client.retrieve(uids.numbers(), &mut |message| {
        message.unwrap().rest().unwrap();
        Enough::NotYet
    });
    let missing = MessageNumber::new(99).unwrap();
    client.call(Dele(missing)).unwrap_err();
    assert!(client.quit_keeping().unwrap().is_committed());
    let statistics = client.connection().statistics();
    drop(guard);

    let all = records.all();
    let what = format!("{endpoint}, {method:?}: {:#?}", records.shown());
    let sent: Vec<&str> = all
        .iter()
        .filter_map(|seen| match &seen.what {
            // The server redacts empty responses, too.
            What::Sent { line, .. } if line.is_empty() => Some("<redacted>"),
            What::Sent { line, .. } => Some(line.as_str()),
            _ => None,
        })
        .collect();
    let commands = server.commands();
    assert_eq!(sent, commands, "{what}");
    let octets = all.iter().map(|seen| match &seen.what {
        What::Sent { octets, .. } => (*octets, 0),
        What::Received { octets, .. } => (0, *octets),
        // None of these messages and listings has a dot to stuff.
        What::MultiLine { octets, .. } => (0, *octets as usize + ".\r\n".len()),
        What::Answered | What::Other => (0, 0),
    });
    let sum = octets.fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
    let capa = sent.iter().filter(|line| **line == "CAPA").count();
    assert_eq!(statistics.sent, sum.0 as u64, "{what}");
    assert_eq!(
        statistics.received,
        (sum.1 + capa * ".\r\n".len()) as u64,
        "{what}"
    );
    assert_eq!(statistics.commands, commands.len() as u64, "{what}");
    assert_eq!(statistics.messages, 2, "{what}");
    let mail: usize = MAIL.iter().map(|mail| mail.len()).sum();
    assert_eq!(statistics.body_octets, mail as u64, "{what}");
    assert_eq!(all.last().unwrap().shown, "* closed", "{what}");
    let is_encrypted = client.connection().tls().is_some();
    assert_eq!(statistics.tls_handshake.is_some(), is_encrypted);
    assert_eq!(statistics.wire_sent > statistics.sent, is_encrypted);

    let mut needles = Needles::default();
    needles.secret("password", PASSWORD.as_bytes());
    let log = format!("{all:?}{}", spans.tree());
    assert_eq!(needles.found_in(&log), [""; 0], "{what}");
    let tree = spans.tree();
    let spans = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let spans: Vec<&str> = spans.collect();
    for name in ["connection", "login", "command", "message"] {
        assert!(spans.contains(&name), "no span {name}: {tree}");
    }
    assert!(tree.contains("> RETR 1"), "{tree}");
}

pub fn observer_sees_each_line_and_no_secret<C: Client>() {
    let server = server();
    for method in METHODS {
        let (plain, tls) = (server.plain(), server.implicit_tls());
        session::<C>(&server, &plain, StlsPolicy::Off, method);
        // After STLS, the challenge of the greeting must not be used.
        if method != Method::Apop {
            session::<C>(&server, &plain, StlsPolicy::Required, method);
        }
        session::<C>(&server, &tls, StlsPolicy::Required, method);
    }
}

pub fn connector_creates_one_observer_per_connection<C: Client>() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let server = server();
    let created = Arc::new(AtomicUsize::new(0));
    let mut connector = Connector::default();
    connector.config.allow_insecure_login = true;
    connector.config.stls = StlsPolicy::Off;
    let counter = Arc::clone(&created);
    let port = server.plain().port();
    connector.observe_with(move |endpoint| {
        assert_eq!(endpoint.port(), port);
        counter.fetch_add(1, Ordering::Relaxed);
        Box::new(Records::default())
    });
    for count in 1..=3 {
        let mut client = C::connect_with(&server.plain(), &connector).unwrap();
        assert_eq!(created.load(Ordering::Relaxed), count);
        let _ = client.quit().unwrap();
    }
}
