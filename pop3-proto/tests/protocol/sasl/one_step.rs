//! What the mechanisms with few steps accept and reject.

use pop3_proto::error::{Argument, Misuse};
use pop3_proto::sasl::{Anonymous, CramMd5, External, Login, Mechanism, Plain, SaslError};

use super::{answer, secret, user};

/// The mechanisms with a single message.
fn with_one_message() -> [Box<dyn Mechanism>; 3] {
    [
        Box::new(Plain::new(&user("a"), &secret("b"))),
        Box::new(External::new(None)),
        Box::new(Anonymous::new("trace").expect("a trace")),
    ]
}

#[test]
fn ok_before_any_response_is_not_accepted() {
    for mut mechanism in with_one_message() {
        assert_eq!(mechanism.finish(), Err(SaslError::NotDone), "{mechanism:?}");
    }
    let mut cram = CramMd5::new(&user("a"), &secret("b"));
    assert!(cram.initial_response().is_none());
    assert_eq!(cram.finish(), Err(SaslError::NotDone));
}

#[test]
fn ok_between_login_prompts_is_not_accepted() {
    let mut login = Login::new(&user("a"), &secret("b"));
    assert!(login.initial_response().is_none());
    assert_eq!(login.finish(), Err(SaslError::NotDone));
    answer(&mut login, b"User Name").expect("a prompt");
    assert_eq!(login.finish(), Err(SaslError::NotDone));
    answer(&mut login, b"Password").expect("a prompt");
    assert_eq!(login.finish(), Ok(()));
}

#[test]
fn challenge_after_the_last_response_fails() {
    for mut mechanism in with_one_message() {
        assert!(mechanism.initial_response().is_some(), "{mechanism:?}");
        assert_eq!(answer(&mut *mechanism, b""), Err(SaslError::NothingLeft));
    }
    let mut cram = CramMd5::new(&user("a"), &secret("b"));
    answer(&mut cram, b"<1@a>").expect("a challenge");
    assert_eq!(answer(&mut cram, b"<2@a>"), Err(SaslError::NothingLeft));
}

#[test]
fn login_rejects_a_third_prompt() {
    let mut login = Login::new(&user("a"), &secret("b"));
    answer(&mut login, b"Username:").expect("a prompt");
    answer(&mut login, b"Password:").expect("a prompt");
    assert_eq!(answer(&mut login, b"Again:"), Err(SaslError::NothingLeft));
}

#[test]
fn login_ignores_the_prompt_text() {
    let mut login = Login::new(&user("a"), &secret("b"));
    assert!(!login.reads_challenge());
    let name = answer(&mut login, b"Password:");
    assert_eq!(name.as_deref(), Ok(b"a".as_slice()));
    let password = answer(&mut login, b"");
    assert_eq!(password.as_deref(), Ok(b"b".as_slice()));
    assert!(CramMd5::new(&user("a"), &secret("b")).reads_challenge());
}

#[test]
fn plain_sends_the_password_unchanged() {
    let mut plain = Plain::new(&user("josé"), &secret(" p\u{e4}ss\tw\u{ff}rd "));
    let response = plain.initial_response().expect("an initial response");
    assert_eq!(
        response.as_bytes(),
        "\0josé\0 p\u{e4}ss\tw\u{ff}rd ".as_bytes()
    );
}

#[test]
fn cram_md5_rejects_an_empty_challenge() {
    let mut cram = CramMd5::new(&user("a"), &secret("b"));
    assert!(matches!(
        answer(&mut cram, b""),
        Err(SaslError::BadChallenge(_))
    ));
}

#[test]
fn cram_md5_accepts_any_challenge_and_spaced_names() {
    let mut cram = CramMd5::new(&user("mail box"), &secret("b"));
    let response = answer(&mut cram, b"no msg-id \xff").expect("an answer");
    assert_eq!(
        response.strip_prefix(b"mail box ").map(<[u8]>::len),
        Some(32)
    );
}

#[test]
fn anonymous_trace_is_limited_without_control_characters() {
    let longest = "é".repeat(255);
    assert!(Anonymous::new(&longest).is_ok());
    for trace in [&format!("{longest}e"), "a\nb", "a\0"] {
        assert_eq!(
            Anonymous::new(trace).map(|_| ()),
            Err(Misuse::Argument(Argument::Trace))
        );
    }
}

#[test]
fn mechanism_without_work_fails_in_work() {
    for mut mechanism in with_one_message() {
        assert!(matches!(mechanism.work(), Err(SaslError::Other(_))));
        assert_eq!(mechanism.refused(), None);
    }
}
