//! Section B: tokens, referrals, and how often credentials are sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3_proto::{Channel, Config, Event, error::Advice};

use super::plays::{TRUSTED, USABLE, auth, base64, login_fails, plays, plays_long};
use pop3_testkit::conversation::Conversation;

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
fn t_29_token_error_is_answered_once() {
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
            login_fails(&nothing)
        ));
        // After an error that was answered, `+OK` does not log in.
        let not_done = format!("protocol Sasl {{ mechanism: \"{mechanism}\", cause: NotDone }}");
        plays(format!(
            "{}
            S: + {STALE}
            C: {answer}
            S: +OK
            {}",
            with_token(mechanism),
            login_fails(&not_done)
        ));
    }
}

/// Logins with a password up to its reply, each with the client's answer to a challenge there and
/// the command that is refused.
fn with_password() -> [(String, &'static str, &'static str); 2] {
    let plain = base64("\0alice\0vF9dft4q");
    let user = format!(
        "{TRUSTED}
        > login alice vF9dft4q
        C: CAPA
        S: +OK
        S: USER
        S: .
        C: USER alice
        S: +OK
        C: PASS vF9dft4q"
    );
    let login = "login alice vF9dft4q only=PLAIN";
    [
        (user, "", "PASS"),
        (auth("PLAIN", login, &format!("PLAIN {plain}")), "*", "AUTH"),
    ]
}

#[test]
fn t_29_challenge_after_password_is_parsed() {
    let long = format!("{{\"status\":\"{}\"}}", "x".repeat(5 << 10));
    for (begin, answer, verb) in with_password() {
        for (text, status) in [
            (STALE.to_owned(), "invalid_token"),
            (base64("{\"status\":401}"), "401"),
            (base64("{\"status\":[1]}"), ""),
            (base64("go away"), ""),
            (base64(&long), ""),
        ] {
            for (refusal, code) in [("no", ""), ("[AUTH] no", " Auth"), ("[IN-USE] x", " InUse")] {
                plays_long(format!(
                    "{begin}
                    S: + {text}
                    C: {answer}
                    S: -ERR {refusal}
                    = login: failed: auth {verb} \"{refusal}\"{code}, token \"{status}\"
                    {USABLE}"
                ));
            }
        }
        // An invalid challenge is an invalid status.
        let bad = format!("protocol BadStatus {verb} \"+eyJ9\"");
        plays(format!("{begin}\nS: +eyJ9\n{}", login_fails(&bad)));
    }
    let [(pass, ..), (plain, ..)] = with_password();
    for text in ["", " ", " no base64 at all", " ====", " eyJ9="] {
        // After PASS, only valid base64 is a challenge.
        let bad = format!("protocol BadStatus PASS \"+{text}\"");
        plays(format!(
            "{pass}\nS: +{}\n{}",
            text.replacen(' ', "\\x20", 1),
            login_fails(&bad)
        ));
    }
    // After AUTH, the space may be missing if the challenge is empty.
    for text in ["", "\\x20"] {
        plays(format!(
            "{plain}
            S: +{text}
            C: *
            S: -ERR no
            = login: failed: auth AUTH \"no\", token \"\"
            {USABLE}"
        ));
    }
    for text in ["no base64 at all", "====", "eyJ9="] {
        plays(format!(
            "{plain}
            S: + {text}
            C: *
            S: -ERR no
            [lenient] = login: failed: auth AUTH \"no\", token \"\"
            [strict] = login: failed: auth BadChallenge(\"it is not base64\"), \"no\"
            {USABLE}"
        ));
    }
}

#[test]
fn t_29_challenge_after_password_is_in_the_error() {
    let login = |challenge: &str, refusal: &str| {
        let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
        session.server("+OK\r\n");
        session.ask("login alice vF9dft4q");
        session.server("+OK\r\nSASL PLAIN\r\n.\r\n");
        session.server(format!("+ {challenge}\r\n"));
        if refusal.is_empty() {
            session.eof();
        } else {
            session.server(format!("{refusal}\r\n"));
        }
        let mut events = session.events().into_iter();
        let reply = events.find(|event| matches!(event, Event::Reply { .. }));
        let Some(Event::Reply { result, .. }) = reply else {
            panic!("{events:?}");
        };
        let error = result.expect_err("refused");
        (error.to_string(), error.advice())
    };
    let json = base64("{\"status\":\"401\",\"scope\":\"https://mail.google.com/\"}");
    let (text, advice) = login(&json, "-ERR [AUTH] no");
    assert!(text.contains("[AUTH] no"), "{text}");
    assert!(text.contains("unexpected challenge: 401 (required scope: https://mail.google.com/)"));
    assert!(!text.contains(&json), "{text}");
    assert_eq!(advice, Some(Advice::CheckCredentials));
    assert_eq!(login(&json, "-ERR no").1, Some(Advice::CheckCredentials));
    assert_eq!(login(&json, "-ERR [SYS/TEMP] x").1, Some(Advice::TryLater));
    assert_eq!(login("", "-ERR no").1, Some(Advice::Unknown));
    // A proxy that closes the connection instead of sending -ERR.
    let (text, advice) = login(&json, "");
    assert!(text.contains("unexpected extra challenge: the server sent 401 (required scope:"));
    assert_eq!(advice, Some(Advice::CheckCredentials));
    let (text, advice) = login("", "");
    assert!(
        text.contains("unexpected extra challenge: it is empty"),
        "{text}"
    );
    assert_eq!(advice, Some(Advice::Unknown));
    let (text, _) = login("", "-ERR no");
    assert!(text.contains("an unexpected empty challenge"), "{text}");
    let (text, _) = login("try again!", "-ERR no");
    assert!(text.contains("unexpected challenge: try again!"), "{text}");
    let (text, _) = login(&base64("\x1b[2J"), "-ERR no");
    assert!(text.contains("unexpected challenge: \\u{1b}[2J"), "{text}");
}

#[test]
fn t_29_challenge_after_password_is_redacted() {
    for (begin, answer, verb) in with_password() {
        for text in [
            "vF9dft4q",
            "PASS vF9dft4q",
            "{\"status\":\"vF9dft4q\",\"scope\":\"vF9dft4q\"}",
            "{\"status\":\"\\u0076F9dft4q\"}",
            "{\"x\":\"\\u0076F9dft4q\"}",
            "AHZGOWRmdDRx",
        ] {
            for text in [base64(text), text.to_owned()] {
                let answered = verb == "AUTH" || STANDARD.decode(&text).is_ok();
                if !answered && text.contains('\\') {
                    // JSON in place of a status is not parsed.
                    continue;
                }
                let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
                session.server("+OK\r\n");
                session.ask(if verb == "PASS" {
                    "login alice vF9dft4q only=USER/PASS"
                } else {
                    "login alice vF9dft4q only=PLAIN"
                });
                session.server("+OK\r\nSASL PLAIN\r\nUSER\r\n.\r\n");
                if verb == "PASS" {
                    session.server("+OK\r\n");
                }
                session.sent();
                session.server(format!("+ {text}\r\n"));
                let answer = if answered {
                    [answer, "\r\n"].concat()
                } else {
                    String::new()
                };
                assert_eq!(session.sent(), answer, "{begin}");
                session.eof();
                for event in session.events() {
                    let shown = format!("{event:?}");
                    assert!(!shown.contains("F9dft4q"), "{text}: {shown}");
                    assert!(!shown.contains("GOWRmdDR"), "{text}: {shown}");
                }
            }
        }
    }
}

#[test]
fn t_29_challenge_after_password_is_limited() {
    for (begin, _, verb) in with_password() {
        let cancelled = if verb == "PASS" { "" } else { "C: *\n" };
        let what = login_fails("limit ChallengeOctets 8");
        plays_long(format!(
            "set challenge-octets 8\n{begin}\nS: + {}\n{cancelled}{what}",
            "A".repeat(12)
        ));
    }
    // A challenge after PASS has the limit of a status line.
    let [(pass, ..), _] = with_password();
    let what = login_fails("limit Line 512");
    plays_long(format!(
        "set line-limit 512\n{pass}\nS: + {}\n{what}",
        "A".repeat(600)
    ));
}

#[test]
fn t_29_invalid_or_long_json_is_kept_as_text() {
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
fn t_35_referral_is_not_followed() {
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
fn t_36_refused_password_is_not_sent_again() {
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

/// A login with three tokens, up to the first `AUTH`.
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

/// Server replies that mark a token as stale, with the client's response.
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
fn t_36_stale_token_is_replaced_only_once() {
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
fn t_36_other_token_refusals_are_final() {
    let json = |status: &str| base64(format!("{{\"status\":\"{status}\"}}"));
    let error_reply = |mechanism: &str, status: &str| {
        let answer = if mechanism == "XOAUTH2" { "" } else { "AQ==" };
        format!("S: + {}\nC: {answer}\nS: -ERR no\n", json(status))
    };
    for (mechanism, refusal, reported) in [
        ("OAUTHBEARER", "S: -ERR no\n".to_owned(), "\"no\""),
        (
            "OAUTHBEARER",
            "S: -ERR [AUTH] no\n".to_owned(),
            "\"[AUTH] no\" Auth",
        ),
        (
            "OAUTHBEARER",
            error_reply("OAUTHBEARER", "insufficient_scope"),
            "\"no\", token \"insufficient_scope\"",
        ),
        (
            "OAUTHBEARER",
            error_reply("OAUTHBEARER", "401"),
            "\"no\", token \"401\"",
        ),
        (
            "XOAUTH2",
            error_reply("XOAUTH2", "403"),
            "\"no\", token \"403\"",
        ),
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
            = login: failed: auth AUTH {reported}
            {USABLE}",
            with_tokens(mechanism)
        ));
    }
}

#[test]
fn t_36_token_within_error_status_does_not_change_it() {
    // The token is `token`, which occurs in the error's status `invalid_token`. Redaction must not
    // change the status before it is parsed.
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
