//! What happens at a place: one method of [`On`] for each action.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use bytes::Bytes;

use super::super::maildrop::StoredMessage;
use super::on::{On, Place, Times};
use super::{Fault, FaultError};
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

/// A change of the octets of a reply, or of the time when they are sent.
#[derive(Clone, Debug)]
pub(in crate::server) enum Alteration {
    Replace(Bytes),
    Insert(usize, Bytes),
    Append(Bytes),
    Unstuffed,
    Unterminated,
    BareLf,
    Cut(usize, End),
    Delay(Duration),
    Segments(usize, Duration),
    Pause(usize, Duration),
    Status(Bytes),
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

    /// Waits before the reply: see [`Server::wants_wait`](super::super::Server::wants_wait). The
    /// command is executed before the wait. With [`On::octet`], the server waits at that position.
    ///
    /// # Errors
    ///
    /// A count of zero, or a message-number without a command for a message.
    pub fn delay(self, time: Duration) -> Result<Fault, FaultError> {
        self.check(Action::Alter(Alteration::Delay(time)))
    }

    /// Executes the command, sends the first `octets` of the reply, and ends the session. If the
    /// reply is shorter, the session ends after it. Later commands are not executed.
    ///
    /// With `QUIT` and 0 octets, the messages are removed, but the client cannot know it:
    ///
    /// ```
    /// # use pop3_proto::server::{Fault, Maildrop, Server, ServerConfig};
    /// # fn joe(fault: Fault) -> Server {
    /// #     let mail = Maildrop::from_iter([("uid-1", ".dot\r\n"), ("uid-2", "two\r\n")]);
    /// #     let mut server = Server::new(ServerConfig::new("joe", "secret").fault(fault), mail);
    /// #     server.exchange(b"USER joe\r\nPASS secret\r\n");
    /// #     server
    /// # }
    /// use pop3_proto::{command::Verb, server::{End, On}};
    ///
    /// let mut server = joe(On::command(Verb::Quit).cut(0, End::Reset)?);
    /// assert_eq!(server.exchange(b"DELE 1\r\nQUIT\r\n"), b"+OK message 1 deleted\r\n");
    /// assert_eq!(server.expunged(), ["uid-1"]);
    /// assert!(server.is_closed() && server.wants_reset());
    ///
    /// let mut server = joe(On::command(Verb::Retr).message(2).cut(16, End::Close)?);
    /// assert_eq!(server.exchange(b"RETR 2\r\nNOOP\r\n"), b"+OK 5 octets\r\ntw");
    /// assert!(server.is_closed() && !server.wants_reset());
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The place is [`On::octet`].
    pub fn cut(self, octets: usize, end: End) -> Result<Fault, FaultError> {
        self.alter("cut", Alteration::Cut(octets, end))
    }

    /// Executes the command, and sends these octets as they are instead of the reply. Without any
    /// octets, the command gets no reply.
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
    /// let mut server = joe(On::command(Verb::Stat).replace("+OK many messages\r\n")?);
    /// assert_eq!(server.exchange(b"STAT\r\n"), b"+OK many messages\r\n");
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The place is [`On::octet`].
    pub fn replace(self, octets: impl Into<Bytes>) -> Result<Fault, FaultError> {
        self.alter("replace", Alteration::Replace(octets.into()))
    }

    /// Sends this status line instead, without its CRLF, and then the lines of the reply if there are
    /// any.
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
    /// let mut server = joe(On::command(Verb::Retr).status("+OK message follows")?);
    /// assert_eq!(server.exchange(b"RETR 2\r\n"), b"+OK message follows\r\ntwo\r\n.\r\n");
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The place is [`On::octet`].
    pub fn status(self, line: impl Into<Bytes>) -> Result<Fault, FaultError> {
        self.alter("status", Alteration::Status(line.into()))
    }

    /// Inserts octets into the reply, after this many of its octets; 0 is before the reply. If the
    /// reply is shorter, they are appended.
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
    /// let mut server = joe(On::command(Verb::Uidl).insert(5, "not a line of a listing\r\n")?);
    /// assert_eq!(
    ///     server.exchange(b"UIDL\r\n"),
    ///     b"+OK\r\nnot a line of a listing\r\n1 uid-1\r\n2 uid-2\r\n.\r\n"
    /// );
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The place is [`On::octet`].
    pub fn insert(self, after: usize, octets: impl Into<Bytes>) -> Result<Fault, FaultError> {
        self.alter("insert", Alteration::Insert(after, octets.into()))
    }

    /// Sends these octets after the reply, such as an unsolicited reply.
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
    /// let mut server = joe(On::command(Verb::Noop).append("-ERR the server shuts down\r\n")?);
    /// assert_eq!(server.exchange(b"NOOP\r\n"), b"+OK\r\n-ERR the server shuts down\r\n");
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The place is [`On::octet`].
    pub fn append(self, octets: impl Into<Bytes>) -> Result<Fault, FaultError> {
        self.alter("append", Alteration::Append(octets.into()))
    }

    /// Does not stuff dots (RFC 1939 section 3). A line that is a single dot then ends the message,
    /// and its sender can forge the replies after it.
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
    /// let mut server = joe(On::command(Verb::Retr).unstuffed()?);
    /// assert_eq!(server.exchange(b"RETR 1\r\n"), b"+OK 6 octets\r\n.dot\r\n.\r\n");
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The reply at this place is never multi-line.
    pub fn unstuffed(self) -> Result<Fault, FaultError> {
        self.alter_lines("unstuffed", Alteration::Unstuffed)
    }

    /// Leaves out the line that ends a multi-line reply.
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
    /// let mut server = joe(On::command(Verb::Uidl).unterminated()?);
    /// assert_eq!(server.exchange(b"UIDL\r\n"), b"+OK\r\n1 uid-1\r\n2 uid-2\r\n");
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The reply at this place is never multi-line.
    pub fn unterminated(self) -> Result<Fault, FaultError> {
        self.alter_lines("unterminated", Alteration::Unterminated)
    }

    /// Ends each line of the reply with a bare LF.
    ///
    /// ```
    /// # use pop3_proto::server::{Fault, Maildrop, Server, ServerConfig};
    /// # fn joe(fault: Fault) -> Server {
    /// #     let mail = Maildrop::from_iter([("uid-1", ".dot\r\n"), ("uid-2", "two\r\n")]);
    /// #     let mut server = Server::new(ServerConfig::new("joe", "secret").fault(fault), mail);
    /// #     server.exchange(b"USER joe\r\nPASS secret\r\n");
    /// #     server
    /// # }
    /// use pop3_proto::server::On;
    ///
    /// let mut server = joe(On::any_command().bare_lf()?);
    /// assert_eq!(server.exchange(b"RETR 1\r\n"), b"+OK 6 octets\n..dot\n.\n");
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The place is [`On::octet`].
    pub fn bare_lf(self) -> Result<Fault, FaultError> {
        self.alter("bare_lf", Alteration::BareLf)
    }

    /// Sends the reply in segments of this many octets, and waits between them.
    ///
    /// ```
    /// # use pop3_proto::server::{Fault, Maildrop, Server, ServerConfig};
    /// # fn joe(fault: Fault) -> Server {
    /// #     let mail = Maildrop::from_iter([("uid-1", ".dot\r\n"), ("uid-2", "two\r\n")]);
    /// #     let mut server = Server::new(ServerConfig::new("joe", "secret").fault(fault), mail);
    /// #     server.exchange(b"USER joe\r\nPASS secret\r\n");
    /// #     server
    /// # }
    /// use core::time::Duration;
    /// use pop3_proto::{command::Verb, server::On};
    ///
    /// let pause = Duration::from_millis(50);
    /// let mut server = joe(On::command(Verb::Noop).segments(4, pause)?);
    /// server.receive(b"NOOP\r\n");
    /// assert_eq!(server.transmit(), b"+OK\r");
    /// server.transmitted(4);
    /// assert_eq!(server.wants_wait(), Some(pause)); // the caller waits this long
    /// server.waited();
    /// assert_eq!(server.transmit(), b"\n");
    /// # Ok::<(), pop3_proto::server::FaultError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Segments of 0 octets, or the place is [`On::octet`].
    pub fn segments(self, octets: usize, pause: Duration) -> Result<Fault, FaultError> {
        if octets == 0 {
            return Err(FaultError::EmptySegments);
        }
        self.alter("segments", Alteration::Segments(octets, pause))
    }

    /// Sends the first `octets` of the reply, and waits before it sends the rest. If the reply is
    /// shorter, it waits after it.
    ///
    /// # Errors
    ///
    /// The place is [`On::octet`].
    pub fn pause(self, octets: usize, time: Duration) -> Result<Fault, FaultError> {
        self.alter("pause", Alteration::Pause(octets, time))
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

    fn alter(self, name: &'static str, alteration: Alteration) -> Result<Fault, FaultError> {
        self.reply_action(name, Action::Alter(alteration))
    }

    /// Creates a fault in the lines after a status line.
    fn alter_lines(self, name: &'static str, alteration: Alteration) -> Result<Fault, FaultError> {
        let many = match self.place {
            Place::Command(Some(Verb::List | Verb::Uidl)) => self.message.is_none(),
            Place::Command(Some(Verb::Capa | Verb::Retr | Verb::Top | Verb::AuthMechanisms))
            | Place::AnyCommand => true,
            _ => false,
        };
        if !many {
            return Err(FaultError::NotHere {
                action: name,
                instead: "use On::command with CAPA, RETR, TOP, or LIST and UIDL without a message",
            });
        }
        self.alter(name, alteration)
    }

    /// Creates a fault in a reply.
    fn reply_action(self, name: &'static str, action: Action) -> Result<Fault, FaultError> {
        if matches!(self.place, Place::Octet(_)) {
            return Err(FaultError::NotHere {
                action: name,
                instead: "with On::octet, use disconnect() or delay()",
            });
        }
        self.check(action)
    }

    fn check(self, action: Action) -> Result<Fault, FaultError> {
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
