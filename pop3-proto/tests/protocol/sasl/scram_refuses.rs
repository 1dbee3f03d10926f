//! First messages of servers that are malformed, or whose values are not acceptable.

use pop3_proto::sasl::{Mechanism as _, Progress, SaslError, Scram, ScramHash};

use super::{CLIENT_NONCE, NONCE, SALT, answer, scram, server_first};

fn first(message: &[u8]) -> Result<Progress, SaslError> {
    let mut scram = scram(ScramHash::Sha256);
    assert!(scram.initial_response().is_some());
    let result = scram.respond(message);
    if result.is_err() {
        // The exchange has failed: a correct message is too late.
        let late = answer(&mut scram, server_first(4_096).as_bytes());
        assert_eq!(late, Err(SaslError::NothingLeft));
    }
    result
}

#[test]
fn malformed_server_first_message_is_rejected() {
    for message in [
        String::new(),
        ",".into(),
        format!("r={NONCE}"),
        format!("r={NONCE},"),
        format!("r={NONCE},s={SALT}"),
        format!("r={NONCE},s={SALT},"),
        format!("r={NONCE},i=4096,s={SALT}"),
        format!("s={SALT},r={NONCE},i=4096"),
        format!("i=4096,r={NONCE},s={SALT}"),
        format!("R={NONCE},s={SALT},i=4096"),
        format!("r={NONCE},S={SALT},i=4096"),
        format!("r={NONCE},s={SALT},I=4096"),
        format!(" r={NONCE},s={SALT},i=4096"),
        format!("r={NONCE},s={SALT},x=1,i=4096"),
        format!("x=1,r={NONCE},s={SALT},i=4096"),
        // The nonce: different, not extended, or extended by characters that are not allowed.
        format!("r=WRONG,s={SALT},i=4096"),
        format!("r=,s={SALT},i=4096"),
        format!("r={CLIENT_NONCE},s={SALT},i=4096"),
        format!("r=x{NONCE},s={SALT},i=4096"),
        format!("r={CLIENT_NONCE} ,s={SALT},i=4096"),
        format!("r={CLIENT_NONCE}\u{e4},s={SALT},i=4096"),
        format!("r={CLIENT_NONCE}\0,s={SALT},i=4096"),
        // The salt: empty, or not base64.
        format!("r={NONCE},s=,i=4096"),
        format!("r={NONCE},s=!!,i=4096"),
        format!("r={NONCE},s=A,i=4096"),
        format!("r={NONCE},s=AA=A,i=4096"),
        format!("r={NONCE},s=AAAA====,i=4096"),
        format!("r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ,i=4096"),
        format!("r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gR==,i=4096"),
        format!("r={NONCE},s= W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
        // A mandatory extension.
        format!("m=x,r={NONCE},s={SALT},i=4096"),
        format!("m=,r={NONCE},s={SALT},i=4096"),
    ] {
        let result = first(message.as_bytes());
        assert!(
            matches!(result, Err(SaslError::Scram(_))),
            "{message:?}: {result:?}"
        );
    }
    let result = first(b"r=\xff,s=AAAA,i=4096");
    assert!(matches!(result, Err(SaslError::Scram(_))), "{result:?}");
}

#[test]
fn truncated_server_first_message_is_rejected() {
    let message = server_first(4_096);
    for end in 0..message.len() {
        let result = first(&message.as_bytes()[..end]);
        assert!(
            matches!(
                result,
                Err(SaslError::Scram(_) | SaslError::ScramIterations { .. })
            ),
            "{}: {result:?}",
            &message[..end]
        );
    }
}

#[test]
fn extensions_after_the_first_message_are_ignored() {
    for extension in [",x=1", ",x=1,y=2", ",m=1", ",", ",i=1"] {
        let message = format!("{}{extension}", server_first(4_096));
        assert!(
            matches!(first(message.as_bytes()), Ok(Progress::Work)),
            "{extension}"
        );
    }
}

#[test]
fn iterations_out_of_bounds_are_rejected_without_work() {
    for (count, asked) in [
        ("0", None),
        ("1", Some(1)),
        ("4095", Some(4_095)),
        ("1000001", Some(1_000_001)),
        ("4294967295", Some(4_294_967_295)),
        ("4294967296", Some(4_294_967_296)),
        ("9999999999", Some(9_999_999_999)),
        ("-1", None),
        ("+4096", None),
        ("04096", None),
        ("4096.0", None),
        ("4096 ", None),
        ("0x1000", None),
        ("4e3", None),
        ("\u{ff14}096", None),
        ("", None),
        ("10000000000", None),
        ("99999999999999999999", None),
    ] {
        let result = first(format!("r={NONCE},s={SALT},i={count}").as_bytes());
        let refused = SaslError::ScramIterations {
            asked,
            least: 4_096,
            most: 1_000_000,
        };
        assert_eq!(result.err(), Some(refused), "{count}");
    }
}

#[test]
fn iteration_bounds_are_configurable() {
    let counted = |bounds: core::ops::RangeInclusive<u32>, count: u32| {
        scram(ScramHash::Sha1)
            .with_iterations(bounds)
            .respond(server_first(count).as_bytes())
            .is_ok()
    };
    assert!(counted(Scram::ITERATIONS, 4_096));
    assert!(counted(Scram::ITERATIONS, 1_000_000));
    assert!(counted(1..=1, 1));
    assert!(counted(1..=u32::MAX, u32::MAX));
    assert!(!counted(10_000..=20_000, 4_096));
    assert!(!counted(0..=5, 0), "zero iterations are never accepted");
}

#[test]
fn scram_errors_describe_the_problem() {
    let shown = |message: &str| first(message.as_bytes()).expect_err("refused").to_string();
    assert_eq!(
        shown(&format!("r={NONCE},s={SALT},i=1")),
        "the server asks for 1 SCRAM iterations, but only 4096 to 1000000 are allowed \
         (LoginPolicy::with_scram_iterations)"
    );
    assert_eq!(
        shown(&format!("r={NONCE},s={SALT},i=x")),
        "the server asks for an invalid number of SCRAM iterations, but only 4096 to 1000000 are allowed \
         (LoginPolicy::with_scram_iterations)"
    );
    assert_eq!(
        shown(&format!("m=x,r={NONCE},s={SALT},i=4096")),
        "the server violates the SCRAM protocol: it demands an extension"
    );
    assert_eq!(
        shown(&format!("r={CLIENT_NONCE},s={SALT},i=4096")),
        "the server violates the SCRAM protocol: its nonce does not extend this side's"
    );
}
