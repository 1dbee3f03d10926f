//! Section A: whoever stands between client and server before TLS is in place.

use pop3_proto::{Channel, Config};

use super::plays::{dead, plays};
use pop3_testkit::conversation::Conversation;

const OFFERED: &str = "
    S: +OK ready
    = greeting: \"ready\"
    > login alice secret
    C: CAPA
    S: +OK
    S: STLS
    S: SASL PLAIN
    S: UIDL
    S: .
    C: STLS
";

#[test]
fn t_01_a_list_without_stls_is_the_end_and_no_credential_leaves() {
    let gone = dead("security StlsUnavailable");
    for login in ["", " only=APOP", " only=PLAIN", " first=USER/PASS"] {
        plays(format!(
            "S: +OK <1@h>
            = greeting: \"<1@h>\", with a challenge
            > login alice secret{login}
            C: CAPA
            S: +OK
            S: USER
            S: .
            {gone}"
        ));
    }
    plays(
        "S: +OK ready
        = greeting: \"ready\"
        > stls
        C: CAPA
        S: +OK
        S: USER
        S: .
        = stls: failed: security StlsUnavailable
        = closed: security StlsUnavailable",
    );
}

#[test]
fn t_01_without_capa_stls_is_tried_unlisted_and_a_refusal_is_the_end() {
    plays(format!(
        "set capa never
        S: +OK ready
        = greeting: \"ready\"
        > login alice secret
        C: STLS
        S: -ERR what?
        {}",
        dead("security StlsRefused \"what?\"")
    ));
}

#[test]
fn t_02_a_refusal_of_stls_is_the_end_whatever_replies_are_prepared_behind_it() {
    let refused = dead("security StlsRefused \"currently unavailable\"");
    plays(format!(
        "{OFFERED}
        S: -ERR currently unavailable
        S: +OK user accepted
        S: +OK authenticated
        {refused}"
    ));
    plays(format!(
        "{OFFERED} S: -ERR currently unavailable\n{refused}"
    ));
}

#[test]
fn t_03_a_refusal_of_capa_forces_nobody_into_clear() {
    plays(format!(
        "S: +OK ready
        = greeting: \"ready\"
        > login alice secret
        C: CAPA
        S: -ERR Not implemented
        {}",
        dead("security StlsUnavailable, after CAPA \"Not implemented\"")
    ));
}

/// A session with a server that falls silent after it has said this.
fn silent_after(said: &[&str]) -> Conversation {
    let mut session = Conversation::new(Config::default(), Channel::Plain);
    session.ask("login alice secret");
    for octets in said {
        session.server(octets);
    }
    session.reported();
    session.sent();
    session
}

#[test]
fn t_04_a_server_that_falls_silent_before_tls_is_given_up() {
    let offers = "+OK\r\nSTLS\r\n.\r\n";
    let cases: [(&[&str], u64, &str); 7] = [
        (&[], 60, "timeout Greeting"),
        (&["+O"], 60, "timeout Stall"),
        (&["+OK\r\n"], 180, "timeout FirstOctet CAPA"),
        (&["+OK\r\n", "+OK\r\nSTLS\r\n"], 60, "timeout Stall"),
        (&["+OK\r\n", offers], 180, "timeout FirstOctet STLS"),
        (&["+OK\r\n", offers, "+"], 60, "timeout Stall"),
        (&["+OK\r\n", offers, "+OK\r\n"], 30, "timeout TlsHandshake"),
    ];
    for (said, seconds, timeout) in cases {
        let mut session = silent_after(said);
        session.wait(seconds - 1);
        assert_eq!(session.reported(), [""; 0], "too early, after {said:?}");
        session.wait(1);
        let failed = [
            format!("login: failed: {timeout}"),
            format!("closed: {timeout}"),
        ];
        assert_eq!(session.reported(), failed, "after {said:?}");
        assert_eq!(session.sent(), "", "after {said:?}");
        session.assert_over();
    }
}

#[test]
fn t_08_what_was_listed_in_clear_is_not_believed_inside_tls() {
    let offered = OFFERED.replace(
        "login alice secret",
        "login user pencil nonce=rOprNGfwEbeRWgbNEkqO",
    );
    plays(format!(
        "{offered}
        S: +OK
        ? tls: wanted
        ! tls
        ? capabilities: unknown
        ? greeting: none
        C: CAPA
        S: +OK
        S: SASL SCRAM-SHA-256
        S: .
        C: AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=
        ? capabilities: SASL SCRAM-SHA-256"
    ));
}

#[test]
fn t_08_a_refusal_of_capa_inside_tls_leaves_nothing_known() {
    plays(format!(
        "{OFFERED}
        S: +OK
        ! tls
        ? greeting: none
        ? capabilities: unknown
        C: CAPA
        S: -ERR
        ? capabilities: unknown
        C: USER alice
        S: -ERR
        = login: failed: auth USER \"\""
    ));
    // The list in clear named PLAIN; inside, nothing says that AUTH is known.
    plays(format!(
        "{}
        S: +OK
        ! tls
        C: CAPA
        S: -ERR
        = login: failed: auth no safe login, NoSasl, after CAPA \"\"",
        OFFERED.replace("login alice secret", "login alice secret first=PLAIN")
    ));
}

#[test]
fn t_08b_a_challenge_that_came_in_clear_is_not_answered_inside_tls() {
    for (op, told) in [
        ("apop alice secret", "apop"),
        ("login alice secret only=APOP", "login"),
        ("login alice secret twisted first=APOP", "login"),
    ] {
        plays(format!(
            "S: +OK <1@h>
            = greeting: \"<1@h>\", with a challenge
            > stls
            C: CAPA
            S: +OK
            S: STLS
            S: .
            C: STLS
            S: +OK
            ! tls
            C: CAPA
            S: +OK
            S: .
            = stls: none
            > {op}
            = {told}: failed: auth no safe login, ChallengeInClear
            > quit
            C: QUIT
            S: +OK
            = quit: committed
            = closed"
        ));
    }
}
