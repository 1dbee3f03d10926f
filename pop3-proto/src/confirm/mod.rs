//! Confirming what was received: questions that only a synchronized session answers.

mod question;
mod random;
mod run;

use core::fmt;

pub(crate) use self::question::{Answered, Kind, Question};
use self::random::Random;
pub(crate) use self::run::{Listed, Next, Run};
use crate::sasl::Seed;

/// Confirms that all messages read so far are what the server meant.
///
/// A message ends with a line that is a single dot. A server that does not stuff the dots of its
/// messages (RFC 1939 section 3) lets a sender end a message early, and what follows in the message is
/// taken for the replies to the next commands: the sender chooses what is stored as other people's
/// mail. Faulty servers do the same by accident. The replies that follow look right, and so does the
/// reply to a [`Noop`](crate::command::Noop), which anybody can write in advance.
///
/// A confirmation asks `UIDL n` and `LIST n` about messages chosen at random among those that the
/// server listed in this session, in one round trip where pipelining is allowed, and compares number
/// and value with the listing. One reply too many or too few before them shifts every answer. What was
/// received before the first question and after the last confirmation counts as confirmed only if
/// this is `Ok`. **Delete nothing that is not confirmed.**
///
/// # What it promises
///
/// A sender can spoil their own message and end the session. To have other people's mail deleted they
/// would have to predict 16 random questions, or to add one reply and hide another in a message. A
/// hidden reply is found by its octets: unless the message has exactly the size that was listed for it,
/// the confirmation fails with [`Unconfirmed::ReplyInMessage`](crate::error::Unconfirmed::ReplyInMessage). There is no such promise where the server
/// supports neither `UIDL n` nor `LIST n` ([`Unconfirmed::Unsupported`](crate::error::Unconfirmed::Unsupported):
/// a forged session can look like this too), and none against an attacker who can change what the server
/// sends. Where only one message is listed, and only by one of the two commands, all questions are the
/// same; then there is no other mail to lose.
///
/// # What it needs
///
/// A [`Uidl`](crate::Uidl) or [`List`](crate::List) whose reply came in this session before the first
/// [`Dele`](crate::Dele) (or after an [`Rset`](crate::command::Rset)) and before the first [`Retr`](crate::Retr)
/// or [`Top`](crate::Top) since the last confirmation; both are better than one. A listing that follows an
/// unconfirmed message is not used: that message may have forged it. Listings taken after a `DELE` are
/// not used either: some servers number the messages anew in them, while `UIDL n` and
/// `LIST n` keep the numbers. Streamed listings are not remembered. The connection keeps the last reply
/// to each until the session ends, and the number of each message that was marked as deleted after it;
/// listings are shared, so one that the application keeps costs nothing more.
///
/// It also needs randomness: [`Connection::seed`](crate::Connection::seed), which the adapters call,
/// or [`Confirm::with_random`].
///
/// Wait for its result before the first `DELE`. Commands that were submitted behind it are sent
/// also when there was nothing to ask.
///
/// # Errors
///
/// [`Error::Unconfirmed`](crate::Error::Unconfirmed) says why nothing is confirmed.
/// [`Unconfirmed::is_fatal`](crate::error::Unconfirmed::is_fatal) says which of the reasons end the
/// connection: a wrong answer does, and nothing more is sent then. Every other error means "not
/// confirmed" too.
///
/// # Cancel safety
///
/// Nothing is confirmed by a confirmation that was abandoned. Questions that were not sent are not
/// sent, and the answers to those that were are still checked.
pub struct Confirm {
    random: Option<Seed>,
    questions: usize,
}

impl Confirm {
    /// How many questions are asked unless the application says otherwise. No more can be asked:
    /// there are servers that close the connection after some twenty refusals in a row.
    pub const QUESTIONS: usize = 16;

    /// Confirms with [`Confirm::QUESTIONS`] questions, chosen by the randomness of the connection.
    pub fn new() -> Self {
        Self {
            random: None,
            questions: Self::QUESTIONS,
        }
    }

    /// Chooses the questions by this randomness instead of the connection's. It must not be known to
    /// anybody who can write to the mailbox, and must not be used twice.
    #[must_use]
    pub fn with_random(mut self, random: [u8; 32]) -> Self {
        self.random = Some(Seed::new(random));
        self
    }

    /// Asks another number of questions: 2 at least and [`Confirm::QUESTIONS`] at most. Fewer save
    /// round trips where pipelining is not allowed, and are easier to predict.
    #[must_use]
    pub fn with_questions(mut self, questions: usize) -> Self {
        self.questions = questions.clamp(2, Self::QUESTIONS);
        self
    }

    /// The generator for its questions, unless there is no randomness.
    fn random(&self, seed: Option<&Seed>, request: u64) -> Option<Random> {
        let own = self.random.as_ref();
        own.or(seed)
            .map(|seed| Random::new(seed.for_questions(request)))
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
