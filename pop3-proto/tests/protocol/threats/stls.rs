//! Section A: attackers between client and server before TLS is established.

use pop3_proto::{Channel, Config};

use super::plays::{login_fails, plays};
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
fn t_01_missing_stls_is_fatal_without_sending_credentials() {
    let unavailable = login_fails("security StlsUnavailable");
    for login in ["", " only=APOP", " only=PLAIN", " first=USER/PASS"] {
        plays(format!(
            "S: +OK <1@h>
            = greeting: \"<1@h>\", with a challenge
            > login alice secret{login}
            C: CAPA
            S: +OK
            S: USER
            S: .
            {unavailable}"
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
fn t_01_stls_is_tried_without_capa() {
    plays(format!(
        "set capa never
        S: +OK ready
        = greeting: \"ready\"
        > login alice secret
        C: STLS
        S: -ERR what?
        {}",
        login_fails("security StlsRefused \"what?\"")
    ));
}

#[test]
fn t_02_refused_stls_is_fatal_despite_prepared_replies() {
    let refused = login_fails("security StlsRefused \"currently unavailable\"");
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
fn t_03_refused_capa_does_not_disable_tls() {
    plays(format!(
        "S: +OK ready
        = greeting: \"ready\"
        > login alice secret
        C: CAPA
        S: -ERR Not implemented
        {}",
        login_fails("security StlsUnavailable, after CAPA \"Not implemented\"")
    ));
}

/// A session whose server stops responding after these octets.
fn server_stops_after(received: &[&str]) -> Conversation {
    let mut session = Conversation::new(Config::default(), Channel::Plain);
    session.ask("login alice secret");
    for octets in received {
        session.server(octets);
    }
    session.reported();
    session.sent();
    session
}

#[test]
fn t_04_silent_server_before_tls_times_out() {
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
    for (received, seconds, timeout) in cases {
        let mut session = server_stops_after(received);
        session.wait(seconds - 1);
        assert_eq!(session.reported(), [""; 0], "too early, after {received:?}");
        session.wait(1);
        let failed = [
            format!("login: failed: {timeout}"),
            format!("closed: {timeout}"),
        ];
        assert_eq!(session.reported(), failed, "after {received:?}");
        assert_eq!(session.sent(), "", "after {received:?}");
        session.assert_over();
    }
}

#[test]
fn t_08_cleartext_capabilities_are_discarded_inside_tls() {
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
fn t_08_refused_capa_inside_tls_leaves_capabilities_unknown() {
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
    // Before TLS the server advertised PLAIN; inside TLS, AUTH is not known to be supported.
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
fn t_08b_cleartext_apop_challenge_is_not_answered() {
    for (op, reported) in [
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
            = {reported}: failed: auth no safe login, ChallengeInClear
            > quit
            C: QUIT
            S: +OK
            = quit: committed
            = closed"
        ));
    }
}
