//! The error that OAUTHBEARER and XOAUTH2 servers send as one more challenge.

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

/// What a server's error tells.
fn told(challenge: &[u8]) -> OAuthError {
    let mut bearer = bearer();
    answer(&mut bearer, challenge).expect("the one answer");
    bearer.refused().expect("an error")
}

fn texts(error: &OAuthError) -> [Option<String>; 3] {
    [&error.status, &error.scope, &error.openid_configuration]
        .map(|text| text.as_ref().map(ToString::to_string))
}

#[test]
fn the_errors_of_rfc_7628_section_4_3_are_answered_once_and_told() {
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
        "invalid_token (the scope is example_scope)"
    );
}

#[test]
fn the_error_of_google_is_answered_by_an_empty_line_and_told() {
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
fn a_second_error_is_not_answered() {
    let mechanisms: [Box<dyn Mechanism>; 2] = [Box::new(bearer()), Box::new(xoauth2())];
    for mut mechanism in mechanisms {
        answer(&mut *mechanism, b"{}").expect("the one answer");
        assert_eq!(answer(&mut *mechanism, b"{}"), Err(SaslError::NothingLeft));
    }
}

#[test]
fn an_ok_behind_an_error_is_no_login() {
    let mechanisms: [Box<dyn Mechanism>; 2] = [Box::new(bearer()), Box::new(xoauth2())];
    for mut mechanism in mechanisms {
        assert_eq!(mechanism.finish(), Ok(()));
        answer(&mut *mechanism, b"{}").expect("the one answer");
        assert_eq!(mechanism.finish(), Err(SaslError::NotDone));
    }
}

#[test]
fn an_ok_before_the_token_left_is_no_login() {
    let mut unsent = OAuthBearer::new(&secret(TOKEN)).expect("a token");
    assert_eq!(unsent.finish(), Err(SaslError::NotDone));
    let mut unsent = XOAuth2::new(&user("u"), &secret(TOKEN)).expect("a token");
    assert_eq!(unsent.finish(), Err(SaslError::NotDone));
}

#[test]
fn a_refusal_without_an_error_tells_nothing() {
    assert_eq!(bearer().refused(), None);
    assert_eq!(xoauth2().refused(), None);
}

#[test]
fn an_error_that_is_no_json_object_is_kept_as_it_is() {
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
        let error = told(challenge.as_bytes());
        assert_eq!(texts(&error), [None, None, None], "{challenge}");
        assert_eq!(error.raw.as_bytes(), challenge.as_bytes());
    }
    assert_eq!(told(b"\xff\x00").raw.as_bytes(), b"\xff\x00");
}

#[test]
fn members_of_another_type_do_not_spoil_the_others() {
    let error = told(br#"{"status":401,"scope":["a"],"openid-configuration":null,"x":{"y":1}}"#);
    assert_eq!(texts(&error), [Some("401".into()), None, None]);
    let error = told(br#"{"status":true,"scope":"mail","status2":"x"}"#);
    assert_eq!(texts(&error), [None, Some("mail".into()), None]);
    assert_eq!(
        told(br#"{"status":"a","status":"b"}"#)
            .status
            .map(|s| s.to_string()),
        Some("b".into())
    );
}

#[test]
fn a_long_error_is_kept_and_not_read() {
    let padding = |octets: usize| {
        let head = r#"{"status":"400","x":""#;
        format!("{head}{}\"}}", "x".repeat(octets - head.len() - 2))
    };
    let longest = padding(4 << 10);
    let error = told(longest.as_bytes());
    assert_eq!(texts(&error), [Some("400".into()), None, None]);
    assert_eq!(error.raw.as_bytes(), longest.as_bytes());
    let longer = padding((4 << 10) + 1);
    let error = told(longer.as_bytes());
    assert_eq!(texts(&error), [None, None, None]);
    assert_eq!(error.raw.as_bytes(), longer.as_bytes());
}

#[test]
fn a_token_that_a_server_echoes_is_redacted() {
    for challenge in [
        format!("{TOKEN} is no good"),
        format!("-{TOKEN}"),
        format!(r#"{{"status":"{TOKEN}","scope":"{TOKEN} {TOKEN}"}}"#),
        // The same string, spelt as other encoders of JSON do.
        format!(r#"{{"status":"x","y":"{}"}}"#, TOKEN.replace('/', "\\/")),
        format!(r#"{{"status":"{}"}}"#, TOKEN.replace('y', "\\u0079")),
        format!(r#"{{"{}":["x"]}}"#, TOKEN.replace('/', "\\/")),
        // Where the cut comes in the middle of it.
        format!("{}{TOKEN}", "x".repeat((4 << 10) - 5)),
    ] {
        let error = told(challenge.as_bytes());
        let shown = format!(
            "{error:?} {error} {}",
            String::from_utf8_lossy(error.raw.as_bytes())
        );
        assert!(!shown.contains("ya29"), "{shown}");
        assert!(!shown.contains("with+all"), "{shown}");
    }
}

#[test]
fn a_server_cannot_write_to_the_terminal_through_an_error() {
    let error = told(b"{\"status\":\"\\u001b[31m\",\"scope\":\"\\u202eevil\"}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
}

#[test]
fn the_authorization_identity_is_escaped() {
    let mut bearer = OAuthBearer::new(&secret("t"))
        .expect("a token")
        .with_authzid(&user("u,x=y"));
    let response = bearer.initial_response().expect("OAUTHBEARER speaks first");
    assert_eq!(
        response.as_bytes(),
        b"n,a=u=2Cx=3Dy,\x01auth=Bearer t\x01\x01"
    );
}

#[test]
fn a_token_of_many_kibibytes_is_sent_whole() {
    let token = "t".repeat(16 << 10);
    let mut xoauth2 = XOAuth2::new(&user("u"), &secret(&token)).expect("a token");
    let response = xoauth2.initial_response().expect("XOAUTH2 speaks first");
    assert_eq!(
        response.as_bytes(),
        format!("user=u\u{1}auth=Bearer {token}\u{1}\u{1}").as_bytes()
    );
}
