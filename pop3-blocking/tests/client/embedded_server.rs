//! The embedded server.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use pop3_blocking::proto::{Channel, Connection};
use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_blocking::{
    Config, Error, Secret,
    command::Apop,
    connect_with,
    login::{LoginPolicy, Method},
    start,
};

use super::support::{alice, client_of, embedded, message, number, trusting};

fn dial(port: u16) -> TcpStream {
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    socket
}

/// Drops the server, and asserts that this returns immediately.
fn drop_promptly(server: EmbeddedServer) {
    let start = Instant::now();
    drop(server);
    let taken = start.elapsed();
    assert!(taken < Duration::from_secs(2), "it took {taken:?}");
}

#[test]
fn server_urls_name_the_loopback_interface() {
    let server = embedded(0);
    let (plain, tls) = (server.plain(), server.implicit_tls());
    assert_eq!(
        plain.to_string(),
        format!("pop3://localhost:{}", plain.port())
    );
    assert_eq!(tls.to_string(), format!("pop3s://localhost:{}", tls.port()));
    assert_ne!(plain.port(), tls.port());
    assert!(server.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(!server.ca_pem().contains("PRIVATE"));
}

#[test]
fn drop_closes_all_sessions() {
    let server = embedded(2);
    let ports = [server.plain().port(), server.implicit_tls().port()];
    let mut idle = client_of(&server);
    let mut greeted = dial(ports[0]);
    greeted.read_exact(&mut [0; 3]).unwrap();
    let silent = dial(ports[1]);
    drop_promptly(server);
    assert!(idle.noop().is_err());
    for port in ports {
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
    drop(silent);
}

#[test]
fn drop_does_not_wait_for_a_blocked_client() {
    let server = embedded(2);
    let mut client = dial(server.plain().port());
    client.write_all(b"USER alice\r\nPASS secret\r\n").unwrap();
    // The replies fill all buffers between server and client.
    client
        .set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let list = b"UIDL\r\n".repeat(10_000);
    while client.write_all(&list).is_ok() {}
    drop_promptly(server);
}

#[test]
fn drop_without_clients_returns_immediately() {
    for _ in 0..20 {
        drop_promptly(embedded(0));
    }
}

#[test]
fn concurrent_sessions_have_their_own_snapshots() {
    let server = embedded(20);
    let (mut one, mut other) = (client_of(&server), client_of(&server));
    one.dele(number(1)).unwrap();
    assert_eq!(other.stat().unwrap().messages, 20);
    other.dele(number(2)).unwrap();
    other.dele(number(1)).unwrap();
    assert!(one.quit().unwrap().is_committed());
    assert_eq!(server.maildrop().len(), 19);
    assert_eq!(
        other
            .retr_to_vec(number(1), 1000)
            .map_err(|error| error.is_fatal()),
        Err(false)
    );
    assert!(other.quit().unwrap().is_committed());
    assert_eq!(server.maildrop().len(), 18);
    let mut third = client_of(&server);
    assert_eq!(third.retr_to_vec(number(1), 1000).unwrap(), message(3));
}

#[test]
fn many_clients_are_served_concurrently() {
    let server = embedded(10);
    thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let mut client = client_of(&server);
                assert_eq!(client.list().unwrap().numbers().count(), 10);
                assert!(client.quit().unwrap().is_committed());
            });
        }
    });
}

#[test]
fn sessions_beyond_the_limit_are_closed() {
    let server = embedded(0);
    let port = server.plain().port();
    let mut clients = Vec::new();
    let greeted = |mut client: TcpStream| {
        let mut greeting = [0; 3];
        client.read_exact(&mut greeting).ok().map(|()| client)
    };
    while let Some(client) = greeted(dial(port)) {
        clients.push(client);
        assert!(clients.len() <= 64);
    }
    assert_eq!(clients.len(), 64);
    clients.truncate(10);
    // The threads of closed sessions end with a delay.
    let until = Instant::now() + Duration::from_secs(10);
    while greeted(dial(port)).is_none() {
        assert!(Instant::now() < until, "no session slot became free");
    }
}

#[test]
fn each_session_has_its_own_challenges() {
    let config = ServerConfig::new("alice", "secret")
        .apop_challenge("<1896.697170952@example.org>")
        .scram("salt", 2)
        .sasl(["CRAM-MD5", "SCRAM-SHA-256"]);
    let server = EmbeddedServer::start(config, Maildrop::new()).unwrap();
    let session = || {
        let mut client = dial(server.plain().port());
        client.write_all(b"AUTH CRAM-MD5\r\n*\r\n").unwrap();
        let scram = b"AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPW5vbmNl\r\n*\r\nQUIT\r\n";
        client.write_all(scram).unwrap();
        let mut answers = String::new();
        client.read_to_string(&mut answers).unwrap();
        let lines = answers.lines().map(str::to_owned);
        // Ignore the lines that are the same in each session.
        lines
            .filter(|line| !line.starts_with('-') && line != "+OK bye")
            .collect::<Vec<_>>()
    };
    let (one, other) = (session(), session());
    assert_eq!((one.len(), other.len()), (3, 3), "{one:?} {other:?}");
    for (one, other) in one.iter().zip(&other) {
        assert_ne!(one, other);
    }
    // There is one msg-id with the configured domain, and the digest is computed from it.
    let msg_id = one[0].rsplit(' ').next().unwrap();
    assert!(msg_id.starts_with("<1896.697170952.") && msg_id.ends_with("@example.org>"));
    for _ in 0..2 {
        let mut client = connect_with(&server.plain(), &trusting(&server)).unwrap();
        let apop = Apop::new("alice".try_into().unwrap(), Secret::new("secret").unwrap());
        client
            .login(alice().with_policy(LoginPolicy::only(Method::CramMd5)))
            .unwrap();
        drop(client);
        let mut config = Config::default();
        config.allow_insecure_login = true;
        let session = Connection::new(
            config,
            Channel::Plain,
            pop3_blocking::proto::Instant::ORIGIN,
        );
        let mut client = start(session, dial(server.plain().port())).unwrap();
        client.call(apop.unwrap()).unwrap();
    }
}

#[test]
fn garbage_does_not_affect_other_sessions() {
    let server = embedded(1);
    for port in [server.plain().port(), server.implicit_tls().port()] {
        let mut client = dial(port);
        client
            .write_all(&[0x16, 3, 1, 0xff, 0xff, 0, 13, 10])
            .unwrap();
        client.write_all(&[0xaa; 1000]).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = client.read_to_end(&mut Vec::new());
    }
    assert_eq!(client_of(&server).stat().unwrap().messages, 1);
}

#[test]
fn wrong_password_is_refused() {
    let server = embedded(1);
    let mut client = connect_with(&server.plain(), &trusting(&server)).unwrap();
    let wrong = pop3_blocking::Login::password(
        "alice".try_into().unwrap(),
        pop3_blocking::Secret::new("guess").unwrap(),
    );
    assert!(matches!(client.login(wrong), Err(Error::Auth(_))));
    client.login(alice()).unwrap();
}

#[test]
fn replies_are_complete_after_a_client_half_close() {
    let server = embedded(100);
    let mut client = dial(server.plain().port());
    client
        .write_all(b"USER alice\r\nPASS secret\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n")
        .unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answers = String::new();
    client.read_to_string(&mut answers).unwrap();
    assert!(
        answers.ends_with("+OK message 1 deleted\r\n+OK bye\r\n"),
        "{answers}"
    );
    assert_eq!(server.maildrop().len(), 99);
}
