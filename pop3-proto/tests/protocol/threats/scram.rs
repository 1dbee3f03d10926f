//! Section B: servers that do not know the password and try to obtain it or to skip the proof.

use pop3_proto::{Channel, Config, Instant};

use super::plays::{USABLE, auth, base64, login_fails, plays, plays_long};
use pop3_testkit::conversation::Conversation;

// RFC 7677 section 3.
const LOGIN: &str = "login user pencil nonce=rOprNGfwEbeRWgbNEkqO only=SCRAM-SHA-256";
const FIRST: &str = "SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=";
const NONCE: &str = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
const PROOF: &str = "Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==";

fn asked() -> String {
    auth("SCRAM-SHA-256 PLAIN", LOGIN, FIRST)
}

/// An exchange up to the proof.
fn proved() -> String {
    let challenge = base64(format!("r={NONCE},s={SALT},i=4096"));
    format!("{}S: + {challenge}\nC: {PROOF}\n", asked())
}

const COUNTS: [(&str, Option<u64>); 10] = [
    ("4294967295", Some(4_294_967_295)),
    ("9999999999", Some(9_999_999_999)),
    ("1000001", Some(1_000_001)),
    ("0", None),
    ("1", Some(1)),
    ("4095", Some(4_095)),
    ("-1", None),
    ("04096", None),
    ("99999999999999999999", None),
    ("", None),
];

#[test]
fn t_24_iterations_out_of_bounds_are_fatal() {
    for (count, asked_for) in COUNTS {
        let challenge = base64(format!("r={NONCE},s={SALT},i={count}"));
        let cause = format!(
            "security Sasl(ScramIterations {{ asked: {asked_for:?}, least: 4096, most: 1000000 }})"
        );
        plays(format!(
            "{}
            S: + {challenge}
            C: *
            {}",
            asked(),
            login_fails(&cause)
        ));
    }
}

/// A session in which the next line from the server is the first challenge.
pub(crate) fn before_the_challenge() -> Conversation {
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    session.server("+OK\r\n");
    session.ask(LOGIN);
    session.server("+OK\r\nSASL SCRAM-SHA-256\r\n.\r\n");
    assert_eq!(session.sent(), format!("CAPA\r\nAUTH {FIRST}\r\n"));
    session.reported();
    session
}

#[test]
fn t_24_rejected_iterations_cause_no_computation() {
    for (count, _) in COUNTS {
        let mut session = before_the_challenge();
        let challenge = base64(format!("r={NONCE},s={SALT},i={count}"));
        session.arrive(format!("+ {challenge}\r\n").as_bytes());
        // The cancellation is available immediately: no slice was computed.
        assert_eq!(session.connection.transmit(), b"*\r\n", "{count}");
        assert_ne!(session.connection.poll_timeout(), Some(Instant::ORIGIN));
    }
}

#[test]
fn t_24_iterations_are_computed_in_slices() {
    let mut session = before_the_challenge();
    let challenge = base64(format!("r={NONCE},s={SALT},i=25000"));
    session.arrive(format!("+ {challenge}\r\n").as_bytes());
    for slice in 1..=3 {
        assert!(!session.connection.wants_write(), "slice {slice}");
        assert_eq!(session.connection.poll_timeout(), Some(Instant::ORIGIN));
        session.connection.handle_timeout(session.now);
    }
    assert!(session.connection.wants_write());
    assert_ne!(session.connection.poll_timeout(), Some(Instant::ORIGIN));
}

#[test]
fn t_25_malformed_first_message_is_fatal() {
    let nonce = "its nonce does not extend this side's";
    let salt = "its salt is empty or not base64";
    let no_salt = "its first message has no salt second";
    let no_nonce = "its first message has no nonce first";
    let no_count = "its first message has no iteration count third";
    let cases = [
        (format!("r=WRONG,s={SALT},i=4096"), nonce),
        (format!("r=rOprNGfwEbeRWgbNEkqO,s={SALT},i=4096"), nonce),
        (format!("r=rOprNGfwEbeRWgbNEkq,s={SALT},i=4096"), nonce),
        (format!("r=ROPRNGFWEBERWGBNEKQOx,s={SALT},i=4096"), nonce),
        (format!("r=,s={SALT},i=4096"), nonce),
        (format!("r={NONCE},s=,i=4096"), salt),
        (format!("r={NONCE},s=!!,i=4096"), salt),
        (format!("r={NONCE},s=AA=A,i=4096"), salt),
        (
            format!("m=x,r={NONCE},s={SALT},i=4096"),
            "it demands an extension",
        ),
        (format!("s={SALT},r={NONCE},i=4096"), no_nonce),
        (format!("r={NONCE},i=4096,s={SALT}"), no_salt),
        (format!("r={NONCE},x=y,s={SALT},i=4096"), no_salt),
        (format!("r={NONCE},s={SALT}"), no_count),
        (format!("r={NONCE},s={SALT},x=y,i=4096"), no_count),
        (String::new(), no_nonce),
    ];
    for (message, why) in cases {
        plays(format!(
            "{}
            S: + {}
            C: *
            {}",
            asked(),
            base64(message),
            login_fails(&format!("security Sasl(Scram({why:?}))"))
        ));
    }
}

#[test]
fn t_26_wrong_server_signature_is_fatal() {
    for message in [
        "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "v=",
        "v=!!",
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G==",
        "x=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        "",
    ] {
        plays_long(format!(
            "{}
            S: + {}
            C: *
            {}",
            proved(),
            base64(message),
            login_fails("security Sasl(ServerNotAuthenticated)")
        ));
    }
}

#[test]
fn t_26_scram_server_error_is_a_refusal() {
    for at in [asked(), proved()] {
        plays_long(format!(
            "{at}
            S: + ZT1pbnZhbGlkLXByb29m
            C: *
            S: -ERR
            = login: failed: auth ServerError(\"invalid-proof\"), \"\"
            {USABLE}"
        ));
    }
}

#[test]
fn t_26_correct_server_signature_logs_in() {
    plays_long(format!(
        "{}
        S: + dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==
        C:
        S: +OK
        C: CAPA
        S: -ERR
        = login: ok
        ? phase: TRANSACTION",
        proved()
    ));
}

#[test]
fn t_27_ok_without_server_signature_is_fatal() {
    for at in [asked(), proved()] {
        plays_long(format!(
            "{at}
            S: +OK logged in
            {}",
            login_fails("security Sasl(ServerNotAuthenticated)")
        ));
    }
    // The requests that are queued after the login are not sent.
    plays_long(
        format!(
            "{}
            S: +OK logged in
            = login: failed: security Sasl(ServerNotAuthenticated)
            = stat: failed: security Sasl(ServerNotAuthenticated)
            = dele 1: failed: security Sasl(ServerNotAuthenticated)
            = quit: failed: security Sasl(ServerNotAuthenticated)
            = closed: security Sasl(ServerNotAuthenticated)",
            proved()
        )
        .replace(LOGIN, &format!("{LOGIN}\n> stat\n> dele 1\n> quit")),
    );
}

/// A session in TLS up to `AUTH`, whose server advertises these mechanisms.
fn bound(tls: &str, mechanisms: &str, binding: &str, command: &str) -> String {
    format!(
        "set channel implicit-tls
        ! {tls}
        S: +OK
        = greeting: \"\"
        > login user pencil nonce=rOprNGfwEbeRWgbNEkqO {binding}
        C: CAPA
        S: +OK
        S: SASL {mechanisms}
        S: .
        C: AUTH {command}
        "
    )
}

/// The rest of the exchange up to the login, with these values in the last two messages.
fn rest(binding: &str, proof: &str, signature: &str) -> String {
    format!(
        "S: + {}
        C: {}
        S: + {}
        C:
        S: +OK
        C: CAPA
        S: -ERR
        = login: ok",
        base64(format!("r={NONCE},s={SALT},i=4096")),
        base64(format!("c={binding},r={NONCE},p={proof}")),
        base64(format!("v={signature}"))
    )
}

const BOTH: &str = "SCRAM-SHA-256 SCRAM-SHA-256-PLUS";

#[test]
fn t_28_channel_binding_is_off_by_default() {
    for tls in ["tls", "tls 1.3"] {
        plays(bound(tls, BOTH, "", FIRST));
    }
}

#[test]
fn t_28_y_flag_is_sent_without_plus_mechanism() {
    let first = "SCRAM-SHA-256 eSwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=";
    let login = bound("tls 1.3", "SCRAM-SHA-256", "binding=prefer", first);
    let rest = rest(
        "eSws",
        "FoqiHTtQEDE8lz1CdaEe3tK4mS+iMDTl77SPyDS53DY=",
        "dI4KpiQJwBr1+V+K6U1dA6l6I4I9DUNXWND4pcpRU3U=",
    );
    plays_long(format!("{login}{rest}"));
    // Without data for channel binding, the flag is `n`.
    plays_long(bound("tls", BOTH, "binding=prefer", FIRST));
}

#[test]
fn t_28_channel_binding_uses_the_tls_exporter() {
    let first = "SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZXIsLG49dXNlcixyPXJPcHJOR2Z3RWJlUldnYk5Fa3FP";
    for binding in ["binding=prefer", "binding=require"] {
        let login = bound("tls 1.3", BOTH, binding, first);
        let rest = rest(
            "cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
            "QC6CS20quADQRb3mT99YUH+n3VJxUvzuK0K0E1Vrs2M=",
            "2GiAgapEppLVlUXbxUDksL3VgYHzuqiK5tR4mhJGgvs=",
        );
        plays_long(format!("{login}{rest}"));
    }
}

#[test]
fn t_28_channel_binding_uses_the_certificate_without_exporter() {
    let first = "SCRAM-SHA-256-PLUS cD10bHMtc2VydmVyLWVuZC1wb2ludCwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=";
    for binding in ["binding=prefer", "binding=require"] {
        let login = bound("tls 1.2", BOTH, binding, first);
        // Computed by the Python package scramp.
        let rest = rest(
            "cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "nY1Wus9a+gM2DrbQ1msXFgyhW6KM5ktOxWiU+/P/EGY=",
            "RwppMGddhz/J0lFYaRReBjXcQeNUFP5Qc76Lo5Exrig=",
        );
        plays_long(format!("{login}{rest}"));
    }
}

#[test]
fn t_28_required_channel_binding_is_enforced() {
    for (tls, listed, why) in [
        ("tls 1.3", "SCRAM-SHA-256", "NotListed"),
        ("tls", BOTH, "NoEndPoint(Undefined)"),
    ] {
        let login = bound(tls, listed, "binding=require first=SCRAM-SHA-256", "");
        let (before, _) = login.split_once("C: AUTH").expect("its last line");
        plays(format!(
            "{before}
            = login: failed: auth no safe login, {why}
            {USABLE}"
        ));
    }
}
