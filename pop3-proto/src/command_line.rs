//! Command lines and SASL responses, and how they are encoded.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::apop;
use crate::capability::Capabilities;
use crate::command_table::Shape;
use crate::config::Leniency;
use crate::misuse::{Argument, Misuse};
use crate::quirk::Quirk;
use crate::secret::Secret;
use crate::types::{MessageNumber, Username};
use crate::verb::Verb;

/// The arguments after a keyword.
#[derive(Debug, Clone)]
pub(crate) enum Arguments {
    None,
    Number(MessageNumber),
    Top(MessageNumber, u32),
    Name(Username),
    Secret(Secret),
    /// User name and secret; the digest is computed when the command is sent.
    Apop(Username, Secret),
    /// A mechanism for `AUTH`, and an initial response if it is sent with the command.
    Auth(Box<str>, Option<Encoded>),
    /// A language range.
    Language(Box<str>),
    /// The whole line of a raw command.
    Raw(Box<str>),
}

/// A SASL response in base64, as it is sent.
#[derive(Clone)]
pub(crate) struct Encoded(pub(crate) Zeroizing<String>);

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encoded(..)")
    }
}

/// A command.
#[derive(Debug, Clone)]
pub(crate) struct CommandLine {
    pub(crate) verb: Verb,
    pub(crate) arguments: Arguments,
    pub(crate) shape: Shape,
}

impl CommandLine {
    pub(crate) fn new(verb: Verb, arguments: Arguments) -> Self {
        let (bare, with_arguments) = verb.row().shape;
        let shape = if matches!(arguments, Arguments::None) {
            bare
        } else {
            with_arguments
        };
        Self {
            verb,
            arguments,
            shape,
        }
    }

    pub(crate) fn streamed(self) -> Self {
        Self {
            shape: Shape::Stream,
            ..self
        }
    }

    pub(crate) fn gathered(self) -> Self {
        Self {
            shape: Shape::Lines,
            ..self
        }
    }

    /// Leaves out the malformed lines of a listing, instead of rejecting all of it.
    pub(crate) fn salvaged(self) -> Self {
        Self {
            shape: Shape::SalvagedLines,
            ..self
        }
    }

    /// Returns whether the command has this keyword, typed or in a raw command.
    pub(crate) fn is(&self, verb: Verb) -> bool {
        match &self.arguments {
            Arguments::Raw(line) => line
                .split(' ')
                .next()
                .is_some_and(|keyword| keyword.eq_ignore_ascii_case(verb.row().keyword)),
            _ => self.verb == verb,
        }
    }

    pub(crate) fn number(&self) -> Option<MessageNumber> {
        match self.arguments {
            Arguments::Number(n) | Arguments::Top(n, _) => Some(n),
            _ => None,
        }
    }

    /// Returns the deviation if a user name or a password is sent as UTF-8 and the server does not
    /// advertise that it accepts that (RFC 6856 section 2.2).
    pub(crate) fn beyond_ascii(
        &self,
        capabilities: Option<&Capabilities>,
        leniency: Leniency,
    ) -> Result<Option<Quirk>, Argument> {
        let ascii = match &self.arguments {
            Arguments::Name(name) | Arguments::Apop(name, _) => name.as_str().is_ascii(),
            Arguments::Secret(secret) => secret.expose().is_ascii(),
            _ => true,
        };
        if ascii || capabilities.is_some_and(Capabilities::utf8_user) {
            return Ok(None);
        }
        match leniency {
            Leniency::Strict => Err(Argument::NotAscii),
            Leniency::Lenient => Ok(Some(Quirk::NonAsciiLogin)),
        }
    }

    /// Returns the length of the command line with CR LF, in octets.
    pub(crate) fn octets(&self) -> usize {
        let arguments = match &self.arguments {
            Arguments::None => 0,
            Arguments::Number(n) => 1 + decimal(n.get()),
            Arguments::Top(n, lines) => 2 + decimal(n.get()) + decimal(*lines),
            Arguments::Name(name) => 1 + name.as_str().len(),
            Arguments::Secret(secret) => 1 + secret.expose().len(),
            Arguments::Apop(name, _) => 1 + name.as_str().len() + 1 + 32,
            Arguments::Auth(name, None) => 1 + name.len(),
            Arguments::Auth(name, Some(initial)) => 1 + name.len() + 1 + initial.0.len(),
            Arguments::Language(range) => 1 + range.len(),
            Arguments::Raw(line) => line.len(),
        };
        self.verb.row().keyword.len() + arguments + 2
    }

    fn encode(&self, challenge: &[u8], line: &mut Vec<u8>) {
        line.extend_from_slice(self.verb.row().keyword.as_bytes());
        let mut word = |word: &[u8]| {
            line.push(b' ');
            line.extend_from_slice(word);
        };
        match &self.arguments {
            Arguments::None => {}
            Arguments::Number(n) => word(Decimal::of(n.get()).digits()),
            Arguments::Top(n, lines) => {
                word(Decimal::of(n.get()).digits());
                word(Decimal::of(*lines).digits());
            }
            Arguments::Name(name) => word(name.as_str().as_bytes()),
            Arguments::Secret(secret) => word(secret.expose()),
            Arguments::Apop(name, secret) => {
                word(name.as_str().as_bytes());
                word(apop::digest(challenge, secret.expose()).as_bytes());
            }
            Arguments::Auth(name, initial) => {
                word(name.as_bytes());
                if let Some(initial) = initial {
                    word(initial.0.as_bytes());
                }
            }
            Arguments::Language(range) => word(range.as_bytes()),
            Arguments::Raw(raw) => line.extend_from_slice(raw.as_bytes()),
        }
    }
}

/// The answer to a challenge: a line without a keyword.
#[derive(Debug)]
pub(crate) struct ResponseLine {
    /// The command whose reply the challenge was.
    pub(crate) to: Verb,
    text: Encoded,
}

impl ResponseLine {
    /// Creates a response in an exchange that `AUTH` began.
    pub(crate) fn new(text: Encoded) -> Self {
        let to = Verb::Auth;
        Self { to, text }
    }

    /// Creates the line `*`, which cancels the exchange (RFC 5034 section 4).
    pub(crate) fn cancel() -> Self {
        Self::new(Encoded(Zeroizing::new("*".into())))
    }

    #[cfg(feature = "record")]
    pub(crate) fn text(&self) -> &str {
        &self.text.0
    }

    #[cfg(feature = "record")]
    pub(crate) fn is_cancel(&self) -> bool {
        *self.text.0 == "*"
    }

    /// Creates an empty line, which answers a challenge that is the reply to `PASS`.
    pub(crate) fn empty_to_pass() -> Self {
        let to = Verb::Pass;
        let text = Encoded(Zeroizing::default());
        Self { to, text }
    }
}

/// A line to be sent to the server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Line<'a> {
    Command(&'a CommandLine),
    Response(&'a ResponseLine),
}

impl Line<'_> {
    /// Returns the command that the server answers when it has received the line.
    pub(crate) fn verb(self) -> Verb {
        match self {
            Self::Command(command) => command.verb,
            Self::Response(response) => response.to,
        }
    }

    /// Returns the number of the message that the command concerns.
    pub(crate) fn number(self) -> Option<MessageNumber> {
        match self {
            Self::Command(command) => command.number(),
            Self::Response(_) => None,
        }
    }

    pub(crate) fn shape(self) -> Shape {
        match self {
            Self::Command(command) => command.shape,
            Self::Response(_) => Shape::Line,
        }
    }

    /// Returns the length of the line with CR LF, in octets.
    pub(crate) fn octets(self) -> usize {
        match self {
            Self::Command(command) => command.octets(),
            Self::Response(response) => response.text.0.len() + 2,
        }
    }

    /// Returns the line without its line end, with its secrets redacted.
    pub(crate) fn redacted(self) -> String {
        const REDACTED: &str = "<redacted>";
        let command = match self {
            Self::Command(command) => command,
            // An empty line and `*` have no secret.
            Self::Response(response) => {
                let text = response.text.0.as_str();
                return if matches!(text, "" | "*") {
                    text
                } else {
                    REDACTED
                }
                .to_owned();
            }
        };
        let keyword = command.verb.row().keyword;
        match &command.arguments {
            Arguments::None => keyword.to_owned(),
            Arguments::Number(n) => format!("{keyword} {n}"),
            Arguments::Top(n, lines) => format!("{keyword} {n} {lines}"),
            Arguments::Name(name) => format!("{keyword} {}", name.as_str()),
            Arguments::Secret(_) => format!("{keyword} {REDACTED}"),
            Arguments::Apop(name, _) => format!("{keyword} {} {REDACTED}", name.as_str()),
            Arguments::Auth(mechanism, None) => format!("{keyword} {mechanism}"),
            Arguments::Auth(mechanism, Some(_)) => format!("{keyword} {mechanism} {REDACTED}"),
            Arguments::Language(tag) => format!("{keyword} {tag}"),
            Arguments::Raw(line) => line.to_string(),
        }
    }

    /// Appends the line to a buffer. `challenge` is that of the greeting; APOP needs it.
    pub(crate) fn encode(self, challenge: &[u8], line: &mut Vec<u8>) {
        match self {
            Self::Command(command) => command.encode(challenge, line),
            Self::Response(response) => line.extend_from_slice(response.text.0.as_bytes()),
        }
        line.extend_from_slice(b"\r\n");
    }
}

fn decimal(n: u32) -> usize {
    n.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// A number in decimal, without an allocation.
struct Decimal {
    octets: [u8; 10],
    start: usize,
}

impl Decimal {
    fn of(mut n: u32) -> Self {
        let mut octets = [b'0'; 10];
        let mut start = octets.len();
        for octet in octets.iter_mut().rev() {
            *octet = b'0' + (n % 10) as u8;
            n /= 10;
            start -= 1;
            if n == 0 {
                break;
            }
        }
        Self { octets, start }
    }

    fn digits(&self) -> &[u8] {
        self.octets.get(self.start..).unwrap_or_default()
    }
}

/// Rejects a command line that is longer than a server has to accept.
pub(crate) fn check_length(command: &CommandLine, limit: usize) -> Result<(), Misuse> {
    let octets = command.octets();
    if octets > limit {
        return Err(Misuse::TooLong {
            verb: command.verb,
            octets,
            limit,
        });
    }
    Ok(())
}
