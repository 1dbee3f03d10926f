//! Parsing of command lines (RFC 1939 section 3).

use memchr::{memchr, memrchr};

use crate::verb::Verb;

/// A command with its arguments, grouped by the state that it belongs to.
pub(super) enum ClientCommand<'a> {
    Capa,
    Quit,
    Login(Login<'a>),
    Mail(Mail),
}

/// A command of the AUTHORIZATION state.
pub(super) enum Login<'a> {
    User(&'a [u8]),
    Pass(&'a [u8]),
    Apop {
        name: &'a [u8],
        digest: &'a [u8],
    },
    /// AUTH without a mechanism.
    Mechanisms,
    Auth {
        mechanism: &'a [u8],
        initial_response: Option<&'a [u8]>,
    },
    Stls,
}

/// A command of the TRANSACTION state. Its message number is as sent; there may be no such message.
pub(super) enum Mail {
    Stat,
    List(Option<u64>),
    Uidl(Option<u64>),
    Retr(u64),
    Top { number: u64, lines: u64 },
    Dele(u64),
    Noop,
    Rset,
}

impl<'a> ClientCommand<'a> {
    /// Returns the keyword, and the message-number if there is one.
    pub(super) fn subject(&self) -> (Verb, Option<u64>) {
        let verb = match self {
            Self::Capa => Verb::Capa,
            Self::Quit => Verb::Quit,
            Self::Login(Login::User(_)) => Verb::User,
            Self::Login(Login::Pass(_)) => Verb::Pass,
            Self::Login(Login::Apop { .. }) => Verb::Apop,
            Self::Login(Login::Mechanisms) => Verb::AuthMechanisms,
            Self::Login(Login::Auth { .. }) => Verb::Auth,
            Self::Login(Login::Stls) => Verb::Stls,
            Self::Mail(Mail::Stat) => Verb::Stat,
            Self::Mail(Mail::Noop) => Verb::Noop,
            Self::Mail(Mail::Rset) => Verb::Rset,
            Self::Mail(Mail::List(number)) => return (Verb::List, *number),
            Self::Mail(Mail::Uidl(number)) => return (Verb::Uidl, *number),
            Self::Mail(Mail::Retr(number)) => return (Verb::Retr, Some(*number)),
            Self::Mail(Mail::Top { number, .. }) => return (Verb::Top, Some(*number)),
            Self::Mail(Mail::Dele(number)) => return (Verb::Dele, Some(*number)),
        };
        (verb, None)
    }

    /// Parses a line, or returns the text of the refusal. Exactly one SP is allowed between the
    /// keyword and its arguments, and none after them. A client that sends others would fail with
    /// real servers, and should fail here.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, &'static str> {
        let line = trim_line_end(line);
        let (keyword, arguments) = match split(line, memchr(b' ', line)) {
            Some((keyword, arguments)) => (keyword, Some(arguments)),
            None => (line, None),
        };
        let bare = |command| {
            if arguments.is_none() {
                Ok(command)
            } else {
                Err("command takes no argument")
            }
        };
        let required = || {
            arguments
                .filter(|arguments| !arguments.is_empty())
                .ok_or("argument missing")
        };
        let optional_number = || arguments.map(number).transpose();

        let mail = match keyword.to_ascii_uppercase().as_slice() {
            b"CAPA" => return bare(Self::Capa),
            b"QUIT" => return bare(Self::Quit),
            b"STLS" => return bare(Self::Login(Login::Stls)),
            b"USER" => return Ok(Self::Login(Login::User(required()?))),
            // Everything after the SP is the password, including further SPs.
            b"PASS" => {
                return Ok(Self::Login(Login::Pass(
                    arguments.ok_or("argument missing")?,
                )));
            }
            b"APOP" => {
                let arguments = required()?;
                let (name, digest) =
                    split(arguments, memrchr(b' ', arguments)).ok_or("name and digest expected")?;
                return Ok(Self::Login(Login::Apop { name, digest }));
            }
            b"AUTH" if arguments.is_none() => return Ok(Self::Login(Login::Mechanisms)),
            b"AUTH" => {
                let arguments = required()?;
                let (mechanism, initial_response) = match split(arguments, memchr(b' ', arguments))
                {
                    Some((mechanism, response)) => (mechanism, Some(response)),
                    None => (arguments, None),
                };
                return Ok(Self::Login(Login::Auth {
                    mechanism,
                    initial_response,
                }));
            }
            b"STAT" => return bare(Self::Mail(Mail::Stat)),
            b"NOOP" => return bare(Self::Mail(Mail::Noop)),
            b"RSET" => return bare(Self::Mail(Mail::Rset)),
            b"LIST" => Mail::List(optional_number()?),
            b"UIDL" => Mail::Uidl(optional_number()?),
            b"RETR" => Mail::Retr(number(required()?)?),
            b"DELE" => Mail::Dele(number(required()?)?),
            b"TOP" => {
                let arguments = required()?;
                let (message, lines) =
                    split(arguments, memchr(b' ', arguments)).ok_or("two numbers expected")?;
                Mail::Top {
                    number: number(message)?,
                    lines: number(lines)?,
                }
            }
            _ => return Err("unknown command"),
        };
        Ok(Self::Mail(mail))
    }
}

/// Removes the CRLF of a line. A bare LF ends a command, too, as on most servers.
pub(super) fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Returns the octets before and after the octet at this position.
fn split(octets: &[u8], at: Option<usize>) -> Option<(&[u8], &[u8])> {
    let (before, rest) = octets.split_at_checked(at?)?;
    Some((before, rest.get(1..)?))
}

/// Parses a decimal number. A number that is too large for any maildrop is still valid.
fn number(digits: &[u8]) -> Result<u64, &'static str> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err("not a number");
    }
    Ok(digits.iter().fold(0, |number: u64, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    }))
}
