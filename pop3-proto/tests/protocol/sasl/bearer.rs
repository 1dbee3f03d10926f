//! The error that OAUTHBEARER and XOAUTH2 servers send as an additional challenge.

use pop3_proto::sasl::{Mechanism, OAuthBearer, OAuthError, SaslError, XOAuth2};

use super::{answer, answer_line, secret, user};

const TOKEN: &str = "ya29.token/with+all==";

fn bearer() -> OAuthBearer {
    let mut bearer = OAuthBearer::new(&secret(TOKEN)).expect("a token");
    assert!(bearer.initial_response().is_some());
    bearer
}

fn xoauth2() -> XOAuth2 {
    let mut xoauth2 = XOAuth2::new(&user("u"), &secret(TOKEN)).expect("a token");
    assert!(xoauth2.initial_response().is_some());
    xoauth2
}

/// Returns the parsed error in a server's challenge.
fn refusal(challenge: &[u8]) -> OAuthError {
    let mut bearer = bearer();
    answer(&mut bearer, challenge).expect("a response");
    bearer.refused().expect("an error")
}

fn texts(error: &OAuthError) -> [Option<String>; 3] {
    [&error.status, &error.scope, &error.openid_configuration]
        .map(|text| text.as_ref().map(ToString::to_string))
}

#[test]
fn rfc_7628_section_4_3_errors_are_parsed() {
    let mut refused = bearer();
    let line = "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0=";
    assert_eq!(answer_line(&mut refused, line).as_deref(), Ok("AQ=="));
    let error = refused.refused().expect("an error");
    assert_eq!(
        texts(&error),
        [
            Some("invalid_token".into()),
            Some("example_scope".into()),
            Some("https://example.com/.well-known/openid-configuration".into()),
        ]
    );
    assert_eq!(
        error.to_string(),
        "invalid_token (required scope: example_scope)"
    );
}

#[test]
fn google_error_gets_an_empty_response() {
    let mut refused = xoauth2();
    let line = "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ==";
    assert_eq!(answer_line(&mut refused, line).as_deref(), Ok(""));
    let error = refused.refused().expect("an error");
    assert_eq!(
        texts(&error),
        [
            Some("401".into()),
            Some("https://mail.google.com/".into()),
            None
        ]
    );
}

#[test]
fn second_error_is_not_answered() {
    let mechanisms: [Box<dyn Mechanism>; 2] = [Box::new(bearer()), Box::new(xoauth2())];
    for mut mechanism in mechanisms {
        answer(&mut *mechanism, b"{}").expect("a response");
        assert_eq!(answer(&mut *mechanism, b"{}"), Err(SaslError::NothingLeft));
    }
}

#[test]
fn ok_after_an_error_is_not_accepted() {
    let mechanisms: [Box<dyn Mechanism>; 2] = [Box::new(bearer()), Box::new(xoauth2())];
    for mut mechanism in mechanisms {
        assert_eq!(mechanism.finish(), Ok(()));
        answer(&mut *mechanism, b"{}").expect("a response");
        assert_eq!(mechanism.finish(), Err(SaslError::NotDone));
    }
}

#[test]
fn ok_before_the_token_is_not_accepted() {
    let mut unsent = OAuthBearer::new(&secret(TOKEN)).expect("a token");
    assert_eq!(unsent.finish(), Err(SaslError::NotDone));
    let mut unsent = XOAuth2::new(&user("u"), &secret(TOKEN)).expect("a token");
    assert_eq!(unsent.finish(), Err(SaslError::NotDone));
}

#[test]
fn refusal_without_error_has_no_details() {
    assert_eq!(bearer().refused(), None);
    assert_eq!(xoauth2().refused(), None);
}

#[test]
fn non_json_error_is_kept_as_text() {
    let deep = "[".repeat(4_000);
    for challenge in [
        "",
        "no JSON",
        "{",
        "[]",
        "null",
        "\"status\"",
        "{\"status\":",
        "{'status':'x'}",
        &deep,
    ] {
        let error = refusal(challenge.as_bytes());
        assert_eq!(texts(&error), [None, None, None], "{challenge}");
        assert_eq!(error.raw.as_bytes(), challenge.as_bytes());
    }
    assert_eq!(refusal(b"\xff\x00").raw.as_bytes(), b"\xff\x00");
}

#[test]
fn json_members_of_other_types_are_ignored() {
    let error = refusal(br#"{"status":401,"scope":["a"],"openid-configuration":null,"x":{"y":1}}"#);
    assert_eq!(texts(&error), [Some("401".into()), None, None]);
    let error = refusal(br#"{"status":true,"scope":"mail","status2":"x"}"#);
    assert_eq!(texts(&error), [None, Some("mail".into()), None]);
    assert_eq!(
        refusal(br#"{"status":"a","status":"b"}"#)
            .status
            .map(|s| s.to_string()),
        Some("b".into())
    );
}

#[test]
fn long_error_is_kept_unparsed() {
    let padding = |octets: usize| {
        let head = r#"{"status":"400","x":""#;
        format!("{head}{}\"}}", "x".repeat(octets - head.len() - 2))
    };
    let longest = padding(4 << 10);
    let error = refusal(longest.as_bytes());
    assert_eq!(texts(&error), [Some("400".into()), None, None]);
    assert_eq!(error.raw.as_bytes(), longest.as_bytes());
    let longer = padding((4 << 10) + 1);
    let error = refusal(longer.as_bytes());
    assert_eq!(texts(&error), [None, None, None]);
    assert_eq!(error.raw.as_bytes(), longer.as_bytes());
}

#[test]
fn echoed_token_is_redacted() {
    for challenge in [
        format!("{TOKEN} is no good"),
        format!("-{TOKEN}"),
        format!(r#"{{"status":"{TOKEN}","scope":"{TOKEN} {TOKEN}"}}"#),
        // The same string, with other escapes that JSON allows.
        format!(r#"{{"status":"x","y":"{}"}}"#, TOKEN.replace('/', "\\/")),
        format!(r#"{{"status":"{}"}}"#, TOKEN.replace('y', "\\u0079")),
        format!(r#"{{"{}":["x"]}}"#, TOKEN.replace('/', "\\/")),
        // The token is truncated in the middle.
        format!("{}{TOKEN}", "x".repeat((4 << 10) - 5)),
    ] {
        let error = refusal(challenge.as_bytes());
        let shown = format!(
            "{error:?} {error} {}",
            String::from_utf8_lossy(error.raw.as_bytes())
        );
        assert!(!shown.contains("ya29"), "{shown}");
        assert!(!shown.contains("with+all"), "{shown}");
    }
}

#[test]
fn error_escapes_terminal_sequences() {
    let error = refusal(b"{\"status\":\"\\u001b[31m\",\"scope\":\"\\u202eevil\"}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
}

#[test]
fn oauthbearer_escapes_the_authorization_identity() {
    let mut bearer = OAuthBearer::new(&secret("t"))
        .expect("a token")
        .with_authzid(&user("u,x=y"));
    let response = bearer.initial_response().expect("an initial response");
    assert_eq!(
        response.as_bytes(),
        b"n,a=u=2Cx=3Dy,\x01auth=Bearer t\x01\x01"
    );
}

#[test]
fn long_token_is_sent_completely() {
    let token = "t".repeat(16 << 10);
    let mut xoauth2 = XOAuth2::new(&user("u"), &secret(&token)).expect("a token");
    let response = xoauth2.initial_response().expect("an initial response");
    assert_eq!(
        response.as_bytes(),
        format!("user=u\u{1}auth=Bearer {token}\u{1}\u{1}").as_bytes()
    );
}
