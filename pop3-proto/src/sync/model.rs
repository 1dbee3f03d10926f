//! Values that only a connection creates, for a model of a server in the tests of this workspace.

use super::ask::Answer;
pub use super::rule::Rule;
use super::run::Run;
use crate::config::Leniency;
use crate::error::{Error, Unconfirmed};
use crate::listing::{ListingBuilder, ListingEntry, Rules, UidEntry};
use crate::refusal::Refusal;
use crate::reply::{Confirmed, MailboxStat, Reply};
use crate::status::ErrReply;
use crate::text::ServerText;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// Returns the reply to `STAT`.
pub fn stat(messages: u32, octets: u64) -> Answer {
    Answer(Reply::Stat(MailboxStat::new(messages, Some(octets))))
}

/// Returns the reply to `LIST` with these lines. `None` if they are malformed as a whole.
pub fn sizes(lines: &[u8]) -> Option<Answer> {
    Some(Answer(Reply::Sizes(listing(lines)?)))
}

/// Returns the reply to `UIDL` with these lines. `None` if they are malformed as a whole.
pub fn unique_ids(lines: &[u8]) -> Option<Answer> {
    Some(Answer(Reply::UniqueIds(listing(lines)?)))
}

/// Returns the reply to `UIDL n` from the lines of the reply to `UIDL`. `None` if that has no line
/// about the message.
pub fn unique_id(lines: &[u8], number: MessageNumber) -> Option<Answer> {
    let entry = listing::<UidEntry>(lines)?.get(number)?;
    Some(Answer(Reply::UniqueId(entry)))
}

/// Returns the result of a successful [`Confirm`](crate::Confirm).
pub fn confirmed() -> Answer {
    Answer(Reply::Confirmed(Confirmed::new(1)))
}

/// Returns the error for a command that the server refused with this text.
pub fn refused(verb: Verb, number: Option<MessageNumber>, text: &str) -> Error {
    let reply = ErrReply::read(text.as_bytes(), ServerText::copy(text.as_bytes()));
    let refusal = Refusal {
        verb,
        number,
        code: reply.code,
        login_delay: None,
        text: reply.text,
    };
    refusal.into()
}

/// Returns the error for a question of a confirmation that the server answered with this text.
pub fn wrong_answer(verb: Verb, number: MessageNumber, text: &str) -> Error {
    let got = ServerText::copy(text.as_bytes());
    Unconfirmed::WrongAnswer { verb, number, got }.into()
}

fn listing<E: ListingEntry>(lines: &[u8]) -> Option<crate::listing::Entries<E>> {
    let mut builder = ListingBuilder::<E>::new(Rules {
        leniency: Leniency::Lenient,
        entries: 1 << 20,
        line: 1 << 10,
        octets: 1 << 30,
        salvage: true,
    });
    builder.push(lines).ok()?;
    Some(builder.finish(false).ok()?.0)
}

/// Lets a run leave out a rule.
pub fn leave_out(run: &mut Run, rule: Rule) {
    run.left_out = Some(rule);
}
