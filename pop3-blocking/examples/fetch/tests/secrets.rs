//! The sources of the password: the environment and the terminal.

use std::ffi::OsString;
use std::io;

use pop3_blocking::Secret;

use crate::app::password::password_from;

#[cfg(unix)]
#[test]
fn password_may_have_any_octets_but_line_breaks() {
    use std::os::unix::ffi::OsStringExt as _;

    let octets = b"caf\xe9".to_vec();
    let never = || -> io::Result<String> { panic!("asked") };
    let set = password_from(Some(OsString::from_vec(octets.clone())), never);
    assert_eq!(set.unwrap(), Secret::new(octets).unwrap());
}

#[test]
fn password_from_the_environment_suppresses_the_prompt() {
    let typed = || Ok("typed".to_owned());
    let never = || -> io::Result<String> { panic!("asked") };
    let secret = |text| Secret::new(text).unwrap();
    let set = password_from(Some("set ä".into()), never).unwrap();
    assert_eq!(set, secret("set ä"));
    assert_eq!(password_from(None, typed).unwrap(), secret("typed"));
}

#[test]
fn missing_password_is_explained() {
    let error = |variable: Option<&str>, typed: io::Result<&str>| {
        let typed = typed.map(str::to_owned);
        let error = password_from(variable.map(OsString::from), || typed);
        error.unwrap_err().to_string()
    };
    assert_eq!(
        error(Some(""), Ok("typed")),
        "the password or token is empty (POP3_PASSWORD)"
    );
    assert_eq!(
        error(None, Ok("")),
        "the password or token is empty (typed)"
    );
    assert_eq!(
        error(Some("se\ncret"), Ok("typed")),
        "the password or token contains CR, LF or NUL (POP3_PASSWORD)"
    );
    assert_eq!(
        error(None, Err(io::Error::other("no such device"))),
        "no password: POP3_PASSWORD is not set, and the password cannot be read from the terminal: no such device"
    );
}
