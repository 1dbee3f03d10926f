//! Confirming received messages with questions that only a synchronized session answers correctly.

mod question;
mod random;
mod run;

use core::fmt;

use zeroize::Zeroizing;

pub(crate) use self::question::{Answered, Kind, Question};
use self::random::Random;
pub(crate) use self::run::{Listed, Next, Run};
use crate::sasl::Seed;

/// A request to confirm that all messages read so far are what the server meant to send.
///
/// A message ends with a line that is a single dot. If a server does not stuff the dots of its
/// messages (RFC 1939 section 3), the sender of a message can end it early. The rest of the message
/// is then read as the replies to the next commands. The sender can therefore decide what is stored
/// as other people's mail. Faulty servers can cause the same by accident. The replies that follow
/// look correct. Even the reply to a [`Noop`](crate::command::Noop) proves nothing, because the
/// sender can write it in advance.
///
/// A confirmation sends `UIDL n` and `LIST n` for messages chosen at random among those that the
/// server listed in this session. It compares the number and the value in each reply with the
/// listing. If pipelining is allowed, this takes one round trip. If the session had one reply too
/// many or too few before, every answer belongs to another question. The messages that were
/// received since the last confirmation, and before the first question, are confirmed only if the
/// result is `Ok`. **Do not delete a message that is not confirmed.**
///
/// # Guarantees
///
/// A sender can corrupt their own message, and cause the session to end. There are two ways to cause
/// the deletion of other people's mail: to predict the answers to 16 random questions, or to add one
/// reply and hide another one in a message. Against the second one, the client searches the octets
/// of each message for a hidden reply. If it finds one, and the message does not have exactly the
/// size that was listed for it, the confirmation fails with
/// [`Unconfirmed::ReplyInMessage`](crate::error::Unconfirmed::ReplyInMessage).
///
/// There is no such guarantee if the server supports neither `UIDL n` nor `LIST n`
/// ([`Unconfirmed::Unsupported`](crate::error::Unconfirmed::Unsupported)): a forged session can
/// look like this, too. There is also no guarantee against an attacker who can change what the
/// server sends. If only one message is listed, and only by one of the two commands, all questions
/// are the same. In that case, there is no other mail to lose.
///
/// # Requirements
///
/// A confirmation needs the reply to a [`Uidl`](crate::Uidl) or [`List`](crate::List) in this
/// session. The replies to both are better than one. A reply must have been received
///
/// * before the first [`Dele`](crate::Dele), or after an [`Rset`](crate::command::Rset): after a
///   `DELE`, some servers renumber the messages in listings, while `UIDL n` and `LIST n` keep the
///   numbers;
/// * before the first [`Retr`](crate::Retr) or [`Top`](crate::Top) since the last confirmation: the
///   sender of an unconfirmed message may have forged a listing that follows the message.
///
/// Streamed listings are not kept. The connection keeps the last reply to each command until the
/// session ends, and the number of each message that was marked as deleted after it. Listings are
/// shared, so one that the application keeps needs no additional memory.
///
/// It also needs random octets from [`Connection::seed`](crate::Connection::seed), which the
/// adapters call, or from [`Confirm::with_random`].
///
/// Wait for the result before you send the first `DELE`. Commands that were submitted after the
/// confirmation are sent even if no question could be asked.
///
/// # Errors
///
/// [`Error::Unconfirmed`](crate::Error::Unconfirmed) says why nothing is confirmed. Some of the
/// reasons end the connection, such as a wrong answer: see
/// [`Unconfirmed::is_fatal`](crate::error::Unconfirmed::is_fatal). After any other error the
/// messages are not confirmed either.
///
/// # Cancel safety
///
/// An abandoned confirmation confirms nothing. Questions that were not sent are removed from the
/// queue. The answers to those that were sent are still checked.
///
/// # Examples
///
/// Submit the listing first, and the `DELE` only after the confirmation has succeeded. The clients
/// have the method `confirm` for this.
///
/// ```
/// # #[cfg(not(feature = "server"))] fn main() {}
/// # #[cfg(feature = "server")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use pop3_proto::server::{Maildrop, Server, ServerConfig};
/// # use pop3_proto::{Channel, Config, Connection, Instant, Login};
/// use pop3_proto::{Confirm, Dele, Event, MessageNumber, Quit, Retr, Uidl};
///
/// # let mail = Maildrop::from_iter([("uid-1", "Subject: hello\r\n\r\nhello\r\n")]);
/// # let mut server = Server::new(ServerConfig::new("alice", "secret"), mail);
/// # let now = Instant::ORIGIN;
/// # let mut connection = Connection::new(Config::default(), Channel::TrustedByCaller, now);
/// # connection.seed([7; 32]);
/// # connection.submit(Login::password("alice".try_into()?, "secret".try_into()?))?;
/// connection.submit(Uidl)?; // the answers are compared with this listing
/// connection.submit(Retr(MessageNumber::FIRST))?;
/// let confirm = connection.submit(Confirm::new())?;
///
/// # let mut confirmed = false;
/// # 'session: loop {
/// while let Some(event) = connection.poll_event() {
///     match event {
///         Event::Reply { id, result } if id == confirm.id() => {
///             confirm.read(result?)?; // an error if the message is not confirmed
///             connection.submit(Dele(MessageNumber::FIRST))?;
///             connection.submit(Quit)?;
/// #           confirmed = true;
///         }
///         // ... store the message ...
/// #       Event::Closed(result) => { result?; break 'session; }
///         _ => {}
///     }
/// }
/// # if connection.poll_timeout().is_some_and(|due| due <= now) {
/// #     connection.handle_timeout(now);
/// # }
/// # if connection.wants_write() {
/// #     let batch = connection.transmit();
/// #     server.receive(batch);
/// #     let octets = batch.len();
/// #     connection.transmitted(octets, now);
/// # }
/// # if let Some(room) = connection.recv_buffer() {
/// #     let reply = server.transmit();
/// #     let octets = reply.len().min(room.len());
/// #     room[..octets].copy_from_slice(&reply[..octets]);
/// #     server.transmitted(octets);
/// #     connection.received(octets, now);
/// # }
/// # }
/// # assert!(confirmed);
/// # Ok(())
/// # }
/// ```
pub struct Confirm {
    random: Option<Seed>,
    /// The key that chooses the questions, if it is not derived from random octets.
    key: Option<Zeroizing<[u8; 32]>>,
    questions: usize,
    /// Whether it asks about sizes, too.
    sizes: bool,
}

impl Confirm {
    /// The default number of questions, and the maximum: some servers close the connection after
    /// about twenty refusals in a row.
    pub const QUESTIONS: usize = 16;

    /// Creates a confirmation with [`Confirm::QUESTIONS`] questions, chosen with the random octets
    /// of [`Connection::seed`](crate::Connection::seed).
    pub fn new() -> Self {
        Self {
            random: None,
            key: None,
            questions: Self::QUESTIONS,
            sizes: true,
        }
    }

    /// Chooses the questions with these random octets instead of the connection's. They must not be
    /// known to anyone who can send mail to this mailbox, and must not be used twice.
    #[must_use]
    pub fn with_random(mut self, random: [u8; 32]) -> Self {
        self.random = Some(Seed::new(random));
        self
    }

    /// Sets the number of questions, from 2 to [`Confirm::QUESTIONS`]. Fewer questions save round
    /// trips if pipelining is not allowed, but are easier to predict.
    #[must_use]
    pub fn with_questions(mut self, questions: usize) -> Self {
        self.questions = questions.clamp(2, Self::QUESTIONS);
        self
    }

    /// Asks only about unique-ids, for a server whose sizes differ between `LIST` and `LIST n`.
    #[must_use]
    pub fn without_sizes(mut self) -> Self {
        self.sizes = false;
        self
    }

    /// Returns the generator for its questions; `None` if there are no random octets.
    fn random(&self, seed: Option<&Seed>, request: u64) -> Option<Random> {
        self.key(seed, request).map(Random::new)
    }

    /// Returns the key that chooses its questions; `None` if there are no random octets.
    pub(crate) fn key(&self, seed: Option<&Seed>, request: u64) -> Option<Zeroizing<[u8; 32]>> {
        let derived = || {
            let seed = self.random.as_ref().or(seed)?;
            Some(seed.for_questions(request))
        };
        self.key.clone().or_else(derived)
    }

    #[cfg(feature = "record")]
    pub(crate) fn questions(&self) -> usize {
        self.questions
    }

    #[cfg(feature = "record")]
    pub(crate) fn asks_sizes(&self) -> bool {
        self.sizes
    }

    /// Chooses the questions with the key of another confirmation.
    #[cfg(feature = "record")]
    pub(crate) fn with_key(mut self, key: [u8; 32]) -> Self {
        self.key = Some(Zeroizing::new(key));
        self
    }
}

impl Default for Confirm {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Confirm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Confirm");
        fields.field("questions", &self.questions).finish()
    }
}
