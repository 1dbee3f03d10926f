//! Section C: text from callers in commands, and text from servers.

use pop3_proto::sasl::{Mechanism, Progress, Response, SaslError};
use pop3_proto::{
    command::Raw,
    error::{Argument, Misuse},
    login::CustomMechanism,
};

use super::plays::{TRUSTED, USABLE, plays};

#[test]
fn t_40_line_ends_in_arguments_are_rejected() {
    for (op, reported) in [
        (
            "login a\\r\\nDELE\\x201 x",
            "login: failed: misuse ControlInUsername",
        ),
        (
            "login a x\\r\\nQUIT",
            "login: failed: misuse ControlInSecret",
        ),
        ("login a\\n x", "login: failed: misuse ControlInUsername"),
        ("login a\\x00 x", "login: failed: misuse ControlInUsername"),
        (
            "user a\\r\\nDELE\\x201",
            "user: failed: misuse ControlInUsername",
        ),
        ("pass x\\r\\nQUIT", "pass: failed: misuse ControlInSecret"),
        ("apop a\\n x", "apop: failed: misuse ControlInUsername"),
        (
            "login-token a x\\nQUIT",
            "login: failed: misuse ControlInSecret",
        ),
        (
            "login a x as=b\\r\\nQUIT",
            "login: failed: misuse ControlInUsername",
        ),
    ] {
        plays(format!("{TRUSTED}> {op}\n= {reported}\n{USABLE}"));
    }
    for line in ["NOOP\r\nDELE 1", "NOOP\n", "NOOP\0", "NO\tOP"] {
        let refused = Misuse::Argument(Argument::ControlInCommand);
        assert_eq!(Raw::short(line).expect_err("a control character"), refused);
    }
}

/// A custom mechanism that has only a name.
#[derive(Debug)]
struct Named(&'static str);

impl Mechanism for Named {
    fn name(&self) -> &str {
        self.0
    }

    fn initial_response(&mut self) -> Option<Response> {
        None
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Progress, SaslError> {
        Err(SaslError::NothingLeft)
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        Ok(())
    }
}

#[test]
fn t_40_mechanism_names_are_validated() {
    for name in ["X", "SCRAM-SHA-256-PLUS", "X_OWN-2", "ABCDEFGHIJKLMNOPQRST"] {
        assert!(CustomMechanism::new(Named(name)).is_ok(), "{name}");
    }
    for name in [
        "",
        "PL\r\nQUIT",
        "PLAIN\n",
        "PLAIN AAAA",
        "plain",
        "X.Y",
        "\u{c9}X",
        "ABCDEFGHIJKLMNOPQRSTU",
    ] {
        let refused = CustomMechanism::new(Named(name)).map(|_| ());
        assert_eq!(
            refused,
            Err(Misuse::Argument(Argument::Mechanism)),
            "{name:?}"
        );
    }
}

#[test]
fn t_45_control_characters_are_escaped() {
    plays(format!(
        "{TRUSTED}
        > user alice
        C: USER alice
        S: -ERR \\x1b]0;pwn\\x07\\xc2\\x9b31m
        = user: failed: refused USER \"\\u{{1b}}]0;pwn\\u{{7}}\\u{{9b}}31m\"
        {USABLE}"
    ));
}

#[test]
fn t_47_response_code_on_ok_is_ignored() {
    plays(
        "S: +OK ready
        = greeting: \"ready\"
        > stls
        C: CAPA
        S: +OK
        S: STLS
        S: .
        C: STLS
        S: +OK [sys/perm] go
        ? tls: wanted
        ! tls
        C: CAPA
        S: -ERR [AUTH] no
        = stls: unknown",
    );
}
