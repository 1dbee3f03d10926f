//! The spans and events of the feature `tracing`.

mod order;

use pop3_proto::observe::Tracing;
use pop3_proto::{Channel, Config, Connection, config::Pipelining};
use pop3_testkit::conversation::Conversation;
use pop3_testkit::spans::Spans;

/// Starts a connection that is traced, and runs a session.
fn traced(channel: Channel, run: impl FnOnce(&mut Conversation)) -> Spans {
    let spans = Spans::default();
    let _guard = spans.collect();
    let mut config = Config::default();
    config.pipelining = Pipelining::Always;
    config.allow_insecure_login = true;
    let mut session = Conversation::new(config, channel);
    let tracing = Tracing::new("mail.example.org", 110);
    session.connection.set_observer(Box::new(tracing));
    run(&mut session);
    spans
}

#[test]
fn session_is_traced_as_a_tree() {
    let spans = traced(Channel::TrustedByCaller, |session| {
        session.server("+OK ready\r\n");
        session.ask("login alice secret only=PLAIN");
        session.server("+OK\r\nSASL PLAIN\r\n.\r\n");
        session.server("+OK welcome\r\n");
        session.server("+OK\r\nUIDL\r\n.\r\n");
        session.ask("retr 1");
        session.ask("retr 2");
        session.server("+OK\r\nSubject: x\r\n\r\n..dot\r\n.\r\n-ERR no such message\r\n");
        session.exchange("quit", "+OK\r\n");
    });
    let expected = "\
connection server.address=\"mail.example.org\" server.port=110 network.protocol.name=\"pop3\"
  < +OK ready
  * closed
  login
    command pop3.verb=\"CAPA\" pop3.status=\"+OK\" pop3.octets=17
      > CAPA
      < +OK
      < SASL PLAIN
    command pop3.verb=\"AUTH\" pop3.status=\"+OK\" pop3.octets=13
      > AUTH PLAIN <redacted>
      < +OK welcome
  command pop3.verb=\"CAPA\" pop3.status=\"+OK\" pop3.octets=11
    > CAPA
    < +OK
    < UIDL
  command pop3.verb=\"RETR\" pop3.message.number=1 pop3.status=\"+OK\" pop3.octets=25
    > RETR 1
    < +OK
    message pop3.message.number=1 pop3.octets=20 pop3.lines=3
      < [3 lines, 20 octets]
  command pop3.verb=\"RETR\" pop3.message.number=2 pop3.status=\"-ERR\" pop3.octets=22 \
error=the server refused RETR 2: no such message error.type=\"refused\"
    > RETR 2
    < -ERR no such message
    * RETR 2 answered: the server refused RETR 2: no such message
  command pop3.verb=\"QUIT\" pop3.status=\"+OK\" pop3.octets=5
    > QUIT
    < +OK
";
    assert_eq!(spans.tree(), expected);
    assert_eq!(spans.open(), [""; 0]);
}

#[test]
fn refused_login_is_traced_with_its_reason() {
    let spans = traced(Channel::TrustedByCaller, |session| {
        session.server("+OK ready\r\n");
        session.ask("login alice secret only=CRAM-MD5");
        session.server("+OK\r\nSASL CRAM-MD5\r\n.\r\n");
        session.server("+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+\r\n");
        session.server("-ERR [AUTH] wrong\r\n");
    });
    let tree = spans.tree();
    let login = tree.lines().find(|line| line.contains("login")).unwrap();
    let reason = "  login error=login with CRAM-MD5 failed: the server refused";
    assert!(login.starts_with(reason), "{tree}");
    let exchange = "\
    command pop3.verb=\"AUTH\" pop3.status=\"-ERR\" pop3.octets=59 error=";
    assert!(tree.contains(exchange), "{tree}");
    let lines = "\
      > AUTH CRAM-MD5
      < + <redacted>
      > <redacted>
      < -ERR [AUTH] wrong
";
    assert!(tree.contains(lines), "{tree}");
    assert_eq!(spans.open(), [""; 0], "{tree}");
}

#[test]
fn tls_is_traced_on_the_connection() {
    let spans = traced(Channel::Plain, |session| {
        session.server("+OK ready\r\n");
        session.ask("stls");
        session.server("+OK\r\nSTLS\r\n.\r\n");
        session.server("+OK\r\n");
        session.connection.tls_established(info(), session.now);
    });
    let tree = spans.tree();
    let first = tree.lines().next().unwrap();
    let fields =
        " tls.protocol.version=\"1.3\" tls.cipher=\"TLS13_AES_128_GCM_SHA256\" tls.resumed=true";
    assert!(first.ends_with(fields), "{tree}");
    let events = "  * TLS handshake begins\n  * TLS 1.3, TLS13_AES_128_GCM_SHA256, resumed\n";
    assert!(tree.contains(events), "{tree}");
}

fn info() -> pop3_proto::tls::TlsInfo {
    let mut info = pop3_proto::tls::TlsInfo::default();
    info.protocol = Some("TLSv1_3".to_owned());
    info.cipher_suite = Some("TLS13_AES_128_GCM_SHA256".to_owned());
    info.handshake = Some(pop3_proto::tls::Handshake::Resumed);
    info
}

#[test]
fn lost_connection_fails_every_open_span() {
    let spans = traced(Channel::TrustedByCaller, |session| {
        session.server("+OK ready\r\n");
        session.ask("user alice");
        session.ask("pass secret");
        session.server("+OK\r\n");
        session.server("+OK\r\n");
        session.ask("retr 1");
        session.ask("retr 2");
        session.server("+OK\r\nabc\r\n");
        session.eof();
    });
    let tree = spans.tree();
    assert_eq!(spans.open(), [""; 0], "{tree}");
    let failed = tree.lines().filter(|line| line.contains(" error="));
    let names: Vec<&str> = failed
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(
        names,
        ["connection", "command", "message", "command"],
        "{tree}"
    );
}

#[test]
fn span_of_the_application_is_the_parent() {
    let spans = Spans::default();
    let _guard = spans.collect();
    let run = tracing::info_span!("run", connection = tracing::field::Empty);
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    session
        .connection
        .set_observer(Box::new(Tracing::in_span(run)));
    session.server("+OK ready\r\n");
    drop::<Connection>(session.connection);
    assert_eq!(spans.tree(), "run\n  < +OK ready\n");
    assert_eq!(spans.open(), [""; 0]);
}

#[test]
fn control_characters_in_traces_are_escaped() {
    let spans = traced(Channel::TrustedByCaller, |session| {
        session.server("+OK \x1b[2J\r> forged\r\n");
        session.ask("user alice");
        session.server("-ERR \x07no\r< forged\r\n");
    });
    let tree = spans.tree();
    assert!(
        !tree.replace('\n', "").contains(char::is_control),
        "{tree:?}"
    );
    assert!(
        !tree
            .lines()
            .any(|line| line.trim_start().starts_with("> forged"))
    );
}
