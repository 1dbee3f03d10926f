//! Section B: invalid challenges, too many challenges, and premature success.

use pop3_proto::sasl::{Mechanism, Progress, Response, SaslError};
use pop3_proto::{Channel, Config, Login};

use super::plays::{TRUSTED, USABLE, auth, base64, login_fails, plays};
use pop3_testkit::conversation::Conversation;

const NONCE: &str = "nonce=rOprNGfwEbeRWgbNEkqO";
const FIRST: &str = "biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=";

/// A login with SCRAM up to the first challenge, where PLAIN and `USER` would be possible, too.
fn scram(order: &str) -> String {
    auth(
        "SCRAM-SHA-256 PLAIN LOGIN",
        &format!("login user pencil {NONCE} {order}"),
        &format!("SCRAM-SHA-256 {FIRST}"),
    )
}

const NOT_BASE64: &str = "= login: failed: auth BadChallenge(\"it is not base64\"), \"\"";

#[test]
fn t_22_invalid_challenge_is_cancelled_without_fallback() {
    for order in [
        "",
        "first=SCRAM-SHA-256,PLAIN",
        "each=SCRAM-SHA-256,PLAIN,LOGIN,USER/PASS",
    ] {
        plays(format!(
            "{}
            S: + !!!!
            C: *
            S: -ERR
            {NOT_BASE64}
            {USABLE}",
            scram(order)
        ));
    }
}

#[test]
fn t_22_refused_login_falls_back_only_if_allowed() {
    for order in ["", "first=SCRAM-SHA-256,PLAIN"] {
        plays(format!(
            "{}
            S: -ERR no
            = login: failed: auth AUTH \"no\"
            {USABLE}",
            scram(order)
        ));
    }
    plays(format!(
        "{}
        S: -ERR no
        C: AUTH PLAIN {}
        S: -ERR no
        = login: failed: auth AUTH \"no\"
        {USABLE}",
        scram("each=SCRAM-SHA-256,PLAIN"),
        base64("\0user\0pencil")
    ));
    plays(format!(
        "set channel trusted
        S: +OK <1896.697170952@dbc.mtview.ca.us>
        = greeting: \"<1896.697170952@dbc.mtview.ca.us>\", with a challenge
        > login mrose tanstaaf first=APOP,USER/PASS
        C: CAPA
        S: +OK
        S: USER
        S: .
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: -ERR no
        = login: failed: auth APOP \"no\"
        {USABLE}"
    ));
}

#[test]
fn t_30_extra_challenge_is_cancelled() {
    let refused = |status: &str| {
        format!(
            "C: *
            S: -ERR no
            = login: failed: auth AUTH \"no\", token \"{status}\"
            {USABLE}"
        )
    };
    let plain = base64("\0alice\0secret");
    // The initial response was sent with the command.
    plays(format!(
        "{}
        S: +\\x20
        {}",
        auth(
            "PLAIN",
            "login alice secret only=PLAIN",
            &format!("PLAIN {plain}")
        ),
        refused("")
    ));
    // The response was sent after the first challenge.
    plays(format!(
        "set initial-response never
        {}
        S: +\\x20
        C: {plain}
        S: +\\x20
        {}",
        auth("PLAIN", "login alice secret only=PLAIN", "PLAIN"),
        refused("")
    ));
    plays(format!(
        "{}
        S: + VXNlcm5hbWU6
        C: YWxpY2U=
        S: + UGFzc3dvcmQ6
        C: c2VjcmV0
        S: + TW9yZTo=
        {}",
        auth("LOGIN", "login alice secret only=LOGIN", "LOGIN"),
        refused("")
    ));
    plays(format!(
        "{}
        S: +\\x20
        {}",
        auth("EXTERNAL", "login-certificate", "EXTERNAL ="),
        refused("")
    ));
}

/// A mechanism that answers any number of challenges.
#[derive(Debug)]
struct AnswersAll;

impl Mechanism for AnswersAll {
    fn name(&self) -> &str {
        "X-ANSWERS"
    }

    fn initial_response(&mut self) -> Option<Response> {
        None
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Progress, SaslError> {
        Ok(Progress::Respond(Response::new("go on")))
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        Ok(())
    }
}

fn answering_all(trickle: bool) -> Conversation {
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    session.trickle = trickle;
    session.server("+OK\r\n");
    session
        .connection
        .submit(Login::mechanism(AnswersAll).expect("a name"))
        .expect("a live connection");
    session.server("-ERR\r\n");
    assert_eq!(session.sent(), "CAPA\r\nAUTH X-ANSWERS\r\n");
    session.reported();
    session
}

fn assert_limit(limit: &str, mut session: Conversation) {
    assert_eq!(session.sent(), "*\r\n", "the exchange is cancelled first");
    let reported = session.reported();
    assert!(
        reported.iter().all(|line| line.ends_with(limit)),
        "{reported:?}"
    );
    assert_eq!(reported.len(), 2);
    session.assert_over();
}

#[test]
fn t_30_at_most_ten_challenges_are_answered() {
    for trickle in [false, true] {
        let mut session = answering_all(trickle);
        for _ in 0..10 {
            session.server("+ AAAA\r\n");
            assert_eq!(session.sent(), "Z28gb24=\r\n");
        }
        session.server("+ AAAA\r\n");
        assert_limit("limit Challenges 10", session);
    }
}

#[test]
fn t_30_challenges_are_limited_to_64_kib() {
    for trickle in [false, true] {
        let mut session = answering_all(trickle);
        let challenge = format!("+ {}\r\n", "A".repeat(30 << 10));
        for _ in 0..2 {
            session.server(&challenge);
            assert_eq!(session.sent(), "Z28gb24=\r\n");
        }
        session.server(&challenge);
        assert_limit("limit ChallengeOctets 65536", session);
    }
}

#[test]
fn t_30_too_long_challenge_line_is_cancelled() {
    for trickle in [false, true] {
        let mut session = answering_all(trickle);
        session.server(format!("+ {}\r\n", "A".repeat(33 << 10)));
        assert_limit("limit Line 32768", session);
    }
}

#[test]
fn t_31_early_ok_is_not_a_login() {
    let early = |mechanism: &str| {
        let cause = format!("protocol Sasl {{ mechanism: \"{mechanism}\", cause: NotDone }}");
        login_fails(&cause)
    };
    for mechanism in ["CRAM-MD5", "LOGIN"] {
        plays(format!(
            "{}
            S: +OK
            {}",
            auth(
                mechanism,
                &format!("login alice secret only={mechanism}"),
                mechanism
            ),
            early(mechanism)
        ));
    }
    for (login, mechanism) in [
        ("login alice secret only=PLAIN", "PLAIN"),
        ("login-token alice token only=OAUTHBEARER", "OAUTHBEARER"),
        ("login-token alice token only=XOAUTH2", "XOAUTH2"),
        ("login-certificate", "EXTERNAL"),
        ("login-anonymous trace", "ANONYMOUS"),
    ] {
        plays(format!(
            "set initial-response never
            {}
            S: +OK
            {}",
            auth(mechanism, login, mechanism),
            early(mechanism)
        ));
    }
    plays(format!(
        "{}
        S: + VXNlcm5hbWU6
        C: YWxpY2U=
        S: +OK
        {}",
        auth("LOGIN", "login alice secret only=LOGIN", "LOGIN"),
        early("LOGIN")
    ));
}

#[test]
fn t_31_ok_after_the_last_response_logs_in() {
    plays(format!(
        "{}
        S: +OK
        C: CAPA
        S: -ERR
        = login: ok
        ? phase: TRANSACTION",
        auth(
            "PLAIN",
            "login alice secret only=PLAIN",
            &format!("PLAIN {}", base64("\0alice\0secret"))
        )
    ));
}

#[test]
fn t_31_continuation_in_place_of_status_fails() {
    for op in ["user alice", "capa", "login alice secret"] {
        let sent = if op == "user alice" {
            "USER alice"
        } else {
            "CAPA"
        };
        let (verb, _) = sent.split_once(' ').unwrap_or((sent, ""));
        let (label, _) = op.split_once(' ').unwrap_or((op, ""));
        plays(format!(
            "{TRUSTED}
            > {op}
            C: {sent}
            S: + AAAA
            = {label}: failed: protocol BadStatus {verb} \"+ AAAA\"
            = closed: protocol BadStatus {verb} \"+ AAAA\""
        ));
    }
}

#[test]
fn t_32_ok_after_cancelling_fails_the_connection() {
    plays(format!(
        "{}
        S: + !!
        C: *
        S: +OK
        {}",
        scram(""),
        login_fails("security UnexpectedSuccess")
    ));
    plays(format!(
        "{}
        S: + !!
        C: *
        S: +OK
        {}",
        auth("CRAM-MD5", "login alice secret only=CRAM-MD5", "CRAM-MD5"),
        login_fails("security UnexpectedSuccess")
    ));
}

#[test]
fn t_32_challenge_after_cancelling_fails_the_connection() {
    plays(format!(
        "{}
        S: + !!
        C: *
        S: + AAAA
        {}",
        scram(""),
        login_fails("protocol BadStatus AUTH \"\"")
    ));
}

#[test]
fn t_33_invalid_base64_is_rejected() {
    for challenge in [
        "A", "AA=A", "AAAA====", "\\xff", " AAAA", "AAAA ", "AAA", "AB==", "=", "A A A", "AA-_",
    ] {
        plays(format!(
            "{}
            S: + {challenge}
            C: *
            S: -ERR
            {NOT_BASE64}
            {USABLE}",
            scram("")
        ));
    }
}

#[test]
fn t_33_too_long_challenge_line_fails_the_connection() {
    for trickle in [false, true] {
        let mut session = answering_all(trickle);
        session.server(format!("+ {}\r\n", "A".repeat(33 << 10)));
        let reported = session.reported();
        assert_eq!(
            reported.last().expect("a fatal error"),
            "closed: limit Line 32768"
        );
    }
}

#[test]
fn t_34_password_over_one_block_is_hashed_first() {
    plays(format!(
        "{}
        S: + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: {}
        S: -ERR no
        = login: failed: auth AUTH \"no\"
        {USABLE}",
        auth(
            "CRAM-MD5",
            &format!("login tim {} only=CRAM-MD5", "a".repeat(80)),
            "CRAM-MD5"
        ),
        base64("tim 65ac4a6902effca0a7a2864ff554cad0")
    ));
    assert!(
        pop3_proto::Secret::new("a\0b").is_err(),
        "a key cannot contain NUL"
    );
}
