//! Section B: credentials in cleartext, malicious APOP challenges, and modified capabilities.

use pop3_proto::{Channel, Config};

use super::plays::{TRUSTED, USABLE, base64, plays, plays_whole};
use pop3_testkit::conversation::Conversation;

/// The capabilities of a server that advertises all mechanisms in cleartext.
const ALL_MECHANISMS: &str = "
    C: CAPA
    S: +OK
    S: STLS
    S: USER
    S: SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512 OAUTHBEARER XOAUTH2 EXTERNAL ANONYMOUS
    S: .
";

const LOGINS: [&str; 21] = [
    "login alice secret",
    "login alice secret only=SCRAM-SHA-512",
    "login alice secret only=SCRAM-SHA-256",
    "login alice secret only=SCRAM-SHA-1",
    "login alice secret only=PLAIN",
    "login alice secret only=USER/PASS",
    "login alice secret only=LOGIN",
    "login alice secret only=CRAM-MD5",
    "login alice secret only=APOP",
    "login alice secret first=APOP,USER/PASS",
    "login alice secret each=CRAM-MD5,PLAIN,APOP,USER/PASS",
    "login-token alice token",
    "login-token alice token only=OAUTHBEARER",
    "login-token alice token only=XOAUTH2",
    "login-certificate",
    "login-certificate only=EXTERNAL",
    "login-anonymous trace",
    "login-anonymous trace only=ANONYMOUS",
    "login-tokens alice token",
    "login alice secret first=SCRAM-SHA-256,SCRAM-SHA-1",
    "login-token alice token first=XOAUTH2,OAUTHBEARER",
];

#[test]
fn t_20_login_sends_no_credentials_in_cleartext() {
    for login in LOGINS {
        plays(format!(
            "set stls off
            S: +OK <1@h>
            = greeting: \"<1@h>\", with a challenge
            > {login}
            {ALL_MECHANISMS}
            = login: failed: auth no safe login, Cleartext
            > capa
            C: CAPA
            S: +OK
            S: UIDL
            S: .
            = capa: UIDL
            {USABLE}"
        ));
    }
}

#[test]
fn t_20_login_commands_are_not_sent_in_cleartext() {
    for (op, reported) in [
        ("user alice", "user: failed: auth no safe login, Cleartext"),
        (
            "apop alice secret",
            "apop: failed: auth no safe login, Cleartext",
        ),
        ("pass secret", "pass: failed: misuse PASS without USER"),
    ] {
        plays(format!(
            "S: +OK <1@h>
            = greeting: \"<1@h>\", with a challenge
            > {op}
            = {reported}
            > capa
            C: CAPA
            S: +OK
            S: .
            = capa: none
            {USABLE}"
        ));
    }
}

#[test]
fn t_20_explicit_permission_allows_credentials_in_cleartext() {
    let plain = base64("\0alice\0secret");
    for allowed in [
        "set stls off\nset allow-insecure-login",
        "set channel trusted",
    ] {
        plays(format!(
            "{allowed}
            S: +OK
            = greeting: \"\"
            > login alice secret
            C: CAPA
            S: +OK
            S: SASL PLAIN
            S: .
            C: AUTH PLAIN {plain}
            S: -ERR no
            = login: failed: auth AUTH \"no\"
            > user alice
            C: USER alice
            S: +OK
            = user: ok
            {USABLE}"
        ));
    }
}

#[test]
fn t_20_twisted_policy_allows_only_apop_in_cleartext() {
    plays(
        "S: +OK <1896.697170952@dbc.mtview.ca.us>
        = greeting: \"<1896.697170952@dbc.mtview.ca.us>\", with a challenge
        > login mrose tanstaaf twisted
        C: CAPA
        S: -ERR
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: -ERR no
        = login: failed: auth APOP \"no\"",
    );
    plays(format!(
        "S: +OK ready
        = greeting: \"ready\"
        > login mrose tanstaaf twisted
        C: CAPA
        S: -ERR
        = login: failed: auth no safe login, APOP NoChallenge, USER/PASS Cleartext
        {USABLE}"
    ));
}

#[test]
fn t_21_invalid_apop_challenge_is_not_answered() {
    for greeting in [
        "<a\\xff@b>",
        "<abc>",
        "<a @b>",
        "<@b>",
        "<a@>",
        "<a@b><c@d>",
        "<a@b> or <c@d>",
        "<a@b@c>",
        "<a\\x01@b>",
        "<a@b",
        "a@b>",
    ] {
        let shown = greeting.replace("\\x01", "\\u{1}");
        plays(format!(
            "set channel trusted
            S: +OK {greeting}
            = greeting: \"{shown}\"
            > apop user secret
            = apop: failed: auth no safe login, NoChallenge
            > login user secret only=APOP
            C: CAPA
            S: -ERR
            = login: failed: auth no safe login, NoChallenge
            {USABLE}"
        ));
    }
}

#[test]
fn t_21_apop_is_used_only_if_selected() {
    let greeting = "<1896.697170952@dbc.mtview.ca.us>";
    let greeted = format!(
        "set channel trusted
        S: +OK POP3 server ready {greeting}
        = greeting: \"POP3 server ready {greeting}\", with a challenge"
    );
    plays(format!(
        "{greeted}
        > apop mrose tanstaaf
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 1 message (369 octets)
        = apop: ok \"maildrop has 1 message (369 octets)\""
    ));
    // APOP is never used unless the caller selects it.
    plays(format!(
        "{greeted}
        > login mrose tanstaaf
        C: CAPA
        S: -ERR
        C: USER mrose
        S: -ERR no
        = login: failed: auth USER \"no\""
    ));
}

fn offers_apop(greeting: &str) -> bool {
    let mut session = Conversation::new(Config::default(), Channel::Plain);
    session.server(greeting);
    session
        .connection
        .greeting()
        .expect("a greeting")
        .challenge
        .is_some()
}

#[test]
fn t_21_greeting_full_of_brackets_is_parsed_quickly() {
    // Far over the line limit, and many lines just below it.
    plays_whole(format!(
        "set channel trusted
        S: +OK {}
        = closed: limit Line 8192",
        "<".repeat(100 << 10)
    ));
    let long = format!("+OK <{}@h>\r\n", "x".repeat(512));
    assert!(!offers_apop(&long), "the msg-id is too long");
    // A parser that backtracks for each bracket would not finish in time.
    for brackets in ["<", "<@", "<a@", "<>", "@<", "<a@b@"] {
        for _ in 0..100 {
            let text = brackets.repeat(8000 / brackets.len());
            assert!(!offers_apop(&format!("+OK {text}\r\n")));
        }
    }
}

#[test]
fn t_23_scram_only_policy_never_uses_plain() {
    plays(format!(
        "{TRUSTED}
        > login alice secret first=SCRAM-SHA-512,SCRAM-SHA-256,SCRAM-SHA-1
        C: CAPA
        S: +OK
        S: SASL PLAIN
        S: .
        = login: failed: auth no safe login, NotListed
        {USABLE}"
    ));
}

#[test]
fn t_23_mechanism_is_chosen_from_capabilities_inside_tls() {
    // An attacker removes SCRAM from the list before TLS; inside TLS it is advertised.
    plays(
        "S: +OK
        = greeting: \"\"
        > login user pencil nonce=rOprNGfwEbeRWgbNEkqO
        C: CAPA
        S: +OK
        S: STLS
        S: SASL PLAIN
        S: .
        C: STLS
        S: +OK
        ! tls
        C: CAPA
        S: +OK
        S: SASL PLAIN SCRAM-SHA-256
        S: .
        C: AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=",
    );
}
