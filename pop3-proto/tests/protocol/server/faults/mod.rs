//! Faults on request: each fault changes exactly what it says, and the rest of the session is that of
//! a correct server.

mod deviations;
mod ends;
mod octets;
mod refusals;
mod rules;
mod times;

use pop3_proto::server::{Fault, FaultError, Maildrop, Server, ServerConfig};

const LOGIN: &str = "USER alice\r\nPASS secret\r\n";

/// The replies to [`LOGIN`], after the greeting.
const LOGGED_IN: &str = "+OK\r\n+OK 2 messages (22 octets)\r\n";

const GREETING: &str = "+OK ready\r\n";

fn config() -> ServerConfig {
    ServerConfig::new("alice", "secret").greeting("ready")
}

fn mail() -> Maildrop {
    Maildrop::from_iter([("uid-1", ".one\r\n.\r\nend\r\n"), ("uid-2", "two\r\nb\r\n")])
}

/// Returns a server with these faults.
fn with(faults: impl IntoIterator<Item = Result<Fault, FaultError>>) -> Server {
    let config = faults.into_iter().fold(config(), |config, fault| {
        config.fault(fault.expect("a rule"))
    });
    Server::new(config, mail())
}

/// Returns a server with these faults, whose client has logged in.
fn logged_in(faults: impl IntoIterator<Item = Result<Fault, FaultError>>) -> Server {
    let mut server = with(faults);
    assert_eq!(says(&mut server, LOGIN), [GREETING, LOGGED_IN].concat());
    server
}

/// Returns what the server sends after these octets.
fn says(server: &mut Server, octets: &str) -> String {
    String::from_utf8(server.exchange(octets.as_bytes())).expect("UTF-8")
}
