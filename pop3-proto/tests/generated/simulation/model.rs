//! A model of the maildrop, which determines the replies of a conforming server.

use pop3_proto::reply::Reply;

use super::ask::Ask;
use super::deviation::{Deviation, with_line_feeds};
use super::mail::Message;

/// The maildrop as the session has changed it.
pub(crate) struct MailboxModel<'a> {
    mail: &'a [Message],
    deviations: &'a [Deviation],
    deleted: Vec<bool>,
}

impl<'a> MailboxModel<'a> {
    pub(crate) fn new(mail: &'a [Message], deviations: &'a [Deviation]) -> Self {
        let deleted = vec![false; mail.len()];
        Self {
            mail,
            deviations,
            deleted,
        }
    }

    fn is(&self, deviation: Deviation) -> bool {
        self.deviations.contains(&deviation)
    }

    /// Returns a message that is not deleted.
    fn message(&self, number: u32) -> Option<&'a Message> {
        let index = number as usize - 1;
        let message = self.mail.get(index)?;
        (!self.deleted[index]).then_some(message)
    }

    fn left(&self) -> impl Iterator<Item = (u32, &'a Message)> {
        (1..=self.mail.len() as u32).filter_map(|n| Some((n, self.message(n)?)))
    }

    /// Applies a command that the server executed.
    pub(crate) fn done(&mut self, ask: Ask) {
        match ask {
            Ask::Dele(number) => self.deleted[number as usize - 1] = true,
            Ask::Rset => self.deleted.fill(false),
            _ => {}
        }
    }

    /// Returns the unique-ids of the deleted messages.
    pub(crate) fn deleted(&self) -> Vec<String> {
        let marked = self.mail.iter().zip(&self.deleted);
        marked
            .filter(|(_, deleted)| **deleted)
            .map(|(message, _)| message.unique_id.clone())
            .collect()
    }

    /// Returns whether the server must execute the request.
    pub(crate) fn allows(&self, ask: Ask) -> bool {
        match ask {
            Ask::ListOne(n) | Ask::UidlOne(n) | Ask::Retr(n) | Ask::Top(n, _) | Ask::Dele(n) => {
                self.message(n).is_some()
            }
            _ => true,
        }
    }

    /// Checks a reply, and a body that was received completely.
    pub(crate) fn check(&self, ask: Ask, reply: &Reply, body: Option<&[u8]>) {
        let size = |message: &Message| message.sent().len() as u64;
        let sized = !self.is(Deviation::MissingSizes);
        match (ask, reply) {
            (Ask::Stat, Reply::Stat(stat)) => {
                let octets = self.left().map(|(_, message)| size(message)).sum();
                assert_eq!(stat.messages as usize, self.left().count());
                assert_eq!(stat.octets, sized.then_some(octets));
            }
            (Ask::List, Reply::Sizes(sizes)) => {
                let reported: Vec<_> = sizes.iter().map(|e| (e.number.get(), e.octets)).collect();
                let left = self.left();
                let expected = left.map(|(n, message)| (n, sized.then_some(size(message))));
                assert_eq!(self.ascending(reported), expected.collect::<Vec<_>>());
            }
            (Ask::Uidl, Reply::UniqueIds(ids)) => {
                let id = |id: pop3_proto::UniqueId| String::from_utf8_lossy(id.as_bytes()).into();
                let reported = ids.iter().map(|e| (e.number.get(), e.unique_id.map(id)));
                let named = !self.is(Deviation::MissingUniqueIds);
                let left = self.left();
                let expected =
                    left.map(|(n, message)| (n, named.then(|| message.unique_id.clone())));
                assert_eq!(
                    self.ascending(reported.collect()),
                    expected.collect::<Vec<_>>()
                );
            }
            (Ask::ListOne(n), Reply::Size(entry)) => {
                assert_eq!(entry.number.get(), n);
                let octets = size(self.message(n).unwrap());
                // A size without the number can look like the number without a size if both are
                // equal.
                let alike = self.is(Deviation::MissingNumbers) && octets == u64::from(n);
                assert!(entry.octets == Some(octets) || alike, "{entry:?}");
            }
            (Ask::UidlOne(n), Reply::UniqueId(entry)) => {
                assert_eq!(entry.number.get(), n);
                let id = &self.message(n).unwrap().unique_id;
                assert_eq!(entry.unique_id.as_ref().unwrap().as_bytes(), id.as_bytes());
            }
            (Ask::Retr(n), _) => self.same(body, self.message(n).unwrap().sent()),
            (Ask::Top(n, lines), _) => self.same(body, self.message(n).unwrap().top(lines)),
            _ => {}
        }
    }

    fn ascending<T>(&self, mut entries: Vec<T>) -> Vec<T> {
        if self.is(Deviation::Descending) {
            entries.reverse();
        }
        entries
    }

    fn same(&self, reported: Option<&[u8]>, expected: Vec<u8>) {
        let expected = if self.is(Deviation::BareLineFeeds) {
            with_line_feeds(&expected)
        } else {
            expected
        };
        let shown = reported.map(|reported| reported.escape_ascii().to_string());
        assert!(
            reported.is_none_or(|reported| reported == expected),
            "the message is \"{}\", but {shown:?} was reported",
            expected.escape_ascii()
        );
    }
}
