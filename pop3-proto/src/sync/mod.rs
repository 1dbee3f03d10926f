//! Synchronisation: fetching a mailbox again and again without losing a message.
//!
//! What hurts people who fetch mail is not the protocol but the bookkeeping around it: which message
//! is new, what may be deleted, what happens after a crash. This module does that bookkeeping. It is
//! pure: the application dials, stores files and lines, and knows the day.
//!
//! * A [`Ledger`] says what this client knows of one maildrop.
//! * A [`Plan`] says what to do with each message of a mailbox, and why.
//! * A [`Run`] does it, over as many sessions as it takes, in an order that survives a crash after
//!   any step.
mod ask;
mod chain;
mod day;
mod digest;
mod entry;
mod ledger;
mod line;
mod load;
mod mailbox;
mod plan;
mod report;
mod rules;
mod run;
mod table;

pub use self::ask::{Answer, Ask, Get};
pub use self::day::Day;
pub use self::digest::Digest;
pub use self::entry::{Entry, Kept, Presence};
pub use self::ledger::{FetchName, Ledger};
pub use self::load::{LedgerError, LedgerReader, Loaded};
pub use self::mailbox::Mailbox;
pub use self::plan::{Item, Plan, Task, Why};
pub use self::report::{Note, Noticed, Progress, Report};
pub use self::rules::{Delete, Order, Rules};
pub use self::run::{Dial, Do, Keep, Run, ToStore};
