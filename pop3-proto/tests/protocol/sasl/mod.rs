//! The SASL mechanisms alone: challenges in, responses out, without a connection.

mod bearer;
mod one_step;
mod preparation;
mod scram_order;
mod scram_refuses;
mod scram_work;
mod secrets;
mod vectors;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3_proto::sasl::{ClientNonce, Mechanism, Progress, SaslError, Scram, ScramHash};
use pop3_proto::{Secret, Username};

fn user(name: &str) -> Username {
    Username::new(name).expect("a user name")
}

fn secret(secret: &str) -> Secret {
    Secret::new(secret).expect("a secret")
}

fn nonce(nonce: &str) -> ClientNonce {
    ClientNonce::new(nonce).expect("a nonce")
}

/// The nonces, salt and iteration count of RFC 7677 section 3, which other tests vary.
const CLIENT_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const NONCE: &str = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";

/// The client of RFC 7677 section 3.
fn scram(hash: ScramHash) -> Scram {
    scram_for(hash, "user", "pencil")
}

fn scram_for(hash: ScramHash, username: &str, password: &str) -> Scram {
    Scram::new(
        hash,
        &user(username),
        &secret(password),
        nonce(CLIENT_NONCE),
    )
    .expect("credentials that SASLprep accepts")
}

/// The server's first message, with this many iterations.
fn server_first(iterations: u32) -> String {
    format!("r={NONCE},s={SALT},i={iterations}")
}

/// Answers a challenge, including any work that it requires.
fn answer(mechanism: &mut dyn Mechanism, challenge: &[u8]) -> Result<Vec<u8>, SaslError> {
    let mut progress = mechanism.respond(challenge)?;
    loop {
        match progress {
            Progress::Respond(response) => return Ok(response.as_bytes().to_vec()),
            Progress::Work => progress = mechanism.work()?,
        }
    }
}

/// Answers a challenge, with both messages in base64, as in the lines of the protocol.
fn answer_line(mechanism: &mut dyn Mechanism, line: &str) -> Result<String, SaslError> {
    let challenge = STANDARD.decode(line).expect("a challenge in base64");
    Ok(STANDARD.encode(answer(mechanism, &challenge)?))
}

/// Runs an exchange that ends in `+OK`. Takes the initial response, if there is one, and pairs of
/// challenge and response, in base64.
fn converse(mechanism: &mut dyn Mechanism, initial: Option<&str>, exchange: &[(&str, &str)]) {
    let first = mechanism
        .initial_response()
        .map(|response| response.to_base64().to_string());
    assert_eq!(first.as_deref(), initial, "{}", mechanism.name());
    for (challenge, response) in exchange {
        assert_eq!(
            answer_line(mechanism, challenge).as_deref(),
            Ok(*response),
            "{} answers {challenge}",
            mechanism.name()
        );
    }
    assert_eq!(mechanism.finish(), Ok(()), "{}", mechanism.name());
}
