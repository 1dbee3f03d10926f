//! PLAIN, LOGIN, CRAM-MD5, EXTERNAL and ANONYMOUS: correct, wrong and malformed responses.

use pop3_proto::server::ServerConfig;

use super::{LOGGED_IN, REFUSED, answer, config, encoded, is_logged_in, server};

const MALFORMED: &str = "-ERR the response is malformed";

/// Returns the reply to a response. It must not depend on whether AUTH contains the response.
fn verdict(config: &ServerConfig, mechanism: &str, response: &[u8]) -> String {
    let mut later = server(config.clone());
    assert!(answer(&mut later, &format!("AUTH {mechanism}")).starts_with("+ "));
    let verdict = answer(&mut later, &encoded(response));
    assert_eq!(is_logged_in(&mut later), verdict == LOGGED_IN);
    if mechanism != "CRAM-MD5" && (1..100).contains(&response.len()) {
        let mut initial = server(config.clone());
        let line = format!("AUTH {mechanism} {}", encoded(response));
        assert_eq!(answer(&mut initial, &line), verdict);
    }
    verdict
}

#[test]
fn plain_compares_all_three_parts() {
    let config = config(["PLAIN"]);
    for (message, expected) in [
        ("\0user\0pencil", LOGGED_IN),
        ("user\0user\0pencil", LOGGED_IN),
        ("\0user\0Pencil", REFUSED),
        ("\0user\0pencil ", REFUSED),
        ("\0User\0pencil", REFUSED),
        ("\0bob\0pencil", REFUSED),
        ("bob\0user\0pencil", REFUSED),
        ("user\0bob\0pencil", REFUSED),
        ("user\0pencil", MALFORMED),
        ("\0user\0pencil\0", MALFORMED),
        ("\0user\0", MALFORMED),
        ("\0\0pencil", MALFORMED),
        ("pencil", MALFORMED),
        ("\0\0", MALFORMED),
        ("", MALFORMED),
    ] {
        assert_eq!(
            verdict(&config, "PLAIN", message.as_bytes()),
            expected,
            "{message:?}"
        );
    }
    assert_eq!(verdict(&config, "PLAIN", b"\0user\0\xff"), REFUSED);
}

#[test]
fn credentials_are_compared_after_saslprep() {
    // A soft hyphen maps to nothing, the Roman numeral nine to IX (RFC 4013 section 3).
    let config = ServerConfig::new("u\u{ad}ser", "\u{2168}").sasl(["PLAIN"]);
    assert_eq!(verdict(&config, "PLAIN", b"\0user\0IX"), LOGGED_IN);
    assert_eq!(
        verdict(&config, "PLAIN", "\0us\u{ad}er\0\u{2168}".as_bytes()),
        LOGGED_IN
    );
    assert_eq!(verdict(&config, "PLAIN", b"\0user\0ix"), REFUSED);
    // Passwords that SASLprep rejects are compared octet by octet.
    let config = ServerConfig::new("user", &b"p\xe4ss"[..]).sasl(["PLAIN"]);
    assert_eq!(verdict(&config, "PLAIN", b"\0user\0p\xe4ss"), LOGGED_IN);
    assert_eq!(verdict(&config, "PLAIN", b"\0user\0p\xe5ss"), REFUSED);
}

#[test]
fn login_asks_for_name_and_password() {
    for (name, password, expected) in [
        ("user", "pencil", LOGGED_IN),
        ("user", "Pencil", REFUSED),
        ("bob", "pencil", REFUSED),
        ("pencil", "user", REFUSED),
        ("user", "", REFUSED),
        ("", "pencil", REFUSED),
    ] {
        let mut server = server(config(["LOGIN"]));
        assert_eq!(answer(&mut server, "AUTH LOGIN"), "+ VXNlcm5hbWU6");
        assert_eq!(answer(&mut server, &encoded(name)), "+ UGFzc3dvcmQ6");
        assert_eq!(
            answer(&mut server, &encoded(password)),
            expected,
            "{name} {password}"
        );
        assert_eq!(is_logged_in(&mut server), expected == LOGGED_IN);
    }
}

#[test]
fn cram_md5_compares_name_and_digest() {
    let config = ServerConfig::new("tim", "tanstaaftanstaaf").sasl(["CRAM-MD5"]);
    for (response, expected) in [
        ("tim b913a602c7eda7a495b4e6e7334d3890", LOGGED_IN),
        ("tim b913a602c7eda7a495b4e6e7334d3891", REFUSED),
        ("tim B913A602C7EDA7A495B4E6E7334D3890", REFUSED),
        ("Tim b913a602c7eda7a495b4e6e7334d3890", REFUSED),
        ("tim  b913a602c7eda7a495b4e6e7334d3890", REFUSED),
        (" b913a602c7eda7a495b4e6e7334d3890", REFUSED),
        ("tim ", REFUSED),
        ("tim b913", REFUSED),
        ("tim", MALFORMED),
        ("", MALFORMED),
    ] {
        assert_eq!(
            verdict(&config, "CRAM-MD5", response.as_bytes()),
            expected,
            "{response:?}"
        );
    }
    let other = config.cram_md5_challenge("<1@example.org>");
    assert_eq!(
        verdict(&other, "CRAM-MD5", b"tim b913a602c7eda7a495b4e6e7334d3890"),
        REFUSED
    );
    let mut server = server(other);
    assert_eq!(
        answer(&mut server, "AUTH CRAM-MD5"),
        format!("+ {}", encoded("<1@example.org>"))
    );
}

#[test]
fn external_accepts_no_or_the_authenticated_identity() {
    let config = config(["EXTERNAL"]).external("user@example.org");
    for (authzid, expected) in [
        ("", LOGGED_IN),
        ("user@example.org", LOGGED_IN),
        ("user", REFUSED),
        ("USER@example.org", REFUSED),
        ("\0", REFUSED),
    ] {
        assert_eq!(
            verdict(&config, "EXTERNAL", authzid.as_bytes()),
            expected,
            "{authzid:?}"
        );
    }
}

#[test]
fn anonymous_accepts_any_valid_trace() {
    let config = config(["ANONYMOUS"]);
    let longest = "\u{e4}".repeat(255);
    for (trace, expected) in [
        ("", LOGGED_IN),
        ("sirhc", LOGGED_IN),
        ("a@example.org", LOGGED_IN),
        (&longest, LOGGED_IN),
        (&format!("{longest}x"), MALFORMED),
        ("a\nb", MALFORMED),
    ] {
        assert_eq!(
            verdict(&config, "ANONYMOUS", trace.as_bytes()),
            expected,
            "{trace:?}"
        );
    }
    assert_eq!(verdict(&config, "ANONYMOUS", b"\xff"), MALFORMED);
}
