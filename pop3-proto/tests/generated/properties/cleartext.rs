//! I2: no credential is sent in cleartext unless the policy allows the method explicitly, or the
//! channel is [`Channel::TrustedByCaller`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use pop3_proto::Channel;

use super::case::{CHALLENGE, PASSWORD, TOKEN, USER};
use super::check;
use super::client::Client;
use super::strategies::{Pieces, any_answers, case, pieces};
use pop3_testkit::needles::Needles;

/// What must not be sent: the secrets in any encoding, and the user name.
fn credentials() -> Needles {
    let mut needles = Needles::default();
    needles.secret("password", PASSWORD.as_bytes());
    needles.secret("token", TOKEN.as_bytes());
    needles.secret("name", USER.as_bytes());
    needles.secret("APOP digest", apop_digest().as_bytes());
    needles
}

fn apop_digest() -> String {
    let digest = Md5::digest(format!("{CHALLENGE}{PASSWORD}"));
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Returns the lines that were sent in cleartext.
fn cleartext(client: &Client) -> Vec<String> {
    let sent = String::from_utf8_lossy(&client.sent[..client.sent_in_cleartext]).into_owned();
    sent.split_terminator("\r\n").map(str::to_owned).collect()
}

#[test]
fn i02_no_credential_is_sent_before_tls() {
    check(
        500,
        (case(any_answers()), pieces()),
        |(mut case, pieces)| {
            case.client.channel = Channel::Plain;
            case.client.insecure = false;
            let client = Client::completed(&case, &pieces)?;
            let lines = cleartext(&client);
            let found = credentials().found_in(&lines.join("\n")).join(", ");
            client.ensure(found.is_empty(), format!("in cleartext: {found}"))?;
            // Only these lines are sent, and not even the start of a login.
            let harmless =
                |line: &String| ["CAPA", "STLS", "QUIT", "XTND X"].contains(&line.as_str());
            client.ensure(
                lines.iter().all(harmless),
                format!("in cleartext: {lines:?}"),
            )
        },
    );
}

#[test]
fn i02_twisted_order_sends_only_digests_in_cleartext() {
    check(
        150,
        (case(any_answers()), pieces()),
        |(mut case, pieces)| {
            case.client.channel = Channel::Plain;
            case.client.insecure = false;
            case.ops = vec!["login alice correct-horse twisted".to_owned()];
            let client = Client::completed(&case, &pieces)?;
            let lines = cleartext(&client);
            let harmless = |line: &String| {
                ["CAPA", "STLS"].contains(&line.as_str()) || line.starts_with("APOP alice ")
            };
            client.ensure(
                lines.iter().all(harmless),
                format!("in cleartext: {lines:?}"),
            )
        },
    );
}

/// Checks the search itself: credentials are found if the policy allows them in cleartext.
#[test]
fn i02_explicitly_allowed_credentials_are_sent_in_cleartext() {
    let plain = STANDARD.encode(format!("\0{USER}\0{PASSWORD}"));
    for (op, line) in [
        (
            "login alice correct-horse only=PLAIN",
            format!("AUTH PLAIN {plain}"),
        ),
        (
            "login alice correct-horse only=USER/PASS",
            "PASS correct-horse".to_owned(),
        ),
        (
            "login alice correct-horse only=APOP",
            format!("APOP alice {}", apop_digest()),
        ),
    ] {
        for by_name in [true, false] {
            let mut case = super::strategies::plain_case();
            case.client.insecure = by_name;
            case.client.stls_required = false;
            if !by_name {
                case.client.channel = Channel::TrustedByCaller;
            }
            case.ops = vec![op.to_owned()];
            let client = Client::completed(&case, &Pieces::WHOLE).expect("the case completes");
            assert!(
                cleartext(&client).contains(&line),
                "{}",
                client.transcript()
            );
            assert!(!credentials().found_in(&line).is_empty(), "{line}");
        }
    }
}
