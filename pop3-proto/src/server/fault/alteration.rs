//! Changes of a reply, and of the time when it is sent: the other methods of [`On`] for actions.

use core::time::Duration;

use bytes::Bytes;

use super::action::Action;
use super::on::{On, Place};
use super::{End, Fault, FaultError};
use crate::verb::Verb;

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

/// Actions that change a reply. The examples use the session of Joe from above.
impl On {
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
}
