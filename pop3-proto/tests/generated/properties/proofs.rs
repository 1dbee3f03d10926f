//! I10: a login by a mechanism succeeds if and only if the server sends `+OK` and the mechanism has
//! completed its verification. A server that cannot prove its identity never completes a login.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3_proto::{Channel, Error, Event, Phase};
use proptest::prelude::*;
use proptest::sample::select;

use super::case::{Answer, Case};
use super::check;
use super::client::Client;
use super::strategies::{Pieces, any_answer, pieces, plain_case};

/// Mechanisms, and logins that use them.
const MECHANISMS: [(&str, &str); 9] = [
    (
        "SCRAM-SHA-1",
        "login alice correct-horse only=SCRAM-SHA-1 iterations=1..9",
    ),
    (
        "SCRAM-SHA-256",
        "login alice correct-horse only=SCRAM-SHA-256 iterations=1..9",
    ),
    (
        "SCRAM-SHA-512",
        "login alice correct-horse only=SCRAM-SHA-512 iterations=1..9",
    ),
    ("PLAIN", "login alice correct-horse only=PLAIN"),
    ("LOGIN", "login alice correct-horse only=LOGIN"),
    ("CRAM-MD5", "login alice correct-horse only=CRAM-MD5"),
    (
        "OAUTHBEARER",
        "login-token alice ya29.bearer-token only=OAUTHBEARER",
    ),
    (
        "XOAUTH2",
        "login-token alice ya29.bearer-token only=XOAUTH2",
    ),
    ("EXTERNAL", "login-certificate only=EXTERNAL"),
];

fn logging_in(op: &str, initial_response: bool, answers: Vec<Answer>) -> Case {
    let mut case = plain_case();
    case.client.channel = Channel::TrustedByCaller;
    case.client.ask_capa = false;
    case.client.initial_response = initial_response;
    case.ops = vec![op.to_owned()];
    case.answers = [vec![Answer::Proper], answers].concat();
    case
}

/// Runs the case. Returns the client and the result of the login.
fn completed(case: &Case, pieces: Pieces) -> Result<(Client, Result<(), Error>), TestCaseError> {
    let mut client = Client::new(case);
    client.ask();
    client.run(pieces.sizes())?;
    let phase = client.connection.phase();
    client.finish()?;
    let result = client.events.iter().find_map(|event| match event {
        Event::Reply { result, .. } => Some(result.clone().map(drop)),
        _ => None,
    });
    let Some(result) = result else {
        return Err(client.failure("no reply"));
    };
    let outside = phase == Phase::Authorization;
    client.ensure(
        result.is_err() || !outside,
        "login succeeded, but the session is not logged in",
    )?;
    Ok((client, result))
}

#[test]
fn i10_login_needs_ok_and_server_proof() {
    check(
        40,
        (select(&MECHANISMS[..]), any::<bool>(), pieces()),
        |(mechanism, first, pieces)| {
            let (client, result) = completed(&logging_in(mechanism.1, first, Vec::new()), pieces)?;
            client.ensure(result.is_ok(), "the login failed")
        },
    );
}

/// Returns what the server sent, without line ends. A challenge is decoded.
fn said(client: &Client) -> Vec<String> {
    let lines = client.transcript();
    let received = lines.lines().filter_map(|line| line.strip_prefix("S: "));
    let received = received
        .collect::<String>()
        .replace("\\r\\n", "\n")
        .replace("\\n", "\n");
    received.lines().map(str::to_owned).collect()
}

#[test]
fn i10_scram_needs_valid_signature_and_ok() {
    let answers = proptest::collection::vec(any_answer(), 1..5);
    let strategy = (select(&MECHANISMS[..3]), any::<bool>(), answers, pieces());
    check(300, strategy, |(mechanism, first, answers, pieces)| {
        let (client, result) = completed(&logging_in(mechanism.1, first, answers), pieces)?;
        if result.is_err() {
            return Ok(());
        }
        // The answers of a server that knows the password. The nonces are the same in both runs.
        let (honest, _) = completed(&logging_in(mechanism.1, first, Vec::new()), Pieces::WHOLE)?;
        let signature = said(&honest).into_iter().find(|line| {
            let challenge = line.strip_prefix("+ ").unwrap_or_default();
            STANDARD
                .decode(challenge)
                .is_ok_and(|text| text.starts_with(b"v="))
        });
        let Some(signature) = signature else {
            return Err(honest.failure("no signature"));
        };
        let said = said(&client);
        let signed = said.iter().position(|line| *line == signature);
        let yes = said
            .iter()
            .rposition(|line| line.to_ascii_uppercase().starts_with("+OK"));
        client.ensure(
            signed.is_some() && signed < yes,
            "login succeeded without a signature and +OK",
        )
    });
}

#[test]
fn i10_early_ok_does_not_complete_a_mechanism() {
    let strategy = (select(&MECHANISMS[..]), 0..4usize, pieces());
    check(150, strategy, |(mechanism, honest, pieces)| {
        // The `+OK` comes after this many conforming answers, regardless of the state of the
        // exchange.
        let yes = Answer::Instead(b"+OK welcome\r\n".to_vec());
        let answers = [vec![Answer::Proper; honest], vec![yes; 9]].concat();
        let (client, result) = completed(&logging_in(mechanism.1, false, answers), pieces)?;
        let challenges = said(&client)
            .iter()
            .filter(|line| line.starts_with("+ "))
            .count();
        let wanted = match mechanism.0 {
            "PLAIN" | "CRAM-MD5" | "OAUTHBEARER" | "XOAUTH2" | "EXTERNAL" => 1,
            "LOGIN" => 2,
            _ => 3,
        };
        client.ensure(
            result.is_ok() == (challenges >= wanted),
            format!("{result:?} after {challenges} challenges of {wanted}"),
        )
    });
}
