//! AUTH on the server side (RFC 5034) through the public API: lines in, lines out.

mod bearer;
mod clients;
mod exchange;
mod log;
mod offer;
mod one_step;
mod scram_binding;
mod scram_refuses;
mod vectors;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3_proto::sasl::{ClientNonce, Mechanism, Progress, Scram, ScramHash};
use pop3_proto::server::{Maildrop, Server, ServerConfig};
use pop3_proto::{Secret, Username};

/// The reply to a successful login: the mailbox is empty in these tests.
const LOGGED_IN: &str = "+OK 0 messages (0 octets)";

const REFUSED: &str = "-ERR [AUTH] invalid credentials";

/// The account of RFC 5802 and RFC 7677 with fewer iterations.
fn config<const N: usize>(mechanisms: [&str; N]) -> ServerConfig {
    ServerConfig::new("user", "pencil")
        .scram("salt", 2)
        .sasl(mechanisms)
}

fn server(config: ServerConfig) -> Server {
    greeted(Server::new(config, Maildrop::new()))
}

fn tls_server(config: ServerConfig) -> Server {
    greeted(Server::implicit_tls(config, Maildrop::new()))
}

/// Discards the greeting of a session.
fn greeted(mut server: Server) -> Server {
    assert!(sent(&mut server).starts_with("+OK "));
    server
}

fn sent(server: &mut Server) -> String {
    let sent = String::from_utf8(server.transmit().to_vec()).expect("UTF-8");
    server.transmitted(sent.len());
    assert!(!server.wants_write(), "more than one block");
    sent
}

/// Returns the reply to one line, without its line ending.
fn answer(server: &mut Server, line: &str) -> String {
    server.receive(line.as_bytes());
    server.receive(b"\r\n");
    let sent = sent(server);
    let line = sent.strip_suffix("\r\n").expect("a complete line");
    assert!(!line.contains('\n'), "more than one line: {sent:?}");
    line.to_owned()
}

/// Sends lines and asserts the reply to each.
fn converse(server: &mut Server, exchange: &[(&str, &str)]) {
    for (line, expected) in exchange {
        assert_eq!(answer(server, line), *expected, "to {line}");
    }
}

/// Returns whether the client is logged in, according to the reply to STAT.
fn is_logged_in(server: &mut Server) -> bool {
    answer(server, "STAT") == "+OK 0 0"
}

fn encoded(octets: impl AsRef<[u8]>) -> String {
    STANDARD.encode(octets)
}

/// Decodes a challenge.
fn challenge(line: &str) -> String {
    let encoded = line.strip_prefix("+ ").expect("a challenge");
    let octets = STANDARD.decode(encoded).expect("a challenge in base64");
    String::from_utf8(octets).expect("UTF-8")
}

fn user(name: &str) -> Username {
    Username::new(name).expect("a user name")
}

fn secret(secret: &str) -> Secret {
    Secret::new(secret).expect("a secret")
}

/// A SCRAM client for `user` that accepts any iteration count.
fn scram(hash: ScramHash, username: &str, password: &str) -> Scram {
    let nonce = ClientNonce::new("rOprNGfwEbeRWgbNEkqO").expect("a nonce");
    Scram::new(hash, &user(username), &secret(password), nonce)
        .expect("credentials that SASLprep accepts")
        .with_iterations(1..=u32::MAX)
}

/// Runs an exchange. Returns the last reply, and whether the client accepts it as a login, too.
fn authenticate(server: &mut Server, client: &mut dyn Mechanism) -> (String, bool) {
    let name = client.name().to_owned();
    let initial = client
        .initial_response()
        .map(|response| response.to_base64());
    let mut sent = match initial.as_ref().map(|response| response.as_str()) {
        None => answer(server, &format!("AUTH {name}")),
        Some("") => answer(server, &format!("AUTH {name} =")),
        Some(response) if response.len() < 200 => {
            answer(server, &format!("AUTH {name} {response}"))
        }
        Some(response) => {
            assert_eq!(answer(server, &format!("AUTH {name}")), "+ ");
            answer(server, response)
        }
    };
    while sent.starts_with('+') && !sent.starts_with("+OK") {
        match respond(client, &challenge(&sent)) {
            Some(response) => sent = answer(server, &response),
            None => return (answer(server, "*"), false),
        }
    }
    let accepted = sent.starts_with("+OK") && client.finish().is_ok();
    (sent, accepted)
}

/// Returns the client's response in base64, or `None` if it rejects the challenge.
fn respond(client: &mut dyn Mechanism, challenge: &str) -> Option<String> {
    let mut progress = client.respond(challenge.as_bytes()).ok()?;
    loop {
        match progress {
            Progress::Respond(response) => return Some(response.to_base64().to_string()),
            Progress::Work => progress = client.work().ok()?,
        }
    }
}
