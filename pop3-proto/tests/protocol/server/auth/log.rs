//! The log and `Debug` contain no secret of an exchange, and no base64 of one.

use super::{answer, config, encoded, server};

#[test]
fn log_redacts_every_response() {
    let mut server = server(config(["PLAIN", "LOGIN"]).keep_log(true));
    let plain = encoded("\0user\0pencil");
    let long = "A".repeat(70_000);
    for line in [
        "AUTH PLAIN",
        &plain[..8],
        "AUTH PLAIN",
        "*",
        "AUTH LOGIN",
        "dXNlcg==",
        "not base64",
        "AUTH PLAIN",
        &long,
        &format!("auth plain {plain}"),
        "STAT",
    ] {
        answer(&mut server, line);
    }
    assert_eq!(
        server.log(),
        [
            "AUTH PLAIN",
            "<redacted>",
            "AUTH PLAIN",
            "*",
            "AUTH LOGIN",
            "<redacted>",
            "<redacted>",
            "AUTH PLAIN",
            "<line too long>",
            "auth plain <redacted>",
            "STAT",
        ]
    );
}

#[test]
fn log_redacts_misspelt_auth_commands() {
    let plain = encoded("\0user\0pencil");
    for (line, logged) in [
        (format!("AUTH {plain}"), "AUTH <redacted>"),
        (format!("AUTH plaim {plain}"), "AUTH <redacted>"),
        (format!("AUTHPLAIN {plain}"), "<redacted> <redacted>"),
        (format!("AUTH{plain}"), "<redacted>"),
        (
            format!(" AUTH  PLAIN  {plain} {plain}"),
            "AUTH PLAIN <redacted>",
        ),
        (format!("AUTH X-MIRROR {plain}"), "AUTH X-MIRROR <redacted>"),
        (
            format!("AUTH scram-sha-256-plus {plain}"),
            "AUTH scram-sha-256-plus <redacted>",
        ),
        ("AUTH X-MIRROR".into(), "AUTH X-MIRROR"),
        ("AUTH ".into(), "AUTH"),
    ] {
        let mut server = server(config(["PLAIN"]).keep_log(true));
        assert!(answer(&mut server, &line).starts_with("-ERR "));
        assert_eq!(server.log(), [logged], "{line}");
    }
}

#[test]
fn debug_output_shows_neither_token_nor_responses() {
    let config = config(["LOGIN"]).token("s3cr3t-token").external("user");
    let mut server = server(config.clone());
    answer(&mut server, "AUTH LOGIN");
    answer(&mut server, &encoded("pencil"));
    let shown = format!("{config:?} {server:?}");
    assert!(
        !shown.contains("s3cr3t") && !shown.contains("pencil"),
        "{shown}"
    );
    assert!(shown.contains("LOGIN"), "{shown}");
}
