//! What the mechanisms with few steps bear and what they do not.

use pop3_proto::error::{Argument, Misuse};
use pop3_proto::sasl::{Anonymous, CramMd5, External, Login, Mechanism, Plain, SaslError};

use super::{answer, secret, user};

/// Those that say one thing.
fn with_one_message() -> [Box<dyn Mechanism>; 3] {
    [
        Box::new(Plain::new(&user("a"), &secret("b"))),
        Box::new(External::new(None)),
        Box::new(Anonymous::new("trace").expect("a trace")),
    ]
}

#[test]
fn an_ok_before_anything_was_said_is_no_login() {
    for mut mechanism in with_one_message() {
        assert_eq!(mechanism.finish(), Err(SaslError::NotDone), "{mechanism:?}");
    }
    let mut cram = CramMd5::new(&user("a"), &secret("b"));
    assert!(cram.initial_response().is_none());
    assert_eq!(cram.finish(), Err(SaslError::NotDone));
}

#[test]
fn an_ok_between_the_prompts_of_login_is_no_login() {
    let mut login = Login::new(&user("a"), &secret("b"));
    assert!(login.initial_response().is_none());
    assert_eq!(login.finish(), Err(SaslError::NotDone));
    answer(&mut login, b"User Name").expect("a prompt");
    assert_eq!(login.finish(), Err(SaslError::NotDone));
    answer(&mut login, b"Password").expect("a prompt");
    assert_eq!(login.finish(), Ok(()));
}

#[test]
fn a_challenge_when_all_is_said_is_refused() {
    for mut mechanism in with_one_message() {
        assert!(mechanism.initial_response().is_some(), "{mechanism:?}");
        assert_eq!(answer(&mut *mechanism, b""), Err(SaslError::NothingLeft));
    }
    let mut cram = CramMd5::new(&user("a"), &secret("b"));
    answer(&mut cram, b"<1@a>").expect("a challenge");
    assert_eq!(answer(&mut cram, b"<2@a>"), Err(SaslError::NothingLeft));
}

#[test]
fn login_answers_no_third_prompt() {
    let mut login = Login::new(&user("a"), &secret("b"));
    answer(&mut login, b"Username:").expect("a prompt");
    answer(&mut login, b"Password:").expect("a prompt");
    assert_eq!(answer(&mut login, b"Again:"), Err(SaslError::NothingLeft));
}

#[test]
fn login_does_not_read_its_prompts() {
    let mut login = Login::new(&user("a"), &secret("b"));
    assert!(!login.reads_challenge());
    let name = answer(&mut login, b"Password:");
    assert_eq!(name.as_deref(), Ok(b"a".as_slice()));
    let password = answer(&mut login, b"");
    assert_eq!(password.as_deref(), Ok(b"b".as_slice()));
    assert!(CramMd5::new(&user("a"), &secret("b")).reads_challenge());
}

#[test]
fn plain_changes_no_octet_of_a_password() {
    let mut plain = Plain::new(&user("josé"), &secret(" p\u{e4}ss\tw\u{ff}rd "));
    let response = plain.initial_response().expect("PLAIN speaks first");
    assert_eq!(
        response.as_bytes(),
        "\0josé\0 p\u{e4}ss\tw\u{ff}rd ".as_bytes()
    );
}

#[test]
fn an_empty_challenge_is_none_for_cram_md5() {
    let mut cram = CramMd5::new(&user("a"), &secret("b"));
    assert!(matches!(
        answer(&mut cram, b""),
        Err(SaslError::BadChallenge(_))
    ));
}

#[test]
fn cram_md5_takes_any_challenge_and_names_with_spaces() {
    let mut cram = CramMd5::new(&user("mail box"), &secret("b"));
    let response = answer(&mut cram, b"no msg-id \xff").expect("an answer");
    assert_eq!(
        response.strip_prefix(b"mail box ").map(<[u8]>::len),
        Some(32)
    );
}

#[test]
fn a_trace_is_short_and_has_no_controls() {
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
fn a_mechanism_without_long_computations_fails_when_told_to_go_on() {
    for mut mechanism in with_one_message() {
        assert!(matches!(mechanism.work(), Err(SaslError::Other(_))));
        assert_eq!(mechanism.refused(), None);
    }
}
