//! Converts commands to their types, and replies to comparable values.

use pop3_proto::{
    Capabilities, Dele, Error, List, Quit, QuitOutcome, Retr, Stat, Ticket, Top, Uidl,
    command::{Capa, ListOne, Noop, Rset, UidlOne, Whole},
    listing::{Listing, ScanEntry, UidEntry, UidListing},
    reply::{MailboxStat, Status},
};

use super::account::Outcome;
use super::plan::Ask;
use super::reading::{Got, Read};
use super::server::Value;
use super::session::Subject;

/// A reply whose value can be compared.
pub trait Valued {
    fn value(self) -> Value;
}

impl Valued for Status {
    fn value(self) -> Value {
        Value::Done
    }
}

impl Valued for MailboxStat {
    fn value(self) -> Value {
        Value::Stat(self.messages, self.octets.unwrap())
    }
}

impl Valued for ScanEntry {
    fn value(self) -> Value {
        Value::Sizes(vec![(self.number.get(), self.octets.unwrap())])
    }
}

impl Valued for Listing {
    fn value(self) -> Value {
        let size = |entry: ScanEntry| (entry.number.get(), entry.octets.unwrap());
        Value::Sizes(self.iter().map(size).collect())
    }
}

impl Valued for UidEntry {
    fn value(self) -> Value {
        let id = self.unique_id.unwrap().to_string();
        Value::Ids(vec![(self.number.get(), id)])
    }
}

impl Valued for UidListing {
    fn value(self) -> Value {
        let id = |entry: UidEntry| (entry.number.get(), entry.unique_id.unwrap().to_string());
        Value::Ids(self.iter().map(id).collect())
    }
}

impl Valued for Option<Capabilities> {
    fn value(self) -> Value {
        assert!(self.is_some());
        Value::Capabilities
    }
}

impl Valued for QuitOutcome {
    fn value(self) -> Value {
        match self {
            Self::Committed(_) => Value::Committed,
            Self::Unknown => Value::Unknown,
            _ => panic!("{self:?}"),
        }
    }
}

/// Returns a result as a value.
pub fn outcome<R: Valued>(result: Result<R, Error>) -> Outcome {
    result.map(Valued::value)
}

macro_rules! commands {
    ($($kind:ident: $command:ty, $pattern:pat => $make:expr;)*) => {
        /// The ticket of a command of any type.
        #[derive(Debug, Clone, Copy)]
        pub enum AnyTicket {
            $($kind(Ticket<$command>),)*
            Retr(Ticket<Retr>),
            Top(Ticket<Top>),
        }

        /// Submits a command.
        pub fn submit<S: Subject>(subject: &mut S, ask: Ask) -> Result<AnyTicket, Error> {
            match ask {
                $($pattern => subject.submit($make).map(AnyTicket::$kind),)*
                Ask::Retr(number) => subject.submit(Retr(number)).map(AnyTicket::Retr),
                Ask::Top(number) => {
                    let top = Top { number, lines: 1 };
                    subject.submit(top).map(AnyTicket::Top)
                }
            }
        }

        /// Waits for the reply that a ticket claims, and reads its body if it has one.
        pub async fn wait<S: Subject>(
            subject: &mut S,
            ticket: AnyTicket,
            read: Read,
            polls: u8,
        ) -> (Outcome, Option<Got>) {
            let got = match ticket {
                $(AnyTicket::$kind(ticket) => {
                    return (outcome(subject.wait(ticket, polls).await), None);
                })*
                AnyTicket::Retr(ticket) => subject.wait_open(ticket, read, polls).await,
                AnyTicket::Top(ticket) => subject.wait_open(ticket, read, polls).await,
            };
            match got {
                Ok(got) => (Ok(Value::BodyHead), Some(got)),
                Err(error) => (Err(error), None),
            }
        }

        /// Executes a command. Returns `None` if its future was dropped.
        pub async fn call<S: Subject>(subject: &mut S, ask: Ask, polls: u8) -> Option<Outcome> {
            match ask {
                $($pattern => subject.call($make, polls).await.map(outcome),)*
                Ask::Retr(_) | Ask::Top(_) => panic!("no whole reply"),
            }
        }
    };
}

commands! {
    Stat: Stat, Ask::Stat => Stat;
    List: List, Ask::List => List;
    ListOne: ListOne, Ask::ListOne(number) => ListOne(number);
    Uidl: Uidl, Ask::Uidl => Uidl;
    UidlOne: UidlOne, Ask::UidlOne(number) => UidlOne(number);
    Dele: Dele, Ask::Dele(number) => Dele(number);
    Noop: Noop, Ask::Noop => Noop;
    Rset: Rset, Ask::Rset => Rset;
    Capa: Capa, Ask::Capa => Capa;
    Quit: Quit, Ask::Quit => Quit;
}

/// A pipelined command and its reply.
pub trait Pipelined: Whole<Reply: Valued> {}

impl<C: Whole<Reply: Valued>> Pipelined for C {}
