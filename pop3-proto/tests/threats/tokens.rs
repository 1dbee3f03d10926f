//! Section B: tokens, referrals, and how often credentials are sent.

use crate::plays::{TRUSTED, USABLE, auth, base64, dead, plays, plays_long};

const STALE: &str = "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=";

fn oauthbearer(token: &str) -> String {
    let message = format!("n,a=alice,\x01auth=Bearer {token}\x01\x01");
    format!("OAUTHBEARER {}", base64(message))
}

fn xoauth2(token: &str) -> String {
    let message = format!("user=alice\x01auth=Bearer {token}\x01\x01");
    format!("XOAUTH2 {}", base64(message))
}

/// A login with a token, up to its `AUTH`.
fn with_token(mechanism: &str) -> String {
    let command = if mechanism == "XOAUTH2" {
        xoauth2("vF9dft4q")
    } else {
        oauthbearer("vF9dft4q")
    };
    let login = format!("login-token alice vF9dft4q only={mechanism}");
    auth(mechanism, &login, &command)
}

#[test]
fn t_29_what_a_server_says_about_a_token_is_answered_once() {
    for (mechanism, answer) in [("OAUTHBEARER", "AQ=="), ("XOAUTH2", "")] {
        plays(format!(
            "{}
            S: + {STALE}
            C: {answer}
            S: -ERR no
            = login: failed: auth AUTH \"no\", token \"invalid_token\"
            {USABLE}",
            with_token(mechanism)
        ));
        let nothing = format!("protocol Sasl {{ mechanism: \"{mechanism}\", cause: NothingLeft }}");
        plays(format!(
            "{}
            S: + {STALE}
            C: {answer}
            S: + {STALE}
            C: *
            {}",
            with_token(mechanism),
            dead(&nothing)
        ));
        // A refusal that was answered is no way to get in.
        let not_done = format!("protocol Sasl {{ mechanism: \"{mechanism}\", cause: NotDone }}");
        plays(format!(
            "{}
            S: + {STALE}
            C: {answer}
            S: +OK
            {}",
            with_token(mechanism),
            dead(&not_done)
        ));
    }
}

#[test]
fn t_29_what_is_no_json_or_too_much_of_it_is_only_text() {
    let long = format!("{{\"status\":\"{}\"}}", "x".repeat(5 << 10));
    for text in ["", "{", "[]", "no", "{\"status\":[1]}", "\u{fffd}", &long] {
        plays_long(format!(
            "{}
            S: + {}
            C: AQ==
            S: -ERR no
            = login: failed: auth AUTH \"no\", token \"\"
            {USABLE}",
            with_token("OAUTHBEARER"),
            base64(text)
        ));
    }
}

#[test]
fn t_35_a_referral_is_text_and_nobody_follows_it() {
    let text = "[REFERRAL/pop://x@evil] moved";
    let code = "Other(\"REFERRAL/pop://x@evil\")";
    plays(format!(
        "{}
        S: -ERR {text}
        = login: failed: auth AUTH \"{text}\" {code}
        {USABLE}",
        with_token("OAUTHBEARER")
    ));
    plays(format!(
        "{TRUSTED}
        > login alice secret first=USER/PASS
        C: CAPA
        S: -ERR
        C: USER alice
        S: +OK
        C: PASS secret
        S: -ERR {text}
        = login: failed: auth PASS \"{text}\" {code}
        > user alice
        C: USER alice
        S: -ERR {text}
        = user: failed: refused USER \"{text}\" {code}
        {USABLE}"
    ));
}

#[test]
fn t_36_a_password_that_is_refused_is_not_sent_again() {
    let plain = format!("PLAIN {}", base64("\0alice\0secret"));
    for code in ["no", "[AUTH] no", "[IN-USE] no", "[SYS/TEMP] no"] {
        let shown = match code {
            "[AUTH] no" => " Auth",
            "[IN-USE] no" => " InUse",
            "[SYS/TEMP] no" => " SysTemp",
            _ => "",
        };
        plays(format!(
            "{}
            S: -ERR {code}
            = login: failed: auth AUTH \"{code}\"{shown}
            {USABLE}",
            auth("PLAIN LOGIN", "login alice secret", &plain)
        ));
        plays(format!(
            "{TRUSTED}
            > login alice secret
            C: CAPA
            S: -ERR
            C: USER alice
            S: +OK
            C: PASS secret
            S: -ERR {code}
            = login: failed: auth PASS \"{code}\"{shown}
            {USABLE}"
        ));
    }
    plays(format!(
        "{}
        S: + {STALE}
        C: AQ==
        S: -ERR no
        = login: failed: auth AUTH \"no\", token \"invalid_token\"
        {USABLE}",
        with_token("OAUTHBEARER")
    ));
}

/// A login by somebody who has three tokens, up to the first `AUTH`.
fn with_tokens(mechanism: &str) -> String {
    let login = format!("login-tokens alice one two three only={mechanism}");
    auth(mechanism, &login, &command(mechanism, "one"))
}

fn command(mechanism: &str, token: &str) -> String {
    match mechanism {
        "XOAUTH2" => xoauth2(token),
        _ => oauthbearer(token),
    }
}

/// What says that a token is stale, with the client's answer.
fn stale() -> [(&'static str, String, &'static str); 4] {
    let json = |status: &str| base64(format!("{{\"status\":\"{status}\"}}"));
    [
        (
            "OAUTHBEARER",
            format!("S: + {STALE}\nC: AQ==\nS: -ERR no\n"),
            ", token \"invalid_token\"",
        ),
        (
            "XOAUTH2",
            format!("S: + {}\nC:\nS: -ERR no\n", json("400")),
            ", token \"400\"",
        ),
        (
            "XOAUTH2",
            format!("S: + {}\nC:\nS: -ERR no\n", json("401")),
            ", token \"401\"",
        ),
        ("XOAUTH2", "S: -ERR no\n".to_owned(), ""),
    ]
}

#[test]
fn t_36_a_stale_token_is_replaced_once_and_never_twice() {
    for (mechanism, refusal, token) in stale() {
        let second = command(mechanism, "two");
        let before = with_tokens(mechanism);
        plays(format!(
            "{before}
            {refusal}
            C: AUTH {second}
            {refusal}
            = login: failed: auth AUTH \"no\"{token}
            {USABLE}"
        ));
        plays(format!(
            "{before}
            {refusal}
            C: AUTH {second}
            S: +OK
            C: CAPA
            S: -ERR
            = login: ok"
        ));
    }
}

#[test]
fn t_36_any_other_refusal_of_a_token_is_final() {
    let json = |status: &str| base64(format!("{{\"status\":\"{status}\"}}"));
    let said = |mechanism: &str, status: &str| {
        let answer = if mechanism == "XOAUTH2" { "" } else { "AQ==" };
        format!("S: + {}\nC: {answer}\nS: -ERR no\n", json(status))
    };
    for (mechanism, refusal, told) in [
        ("OAUTHBEARER", "S: -ERR no\n".to_owned(), "\"no\""),
        (
            "OAUTHBEARER",
            "S: -ERR [AUTH] no\n".to_owned(),
            "\"[AUTH] no\" Auth",
        ),
        (
            "OAUTHBEARER",
            said("OAUTHBEARER", "insufficient_scope"),
            "\"no\", token \"insufficient_scope\"",
        ),
        (
            "OAUTHBEARER",
            said("OAUTHBEARER", "401"),
            "\"no\", token \"401\"",
        ),
        ("XOAUTH2", said("XOAUTH2", "403"), "\"no\", token \"403\""),
        (
            "XOAUTH2",
            "S: -ERR [AUTH] no\n".to_owned(),
            "\"[AUTH] no\" Auth",
        ),
        (
            "XOAUTH2",
            "S: -ERR [IN-USE] no\n".to_owned(),
            "\"[IN-USE] no\" InUse",
        ),
        (
            "XOAUTH2",
            "S: -ERR unknown command\n".to_owned(),
            "\"unknown command\"",
        ),
    ] {
        plays(format!(
            "{}
            {refusal}
            = login: failed: auth AUTH {told}
            {USABLE}",
            with_tokens(mechanism)
        ));
    }
}

#[test]
fn t_36_a_token_that_is_a_word_of_the_answer_hides_no_reason() {
    // As a password that looks like a status changes no status.
    let login = "login-tokens alice token two only=OAUTHBEARER";
    plays(format!(
        "{}
        S: + {STALE}
        C: AQ==
        S: -ERR no
        C: AUTH {}",
        auth("OAUTHBEARER", login, &oauthbearer("token")),
        oauthbearer("two")
    ));
}
