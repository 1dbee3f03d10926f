//! Places where a fault can happen.

use bytes::Bytes;

use crate::verb::Verb;

/// The place of a [`Fault`](super::Fault), and how often the fault happens there.
///
/// A constructor names the place, further methods narrow it, and the method of an action returns the
/// fault. Without [`nth`](Self::nth) and [`first`](Self::first) it happens every time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "call a method for an action, such as `refuse`, to get a fault"]
pub struct On {
    pub(super) place: Place,
    pub(super) message: Option<u64>,
    pub(super) unique_id: Option<Bytes>,
    pub(super) session: Option<usize>,
    pub(super) times: Times,
}

/// A place, without message and session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Place {
    Greeting,
    /// A command with this keyword; none for one that the server does not know.
    Command(Option<Verb>),
    AnyCommand,
    Login,
    Octet(u64),
}

/// The message that a command is about, if there is one.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::server) struct Subject<'a> {
    pub(in crate::server) number: Option<u64>,
    pub(in crate::server) unique_id: Option<&'a [u8]>,
}

/// At which visits of the place the fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    Always,
    Nth(usize),
    First(usize),
}

impl Times {
    /// Returns whether the fault happens at this visit. The first one is 1.
    pub(super) fn allows(self, visit: usize) -> bool {
        match self {
            Self::Always => true,
            Self::Nth(only) => visit == only,
            Self::First(most) => visit <= most,
        }
    }
}

impl On {
    const fn place(place: Place) -> Self {
        Self {
            place,
            message: None,
            unique_id: None,
            session: None,
            times: Times::Always,
        }
    }

    /// Selects the greeting (RFC 1939 section 4).
    pub const fn greeting() -> Self {
        Self::place(Place::Greeting)
    }

    /// Selects the reply to a command. [`Verb::Raw`] selects every command that the server does not
    /// know. [`Verb::Auth`] selects the first reply to `AUTH`; use [`login`](Self::login) for the
    /// last one.
    pub const fn command(verb: Verb) -> Self {
        Self::place(Place::Command(match verb {
            Verb::Raw => None,
            verb => Some(verb),
        }))
    }

    /// Selects the reply to every command.
    pub const fn any_command() -> Self {
        Self::place(Place::AnyCommand)
    }

    /// Selects the reply to a login with valid credentials, by any method: `PASS`, `APOP` or the
    /// last response of `AUTH`.
    pub const fn login() -> Self {
        Self::place(Place::Login)
    }

    /// Selects a position in the session: after this many octets from the server, including the
    /// greeting. Inside TLS the octets before encryption count.
    ///
    /// Only [`disconnect`](Self::disconnect) and [`delay`](Self::delay) can happen there.
    pub const fn octet(after: u64) -> Self {
        Self::place(Place::Octet(after))
    }

    /// Narrows a command to the message with this number: `LIST`, `UIDL`, `RETR`, `TOP` or `DELE`.
    pub const fn message(mut self, number: u64) -> Self {
        self.message = Some(number);
        self
    }

    /// Narrows a command to the message with this unique-id, whatever its number is in the session.
    pub fn unique_id(mut self, id: impl Into<Bytes>) -> Self {
        self.unique_id = Some(id.into());
        self
    }

    /// Narrows the place to the nth session; the first one is 1. The sessions of servers whose
    /// configurations are clones of each other are counted together.
    pub const fn session(mut self, nth: usize) -> Self {
        self.session = Some(nth);
        self
    }

    /// Makes the fault happen only at the nth visit of the place; the first one is 1.
    pub const fn nth(mut self, nth: usize) -> Self {
        self.times = Times::Nth(nth);
        self
    }

    /// Makes the fault happen only at the first `most` visits of the place.
    pub const fn first(mut self, most: usize) -> Self {
        self.times = Times::First(most);
        self
    }

    /// Returns whether this place was reached.
    pub(super) fn matches(&self, place: Place, message: Subject<'_>) -> bool {
        let here = self.place == place
            || (self.place == Place::AnyCommand && matches!(place, Place::Command(_)));
        let is_id = |id: &Bytes| message.unique_id == Some(id.as_ref());
        here && self.message.is_none_or(|only| message.number == Some(only))
            && self.unique_id.as_ref().is_none_or(is_id)
    }
}
