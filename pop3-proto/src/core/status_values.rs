//! The values in replies of one line.

use bytes::Bytes;

use crate::capability::Capabilities;
use crate::config::Leniency;
use crate::error::{Error, ProtocolError};
use crate::language::Language;
use crate::listing::{ListingEntry, Quirks, digits, leading_number, size, trimmed};
use crate::quirk::Quirk;
use crate::refusal::Refusal;
use crate::reply::{MailboxStat, QuitOutcome, Reply};
use crate::status::Status;
use crate::text::ServerText;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// Parses the `+OK` to a command. Also returns its deviations. `number` is the message that the
/// command concerns, if any. `shown` is the same text after redaction.
pub(super) fn read(
    verb: Verb,
    number: Option<MessageNumber>,
    status: &Status,
    shown: Status,
    leniency: Leniency,
) -> Result<(Reply, Quirks), ProtocolError> {
    let mut quirks = Quirks::new();
    let text = trimmed(status.text.as_bytes());
    let value = match (verb, number) {
        (Verb::Quit, _) => Ok(Reply::Quit(QuitOutcome::Committed(Status {
            // Copy the text: an outcome that is kept after the session must not keep the receive
            // buffer in memory.
            text: shown.text.detach(),
        }))),
        (Verb::Stat, _) => drop_listing(text, leniency, &mut quirks).map(Reply::Stat),
        (Verb::List, Some(asked)) => {
            entry(verb, asked, text, leniency, &mut quirks).map(Reply::Size)
        }
        (Verb::Uidl, Some(asked)) => {
            entry(verb, asked, text, leniency, &mut quirks).map(Reply::UniqueId)
        }
        (Verb::Lang, _) => match Language::read(shown.text.as_bytes()) {
            Some(language) => Ok(Reply::Language(language)),
            None => Err(Wrong::Value("no language tag")),
        },
        _ => Ok(Reply::Status(shown)),
    };
    let got = || ServerText::copy(text);
    match value {
        Ok(reply) => Ok((reply, quirks)),
        Err(Wrong::Value(what)) => Err(ProtocolError::Malformed {
            verb,
            what,
            got: got(),
        }),
        Err(Wrong::Number(asked)) => Err(ProtocolError::NumberMismatch {
            verb,
            asked,
            got: got(),
        }),
    }
}

/// Returns the result of a command that was refused. Some refusals are not errors: the refusal of
/// `CAPA`, and that of `QUIT`, which means that some messages were not deleted.
pub(super) fn read_refusal(refusal: Refusal, known: Option<&Capabilities>) -> Result<Reply, Error> {
    match refusal.verb {
        // Keep the capabilities that were announced before.
        Verb::Capa => Ok(Reply::Capabilities(known.cloned())),
        Verb::AuthMechanisms => Ok(Reply::Mechanisms(None)),
        Verb::Quit => Ok(Reply::Quit(QuitOutcome::Refused(refusal.into()))),
        _ => Err(refusal.into()),
    }
}

enum Wrong {
    Value(&'static str),
    /// The reply concerns a message other than this one.
    Number(MessageNumber),
}

fn drop_listing(
    text: &[u8],
    leniency: Leniency,
    quirks: &mut Quirks,
) -> Result<MailboxStat, Wrong> {
    let Some((Some(messages), rest)) = digits(text) else {
        return Err(Wrong::Value("no number of messages"));
    };
    let messages = u32::try_from(messages);
    let messages =
        messages.map_err(|_| Wrong::Value("a number of messages of more than 32 bits"))?;
    let octets = size(trimmed(rest)).map_err(Wrong::Value)?;
    if octets.is_none() {
        if leniency == Leniency::Strict {
            return Err(Wrong::Value("no size"));
        }
        quirks.push(Quirk::MissingSize);
    }
    Ok(MailboxStat::new(messages, octets))
}

/// Parses the number of the message that was asked about, and its value.
fn entry<E: ListingEntry>(
    verb: Verb,
    asked: MessageNumber,
    text: &[u8],
    leniency: Leniency,
    quirks: &mut Quirks,
) -> Result<E, Wrong> {
    // If the reply is one word, it may be the value without the number.
    let bare = leniency == Leniency::Lenient
        && !text.is_empty()
        && !text.iter().any(|c| matches!(c, b' ' | b'\t'));
    let no_number = digits(text).is_none_or(|(_, rest)| !rest.is_empty());
    let value = match leading_number(text) {
        Some((number, value)) if number == asked => value,
        Some(_) if !bare => return Err(Wrong::Number(asked)),
        None if !bare || verb == Verb::List && no_number => {
            return Err(Wrong::Value("no message number"));
        }
        _ => {
            quirks.push(Quirk::MissingNumber);
            text
        }
    };
    quirks.extend(E::check(value, leniency).map_err(Wrong::Value)?);
    // Copy the value: one unique-id must not keep the receive buffer in memory.
    let value = Bytes::copy_from_slice(value);
    Ok(E::new(asked, &value, &value))
}
