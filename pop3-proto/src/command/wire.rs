//! A command on its way to the wire.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

use super::{Shape, Verb};
use crate::apop;
use crate::capability::Capabilities;
use crate::config::Leniency;
use crate::error::{Argument, Error, Misuse};
use crate::quirk::Quirk;
use crate::secret::Secret;
use crate::types::{MessageNumber, Username};

/// What stands behind a keyword.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    None,
    Number(MessageNumber),
    Top(MessageNumber, u32),
    Name(Username),
    Secret(Secret),
    /// User name and secret; the digest is made when the command leaves.
    Apop(Username, Secret),
    /// A mechanism for `AUTH`, and an initial response if it leaves with the command.
    Auth(Box<str>, Option<Encoded>),
    /// A response to a challenge: all of its line.
    Response(Encoded),
    /// The whole line of a raw command.
    Line(Box<str>),
}

/// A SASL response as the protocol writes it.
#[derive(Clone)]
pub(crate) struct Encoded(pub(crate) Zeroizing<String>);

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encoded(..)")
    }
}

/// One command on its way to the wire.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) verb: Verb,
    pub(crate) operand: Operand,
    pub(crate) shape: Shape,
}

impl Wire {
    pub(crate) fn new(verb: Verb, operand: Operand) -> Self {
        let (bare, with_operand) = verb.row().shape;
        let shape = if matches!(operand, Operand::None) {
            bare
        } else {
            with_operand
        };
        Self {
            verb,
            operand,
            shape,
        }
    }

    /// An empty line, sent while the reply to `verb` is awaited.
    pub(crate) fn empty_line(verb: Verb) -> Self {
        Self::new(verb, Operand::Response(Encoded(Zeroizing::default())))
    }

    pub(super) fn streamed(self) -> Self {
        Self {
            shape: Shape::Stream,
            ..self
        }
    }

    pub(super) fn gathered(self) -> Self {
        Self {
            shape: Shape::Lines,
            ..self
        }
    }

    pub(crate) fn number(&self) -> Option<MessageNumber> {
        match self.operand {
            Operand::Number(n) | Operand::Top(n, _) => Some(n),
            _ => None,
        }
    }

    /// What is odd about a user name or a password that leaves as UTF-8 where the server does not
    /// say that it takes that (RFC 6856 section 2.2).
    pub(crate) fn beyond_ascii(
        &self,
        capabilities: Option<&Capabilities>,
        leniency: Leniency,
    ) -> Result<Option<Quirk>, Argument> {
        let ascii = match &self.operand {
            Operand::Name(name) | Operand::Apop(name, _) => name.as_str().is_ascii(),
            Operand::Secret(secret) => secret.expose().is_ascii(),
            _ => true,
        };
        if ascii || capabilities.is_some_and(Capabilities::utf8_user) {
            return Ok(None);
        }
        match leniency {
            Leniency::Strict => Err(Argument::NotAscii),
            Leniency::Default => Ok(Some(Quirk::NonAsciiLogin)),
        }
    }

    /// The length of the command line with CR LF, in octets.
    pub(crate) fn octets(&self) -> usize {
        let behind = match &self.operand {
            Operand::None => 0,
            Operand::Number(n) => 1 + decimal(n.get()),
            Operand::Top(n, lines) => 2 + decimal(n.get()) + decimal(*lines),
            Operand::Name(name) => 1 + name.as_str().len(),
            Operand::Secret(secret) => 1 + secret.expose().len(),
            Operand::Apop(name, _) => 1 + name.as_str().len() + 1 + 32,
            Operand::Auth(name, None) => 1 + name.len(),
            Operand::Auth(name, Some(initial)) => 1 + name.len() + 1 + initial.0.len(),
            Operand::Response(response) => return response.0.len() + 2,
            Operand::Line(line) => line.len(),
        };
        self.verb.row().keyword.len() + behind + 2
    }

    /// Appends the command line. `challenge` is the greeting's; without one there is no APOP.
    pub(crate) fn encode(&self, challenge: &[u8], line: &mut alloc::vec::Vec<u8>) {
        if let Operand::Response(response) = &self.operand {
            line.extend_from_slice(response.0.as_bytes());
            line.extend_from_slice(b"\r\n");
            return;
        }
        line.extend_from_slice(self.verb.row().keyword.as_bytes());
        let mut word = |word: &[u8]| {
            line.push(b' ');
            line.extend_from_slice(word);
        };
        match &self.operand {
            Operand::None => {}
            Operand::Number(n) => word(Decimal::of(n.get()).digits()),
            Operand::Top(n, lines) => {
                word(Decimal::of(n.get()).digits());
                word(Decimal::of(*lines).digits());
            }
            Operand::Name(name) => word(name.as_str().as_bytes()),
            Operand::Secret(secret) => word(secret.expose()),
            Operand::Apop(name, secret) => {
                word(name.as_str().as_bytes());
                word(apop::digest(challenge, secret.expose()).as_bytes());
            }
            Operand::Auth(name, initial) => {
                word(name.as_bytes());
                if let Some(initial) = initial {
                    word(initial.0.as_bytes());
                }
            }
            Operand::Response(_) => {}
            Operand::Line(raw) => line.extend_from_slice(raw.as_bytes()),
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

/// Refuses a command line that is longer than a server has to take.
pub(crate) fn check_length(wire: &Wire, limit: usize) -> Result<(), Error> {
    let octets = wire.octets();
    if octets > limit {
        return Err(Misuse::TooLong {
            verb: wire.verb,
            octets,
            limit,
        }
        .into());
    }
    Ok(())
}
