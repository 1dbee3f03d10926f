//! Tests of a server that closes idle sessions, with a real clock. The embedded server has a limit of
//! two seconds, because a client sends keep-alives at most once a second.

use std::time::Duration;

use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_proto::{Connector, Error, Login, error::Closed, tls::Roots};

use super::client::Client;

const LIMIT: Duration = Duration::from_secs(2);

/// How long the program does other work.
const WORK: Duration = Duration::from_millis(3300);

fn work<C: Client>(interval: Duration, then: impl Fn(C)) {
    let config = ServerConfig::new("alice", "secret").idle_limit(LIMIT);
    let server = EmbeddedServer::start(config, std::iter::empty::<(&str, &str)>().collect());
    let server = server.expect("a server");
    let mut connector = Connector::default();
    let roots = Roots::from_pem(server.ca_pem().as_bytes()).expect("a certificate");
    connector.tls.roots = Some(roots);
    connector.config.keep_alive = Some(interval);
    let mut client = C::connect_with(&server.implicit_tls(), &connector).expect("a session");
    let login = Login::new("alice", "secret").expect("a login");
    client.login(login).expect("the account");
    client.work(WORK, interval);
    then(client);
}

pub fn keep_alive_prevents_the_idle_close<C: Client>() {
    work::<C>(Duration::from_secs(1), |mut client| {
        assert_eq!(client.stat().expect("an open session").messages, 0);
        assert!(client.quit().expect("an open session").is_committed());
    });
}

pub fn idle_close_during_other_work_is_reported_later<C: Client>() {
    work::<C>(Duration::from_secs(60), |mut client| {
        let closed = client.stat().expect_err("a closed session");
        assert!(
            matches!(&closed, Error::Closed(why) if matches!(**why, Closed::Idle { .. })),
            "{closed:?}"
        );
    });
}
