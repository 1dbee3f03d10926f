//! What happens at a place: one method of [`On`] for each action. Those that change a reply are in
//! `alteration`.

use alloc::format;
use alloc::string::String;

use bytes::Bytes;

use super::super::maildrop::StoredMessage;
use super::on::{On, Place, Times};
use super::{Alteration, Fault, FaultError};
use crate::status::ResponseCode;
use crate::verb::Verb;

/// The longest text of a refusal: a status line has 512 octets with its CRLF (RFC 1939 section 3).
const REFUSAL_OCTETS: usize = 512 - b"-ERR \r\n".len();

/// How a fault ends the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum End {
    /// The server closes the connection. Inside TLS it sends close_notify first.
    Close,
    /// The server resets the connection, or closes it without close_notify.
    Reset,
    /// The server sends nothing more, and the connection stays open until the client closes it.
    Stall,
}

/// An action, after its rule was checked.
#[derive(Clone, Debug)]
pub(in crate::server) enum Action {
    /// Answer `-ERR` with this text, and do not execute the command.
    Refuse(String),
    /// End the session, and neither execute the command nor answer.
    Disconnect(End),
    /// Let a message arrive before the command is executed.
    Deliver(StoredMessage),
    /// Let QUIT remove only this many of the marked messages.
    RemoveOnly(usize),
    /// Change the reply, or the time of it.
    Alter(Alteration),
}

/// Actions. Each method returns the fault, or an error if it could have no effect at this place.
///
/// The examples use this session of Joe, who is logged in:
///
/// ```
/// use pop3_proto::server::{Fault, Maildrop, Server, ServerConfig};
///
/// fn joe(fault: Fault) -> Server {
///     let mail = Maildrop::from_iter([("uid-1", ".dot\r\n"), ("uid-2", "two\r\n")]);
///     let mut server = Server::new(ServerConfig::new("joe", "secret").fault(fault), mail);
///     server.exchange(b"USER joe\r\nPASS secret\r\n");
///     server
/// }
/// ```
///
/// # Errors
///
/// Each method returns a [`FaultError`] that names the mistake in the rule. They all reject a count
/// of zero, and a [`message`](Self::message) without a command for a message.
impl On {
    /// Answers `-ERR` with this text, which may begin with a response code such as `[IN-USE]`. The
    /// command is not executed.
    ///
    /// A session whose greeting or `QUIT` is refused is closed. `QUIT` then removes nothing.
    ///
    /// ```
    /// # use pop3_proto::server::{Fault, Maildrop, Server, ServerConfig};
    /// # fn joe(fault: Fault) -> Server {
    /// #     let mail = Maildrop::from_iter([("uid-1", ".dot\r\n"), ("uid-2", "two\r\n")]);
    /// #     let mut server = Server::new(ServerConfig::new("joe", "secret").fault(fault), mail);
    /// #     server.exchange(b"USER joe\r\nPASS secret\r\n");
    /// #     server
    /// # }
    /// use pop3_proto::{command::Verb, server::On};
    ///
    /// let mut server = joe(On::command(Verb::Quit).refuse("[SYS/TEMP] nothing was deleted")?);
    /// assert_eq!(
    ///     server.exchange(b"DELE 1\r\nQUIT\r\n"),
    ///     b"+OK message 1 deleted\r\n-ERR [SYS/TEMP] nothing was deleted\r\n"
    /// );
    /// assert!(server.is_closed() && server.expunged().is_empty());
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The text has a line end, or is too long for a status line.
    pub fn refuse(self, text: impl Into<String>) -> Result<Fault, FaultError> {
        let text = text.into();
        if text.contains(['\r', '\n']) {
            return Err(FaultError::LineEnd(text));
        }
        if text.len() > REFUSAL_OCTETS {
            return Err(FaultError::TooLong(text.len()));
        }
        self.reply_action("refuse", Action::Refuse(text))
    }

    /// Answers `-ERR` with this response code and text (RFC 2449 section 8, RFC 3206), as
    /// [`refuse`](Self::refuse) does.
    ///
    /// ```
    /// use pop3_proto::reply::ResponseCode;
    /// use pop3_proto::server::{Maildrop, On, Server, ServerConfig};
    ///
    /// let fault = On::login().first(1).refuse_with(&ResponseCode::LoginDelay, "wait a minute")?;
    /// let config = ServerConfig::new("joe", "secret").fault(fault);
    /// let mut server = Server::new(config, Maildrop::new());
    /// let replies = server.exchange(b"USER joe\r\nPASS secret\r\n");
    /// assert!(replies.ends_with(b"+OK\r\n-ERR [LOGIN-DELAY] wait a minute\r\n"));
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`refuse`](Self::refuse).
    pub fn refuse_with(self, code: &ResponseCode, text: &str) -> Result<Fault, FaultError> {
        self.refuse(format!("{code} {text}"))
    }

    /// Ends the session without a reply. The command is not executed. To execute it and end the
    /// session then, use [`cut`](Self::cut) with 0.
    ///
    /// ```
    /// use pop3_proto::server::{End, Maildrop, On, Server, ServerConfig};
    ///
    /// // The connection breaks in the greeting.
    /// let config = ServerConfig::new("joe", "secret").fault(On::octet(4).disconnect(End::Close)?);
    /// let mut server = Server::new(config, Maildrop::new());
    /// assert_eq!(server.exchange(b"CAPA\r\n"), b"+OK ");
    /// assert!(server.is_closed());
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A count of zero, or a message-number without a command for a message.
    pub fn disconnect(self, end: End) -> Result<Fault, FaultError> {
        self.check(Action::Disconnect(end))
    }

    /// Lets a message arrive just before the command is executed. This session sees it immediately,
    /// which RFC 1939 section 4 does not allow: a maildrop does not change during a session.
    ///
    /// ```
    /// # use pop3_proto::server::{Fault, Maildrop, Server, ServerConfig};
    /// # fn joe(fault: Fault) -> Server {
    /// #     let mail = Maildrop::from_iter([("uid-1", ".dot\r\n"), ("uid-2", "two\r\n")]);
    /// #     let mut server = Server::new(ServerConfig::new("joe", "secret").fault(fault), mail);
    /// #     server.exchange(b"USER joe\r\nPASS secret\r\n");
    /// #     server
    /// # }
    /// use pop3_proto::{command::Verb, server::On};
    ///
    /// let mut server = joe(On::command(Verb::Stat).nth(2).deliver("uid-3", "new\r\n")?);
    /// assert_eq!(server.exchange(b"STAT\r\nSTAT\r\n"), b"+OK 2 11\r\n+OK 3 16\r\n");
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The place is not a command.
    pub fn deliver(
        self,
        unique_id: impl Into<Bytes>,
        octets: impl Into<Bytes>,
    ) -> Result<Fault, FaultError> {
        if !matches!(self.place, Place::Command(_) | Place::AnyCommand) {
            return Err(FaultError::NotHere {
                action: "deliver",
                instead: "use On::command",
            });
        }
        self.check(Action::Deliver(StoredMessage::new(unique_id, octets)))
    }

    /// Lets `QUIT` remove only the first `messages` of the messages that are marked as deleted, and
    /// answer `-ERR` (RFC 1939 section 6).
    ///
    /// ```
    /// # use pop3_proto::server::{Fault, Maildrop, Server, ServerConfig};
    /// # fn joe(fault: Fault) -> Server {
    /// #     let mail = Maildrop::from_iter([("uid-1", ".dot\r\n"), ("uid-2", "two\r\n")]);
    /// #     let mut server = Server::new(ServerConfig::new("joe", "secret").fault(fault), mail);
    /// #     server.exchange(b"USER joe\r\nPASS secret\r\n");
    /// #     server
    /// # }
    /// use pop3_proto::{command::Verb, server::On};
    ///
    /// let mut server = joe(On::command(Verb::Quit).remove_only(1)?);
    /// server.exchange(b"DELE 1\r\nDELE 2\r\n");
    /// assert_eq!(server.exchange(b"QUIT\r\n"), b"-ERR some deleted messages not removed\r\n");
    /// assert_eq!(server.expunged(), ["uid-1"]);
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The command is not `QUIT`.
    pub fn remove_only(self, messages: usize) -> Result<Fault, FaultError> {
        if self.place != Place::Command(Some(Verb::Quit)) {
            return Err(FaultError::NotHere {
                action: "remove_only",
                instead: "use On::command with QUIT, which is the command that removes messages",
            });
        }
        self.check(Action::RemoveOnly(messages))
    }

    /// Creates a fault in a reply.
    pub(super) fn reply_action(
        self,
        name: &'static str,
        action: Action,
    ) -> Result<Fault, FaultError> {
        if matches!(self.place, Place::Octet(_)) {
            return Err(FaultError::NotHere {
                action: name,
                instead: "with On::octet, use disconnect() or delay()",
            });
        }
        self.check(action)
    }

    pub(super) fn check(self, action: Action) -> Result<Fault, FaultError> {
        let numbered = match self.place {
            Place::Command(Some(verb)) => matches!(
                verb,
                Verb::List | Verb::Uidl | Verb::Retr | Verb::Top | Verb::Dele
            ),
            Place::AnyCommand => true,
            _ => false,
        };
        let has_id = self.unique_id.is_some();
        match self {
            _ if has_id && !numbered => Err(FaultError::NoMessage),
            Self {
                message: Some(0), ..
            } => Err(FaultError::CountOfZero("message")),
            Self {
                message: Some(_), ..
            } if !numbered => Err(FaultError::NoMessage),
            Self {
                session: Some(0), ..
            } => Err(FaultError::CountOfZero("session")),
            Self {
                times: Times::Nth(0),
                ..
            } => Err(FaultError::CountOfZero("nth")),
            Self {
                times: Times::First(0),
                ..
            } => Err(FaultError::CountOfZero("first")),
            _ => Ok(Fault::new(self, action)),
        }
    }
}
