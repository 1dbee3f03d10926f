//! A confirmation in progress: which questions it asks, and what the answers mean.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::random::Random;
use super::{Answered, Confirm, Kind, Question};
use crate::error::{Error, Unconfirmed};
use crate::listing::{Entries, Listing, ListingEntry, UidListing};
use crate::misuse::Misuse;
use crate::refusal::Refusal;
use crate::reply::Confirmed;
use crate::sasl::Seed;
use crate::types::MessageNumber;

/// How often a random position in a listing is tried before the listing is searched from there.
const TRIES: usize = 64;

/// The length of the shortest line that a question can be made from: `1 5` and LF.
const SHORTEST_LINE: usize = 4;

/// What the server listed in this session, and which of these messages were deleted.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// The last listing of each kind that was received while no message was marked as deleted.
    pub(crate) unique_ids: Option<UidListing>,
    pub(crate) sizes: Option<Listing>,
    /// The messages that were marked as deleted since then.
    pub(crate) deleted: BTreeSet<MessageNumber>,
    /// Whether any part of a message was received since the last confirmation. A listing that
    /// follows may be forged in that message, so nothing can be compared with it.
    pub(crate) unconfirmed: bool,
    /// A message that may contain the reply to another command; see [`crate::swallowed`].
    pub(crate) doubtful: Option<MessageNumber>,
}

impl Listed {
    pub(crate) fn learn_sizes(&mut self, sizes: &Listing) {
        if !self.unconfirmed {
            self.sizes = Some(sizes.clone());
        }
    }

    pub(crate) fn learn_unique_ids(&mut self, ids: &UidListing) {
        if !self.unconfirmed {
            self.unique_ids = Some(ids.clone());
        }
    }

    fn question(&self, kind: Kind, random: &mut Random) -> Option<Question> {
        match kind {
            Kind::UniqueId => self.pick(self.unique_ids.as_ref()?, Question::unique_id, random),
            Kind::Size => self.pick(self.sizes.as_ref()?, Question::size, random),
        }
    }

    /// Returns a question about a random message that is left. All messages are equally likely.
    fn pick<E: ListingEntry>(
        &self,
        listing: &Entries<E>,
        question: fn(E) -> Option<Question>,
        random: &mut Random,
    ) -> Option<Question> {
        let left = |entry: E| question(entry).filter(|it| !self.deleted.contains(&it.number));
        for _ in 0..TRIES {
            let (entry, line) = listing.entry_at(random.below(listing.text_len()))?;
            // A random octet is more often in a long line, so long lines are skipped more often.
            if random.below(line) < SHORTEST_LINE
                && let Some(question) = entry.and_then(left)
            {
                return Some(question);
            }
        }
        // Almost all messages are deleted, or the lines are long.
        let from = random.below(listing.text_len());
        listing.iter_from(from).find_map(left)
    }
}

/// The answers to the questions of one kind.
#[derive(Debug, Default)]
struct Answers {
    right: usize,
    numberless: usize,
    refused: usize,
}

/// What a confirmation does next, after all its questions were answered.
pub(crate) enum Next {
    Ask(Vec<Question>),
    End(Result<Confirmed, Error>),
}

/// A confirmation and its progress.
#[derive(Debug)]
pub(crate) struct Run {
    confirm: Confirm,
    /// Whether it has asked nothing yet.
    fresh: bool,
    random: Option<Random>,
    /// The only kind of question in the second round.
    only: Option<Kind>,
    unique_ids: Answers,
    sizes: Answers,
    refusal: Option<Refusal>,
}

impl Run {
    #[cfg(feature = "record")]
    pub(crate) fn confirm(&self) -> &Confirm {
        &self.confirm
    }

    pub(crate) fn new(confirm: Confirm) -> Self {
        Self {
            confirm,
            fresh: true,
            random: None,
            only: None,
            unique_ids: Answers::default(),
            sizes: Answers::default(),
            refusal: None,
        }
    }

    /// Returns whether it has asked any question.
    pub(crate) fn has_asked(&self) -> bool {
        !self.fresh
    }

    /// Returns what to do next, when none of its questions is in flight.
    pub(crate) fn next(&mut self, listed: &Listed, seed: Option<&Seed>, request: u64) -> Next {
        let kinds: &[Kind] = if core::mem::take(&mut self.fresh) {
            if let Some(number) = listed.doubtful {
                return Next::End(Err(Unconfirmed::ReplyInMessage { number }.into()));
            }
            self.random = self.confirm.random(seed, request);
            if self.confirm.sizes {
                &[Kind::UniqueId, Kind::Size]
            } else {
                &[Kind::UniqueId]
            }
        } else {
            match self.verdict() {
                Verdict::End(result) => return Next::End(result),
                Verdict::Only(Kind::UniqueId) => &[Kind::UniqueId],
                Verdict::Only(Kind::Size) => &[Kind::Size],
            }
        };
        let Some(random) = &mut self.random else {
            return Next::End(Err(Misuse::NoSeed.into()));
        };
        match questions(self.confirm.questions, kinds, listed, random) {
            Ok(questions) => Next::Ask(questions),
            Err(why) => Next::End(Err(why.into())),
        }
    }

    /// Counts an answer. Returns false if it shows that the session is not synchronized.
    pub(crate) fn count(&mut self, kind: Kind, answered: Answered) -> bool {
        let second = self.only.is_some();
        let answers = match kind {
            Kind::UniqueId => &mut self.unique_ids,
            Kind::Size => &mut self.sizes,
        };
        match answered {
            Answered::Right => answers.right += 1,
            Answered::Numberless => answers.numberless += 1,
            Answered::Refused(refusal) => {
                answers.refused += 1;
                self.refusal = Some(refusal);
            }
            Answered::Wrong => return false,
        }
        // A server either supports a command or does not. An answer of another kind is not from the
        // same server.
        let kinds = [answers.right, answers.numberless, answers.refused];
        let other = answers.numberless + answers.refused > 0;
        kinds.iter().filter(|count| **count > 0).count() == 1 && !(second && other)
    }

    fn verdict(&mut self) -> Verdict {
        let (unique_ids, sizes) = (&self.unique_ids, &self.sizes);
        let all = |answers: &Answers| answers.numberless + answers.refused == 0;
        let right = unique_ids.right + sizes.right;
        if right == 0 {
            return Verdict::End(Err(Unconfirmed::Unsupported(self.refusal.take()).into()));
        }
        if self.only.is_some() || (all(unique_ids) && all(sizes)) {
            return Verdict::End(Ok(Confirmed::new(right)));
        }
        let only = if sizes.right > 0 {
            Kind::Size
        } else {
            Kind::UniqueId
        };
        self.only = Some(only);
        // Only the answers of the second round count.
        self.unique_ids = Answers::default();
        self.sizes = Answers::default();
        Verdict::Only(only)
    }
}

enum Verdict {
    End(Result<Confirmed, Error>),
    /// The server supports only one kind of question: ask this many of it.
    Only(Kind),
}

/// Chooses questions of these kinds, at least one of each, because it must be certain that the
/// server is asked both commands.
fn questions(
    count: usize,
    kinds: &[Kind],
    listed: &Listed,
    random: &mut Random,
) -> Result<Vec<Question>, Unconfirmed> {
    if listed.unique_ids.is_none() && listed.sizes.is_none() {
        return Err(Unconfirmed::NoListing);
    }
    let of_each = kinds.iter().map(|kind| listed.question(*kind, random));
    let mut questions: Vec<Question> = of_each.flatten().collect();
    let (Some(one), Some(other)) = (questions.first(), questions.last()) else {
        return Err(Unconfirmed::NothingToAsk);
    };
    let (one, other) = (one.kind(), other.kind());
    for _ in questions.len()..count {
        let kind = if random.coin() { one } else { other };
        questions.extend(listed.question(kind, random));
    }
    for index in (1..questions.len()).rev() {
        questions.swap(index, random.below(index + 1));
    }
    Ok(questions)
}
