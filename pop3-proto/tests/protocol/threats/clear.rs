//! Section B: credentials in clear, challenges that are traps, lists that were tampered with.

use pop3_proto::{Channel, Config};

use super::plays::{TRUSTED, USABLE, base64, plays, plays_whole};
use pop3_testkit::conversation::Conversation;

/// What a server in clear lists that tempts with everything.
const TEMPTING: &str = "
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
fn t_20_no_credential_leaves_in_clear_and_the_connection_can_be_used() {
    for login in LOGINS {
        plays(format!(
            "set stls off
            S: +OK <1@h>
            = greeting: \"<1@h>\", with a challenge
            > {login}
            {TEMPTING}
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
fn t_20_the_commands_alone_do_not_leave_in_clear_either() {
    for (op, told) in [
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
            = {told}
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
fn t_20_whoever_allows_it_by_name_may_send_credentials_in_clear() {
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
fn t_20_the_order_of_twisted_names_apop_and_nothing_else() {
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
fn t_21_a_challenge_that_is_no_msg_id_is_not_answered() {
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
fn t_21_the_challenge_of_the_rfc_is_answered_where_apop_is_named() {
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
    // Never by itself: nobody named it.
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
fn t_21_a_greeting_full_of_brackets_costs_no_time() {
    // Far over the limit of a line; and just below it, many times over.
    plays_whole(format!(
        "set channel trusted
        S: +OK {}
        = closed: limit Line 8192",
        "<".repeat(100 << 10)
    ));
    let long = format!("+OK <{}@h>\r\n", "x".repeat(512));
    assert!(!offers_apop(&long), "a msg-id, and too long");
    // A pattern that goes back for each of them would not end.
    for brackets in ["<", "<@", "<a@", "<>", "@<", "<a@b@"] {
        for _ in 0..100 {
            let text = brackets.repeat(8000 / brackets.len());
            assert!(!offers_apop(&format!("+OK {text}\r\n")));
        }
    }
}

#[test]
fn t_23_a_policy_of_scram_alone_is_not_talked_into_plain() {
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
fn t_23_a_choice_is_made_from_what_is_listed_inside_tls() {
    // In clear somebody takes SCRAM out of the list; inside, it is there.
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
