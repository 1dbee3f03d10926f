//! Checks whether reported logins really succeeded, and with which server.

use pop3_proto::{Error, config::CapaPolicy, error::SecurityError};

use super::app::{App, Request};
use super::ask::Ask;
use super::environment::Environment;
use super::forge::{first_nonce, is_proof, last_nonce};
use super::frames::Frame;
use super::line::{is_of_exchange, is_plain, verb};
use super::machine::Machine;
use super::oracle::is_ok;
use super::peer::{Peer, Received};
use super::plan::Plan;
use super::tally::Tally;

/// Returns whether the client was logged in at the server before this exchange.
pub(crate) fn logged_in(peer: &Peer, index: usize) -> bool {
    peer.received[..index].iter().skip(1).any(logs_in)
}

/// Returns whether the server logs the client in with this reply.
fn logs_in(received: &Received) -> bool {
    let line = &received.line;
    let secret = matches!(verb(line), b"PASS" | b"APOP" | b"AUTH");
    let response = !is_of_exchange(line) && !is_plain(line);
    is_ok(&received.reply) && (secret || response)
}

/// Checks that a login is reported as successful only if its last line got `+OK`. A login by SCRAM
/// also requires the server's proof that it knows the password.
pub(crate) fn check_logins<M: Machine>(
    environment: &Environment<M>,
    owners: &[Option<usize>],
    frames: &[Frame],
    tally: &mut Tally,
) {
    let (peer, plan, reached) = (&environment.peer, &environment.plan, environment.reached());
    for (index, request) in environment.app.requests.iter().enumerate() {
        let of = |at: &usize| owners[*at] == Some(index);
        let lines: Vec<_> = (0..owners.len()).filter(of).collect();
        let forged = |at: &&usize| is_forged(&peer.received[**at], frames.get(**at));
        tally.forged += lines.iter().filter(forged).count();
        if request.ask != Ask::Login || !matches!(request.reply, Some(Ok(_))) {
            continue;
        }
        let Some(last) = lines.last().filter(|last| **last < frames.len()) else {
            assert!(!plan.violations.is_empty(), "a login without a line");
            continue;
        };
        assert!(frames[*last].is_ok(), "logged in by {:?}", frames[*last]);
        let mut received = lines.iter().rev().map(|at| &peer.received[*at]);
        let begin = received.find(|received| is_of_exchange(&received.line));
        let by_scram = begin.is_some_and(|begin| begin.line.starts_with(b"AUTH SCRAM"));
        if plan.violations.is_empty() || by_scram {
            assert!(
                logs_in(&peer.received[*last]),
                "not logged in at the server"
            );
        }
        if by_scram {
            let proof = lines.iter().map(|at| &peer.received[*at]);
            let mut proof = proof.filter(|received| is_proof(&received.reply));
            assert!(proof.any(|proof| has_arrived(proof, &reached)), "no proof");
            tally.proofs += 1;
        }
    }
}

/// Returns whether the conforming reply reached the client completely.
fn has_arrived(received: &Received, reached: &[usize]) -> bool {
    let said = received.said.as_ref();
    said.is_some_and(|place| place.octets.end <= reached[place.epoch])
}

/// Returns whether the client received a wrong proof.
fn is_forged(received: &Received, frame: Option<&Frame>) -> bool {
    let reported = frame.filter(|frame| is_proof(&frame.status));
    reported.is_some_and(|frame| {
        is_proof(&received.reply) && !received.reply.starts_with(&frame.status)
    })
}

/// Checks that the client sends no proof for a nonce that does not extend its own. An attacker
/// could use such a proof to guess the password.
pub(crate) fn check_nonces(received: &[Received]) {
    let mut client = None;
    for received in received {
        client = first_nonce(&received.line).or(client);
        if let Some(nonce) = last_nonce(&received.line) {
            let client = client.as_ref().expect("a proof without a first message");
            assert!(nonce.starts_with(client), "a proof for the nonce {nonce}");
        }
    }
}

/// Checks that no login succeeds if cleartext octets follow the reply to STLS.
pub(crate) fn check_injection(
    app: &App,
    plan: &Plan,
    received: &[Received],
    frames: &[Frame],
    reached: &[usize],
    tally: &mut Tally,
) {
    let mut replies = received.iter().zip(frames);
    let stls = replies.find(|(received, frame)| verb(&received.line) == b"STLS" && frame.is_ok());
    if stls.is_some_and(|(_, frame)| reached[0] > frame.place.octets.end) {
        tally.injected_at_stls += 1;
        let login = |request: &Request| request.ask == Ask::Login;
        let mut logins = app.requests.iter().filter(|request| login(request));
        assert!(!logins.any(|login| matches!(login.reply, Some(Ok(_)))));
        // Octets that are read together with the `+OK` are detected as an injection. If they come
        // later, they are not TLS.
        if let (true, Some(Err(error))) = (plan.only_injects(), &app.closed) {
            let injected = Error::from(SecurityError::ResponseInjection);
            let known = *error == injected || matches!(error, Error::Tls(_));
            assert!(known, "octets were injected, but the error is {error}");
        }
    }
}

/// Checks that the cleartext state is discarded. Inside TLS, capabilities must be requested before
/// a login, and the challenge of the greeting must not be answered.
pub(crate) fn check_upgrade(received: &[Received], plan: &Plan) {
    let stls = |received: &Received| verb(&received.line) == b"STLS" && is_ok(&received.reply);
    let Some(stls) = received.iter().position(stls) else {
        return;
    };
    let inside = received[stls + 1..]
        .iter()
        .map(|received| &received.line[..]);
    let mut asked = plan.config.capa == CapaPolicy::Never;
    for line in inside {
        asked |= verb(line) == b"CAPA";
        assert_ne!(verb(line), b"APOP", "the challenge was sent in cleartext");
        let login = is_of_exchange(line);
        assert!(asked || !login, "{} is sent too early", line.escape_ascii());
    }
}
