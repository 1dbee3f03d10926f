//! The order of SCRAM: `finish` fails until the server has proved that it knows the password.

use pop3_proto::sasl::{Mechanism as _, Progress, SaslError, Scram, ScramHash};

use super::{answer, scram, server_first};

const SIGNATURE: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

/// A client that has sent its proof.
fn proved() -> Scram {
    let mut scram = scram(ScramHash::Sha256);
    assert!(scram.initial_response().is_some());
    answer(&mut scram, server_first(4_096).as_bytes()).expect("a proof");
    scram
}

#[test]
fn ok_before_server_signature_is_not_accepted() {
    let mut scram = scram(ScramHash::Sha256);
    let refused = Err(SaslError::ServerNotAuthenticated);
    assert_eq!(scram.finish(), refused);
    assert!(scram.initial_response().is_some());
    assert_eq!(scram.finish(), refused);
    let working = scram.respond(server_first(4_096).as_bytes());
    assert!(matches!(working, Ok(Progress::Work)));
    assert_eq!(scram.finish(), refused);
    assert!(matches!(scram.work(), Ok(Progress::Respond(_))));
    assert_eq!(scram.finish(), refused);
    answer(&mut scram, SIGNATURE.as_bytes()).expect("the correct signature");
    assert_eq!(scram.finish(), Ok(()));
}

/// A client that has sent the proof of one iteration, for tests that need many, and the correct
/// signature for it.
fn proved_with_one_iteration() -> (Scram, &'static str) {
    let mut scram = scram(ScramHash::Sha256).with_iterations(1..=1);
    answer(&mut scram, server_first(1).as_bytes()).expect("a proof");
    (scram, "v=XjTu3KBABgY/OKnhaQwxJb9Vbt2Fj1v+lPuMzeAcqSk=")
}

#[test]
fn every_wrong_signature_is_rejected() {
    let (mut scram, right) = proved_with_one_iteration();
    answer(&mut scram, right.as_bytes()).expect("the correct signature");

    let mut wrong: Vec<Vec<u8>> = (0..right.len()).map(|end| right[..end].into()).collect();
    for at in 0..right.len() {
        let mut changed = right.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        wrong.push(changed);
    }
    let value = &right[2..];
    wrong.extend(
        [
            "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            value,
            &format!("x=1,{right}"),
            &format!("V={value}"),
            &format!(" {right}"),
            &format!("{right}="),
            &format!("{right}\n"),
            &format!("{right}{value}"),
            &format!("r={}", super::NONCE),
        ]
        .map(|text| text.as_bytes().to_vec()),
    );
    wrong.push(b"v=\xff".to_vec());
    for wrong in wrong {
        let (mut scram, _) = proved_with_one_iteration();
        assert_eq!(
            answer(&mut scram, &wrong),
            Err(SaslError::ServerNotAuthenticated),
            "{:?}",
            String::from_utf8_lossy(&wrong)
        );
        assert_eq!(scram.finish(), Err(SaslError::ServerNotAuthenticated));
    }
}

#[test]
fn wrong_signature_fails_despite_a_later_one() {
    let mut scram = proved();
    answer(&mut scram, b"v=AAAA").expect_err("a wrong signature");
    assert_eq!(
        answer(&mut scram, SIGNATURE.as_bytes()),
        Err(SaslError::NothingLeft)
    );
    assert_eq!(scram.finish(), Err(SaslError::ServerNotAuthenticated));
}

#[test]
fn extensions_after_the_signature_are_ignored() {
    let mut scram = proved();
    answer(&mut scram, format!("{SIGNATURE},x=1").as_bytes()).expect("the correct signature");
    assert_eq!(scram.finish(), Ok(()));
}

#[test]
fn scram_server_error_is_reported() {
    let server_error = |error: Result<Vec<u8>, SaslError>| match error {
        Err(SaslError::ServerError(text)) => text.to_string(),
        other => panic!("{other:?}"),
    };
    let mut scram = proved();
    assert_eq!(
        server_error(answer(&mut scram, b"e=invalid-proof")),
        "invalid-proof"
    );
    assert_eq!(scram.finish(), Err(SaslError::ServerNotAuthenticated));
    let mut scram = proved();
    assert_eq!(
        server_error(answer(&mut scram, b"e=\x1b[0m,x=1")),
        "\\u{1b}[0m"
    );
    // Servers may report an unknown user in place of their first message.
    let mut scram = super::scram(ScramHash::Sha1);
    assert_eq!(
        server_error(answer(&mut scram, b"e=unknown-user")),
        "unknown-user"
    );
    let error = answer(&mut proved(), b"e=no").expect_err("an error");
    assert_eq!(error.to_string(), "the server ended the exchange: no");
}

#[test]
fn challenge_after_the_signature_fails() {
    let mut scram = proved();
    answer(&mut scram, SIGNATURE.as_bytes()).expect("the correct signature");
    assert_eq!(
        answer(&mut scram, SIGNATURE.as_bytes()),
        Err(SaslError::NothingLeft)
    );
}

#[test]
fn signature_of_another_exchange_is_rejected() {
    let mut other = Scram::new(
        ScramHash::Sha256,
        &super::user("user"),
        &super::secret("pencil"),
        super::nonce("rOprNGfwEbeRWgbNEkq"),
    )
    .expect("ASCII");
    answer(&mut other, server_first(4_096).as_bytes()).expect("a proof");
    assert_eq!(
        answer(&mut other, SIGNATURE.as_bytes()),
        Err(SaslError::ServerNotAuthenticated)
    );
}
