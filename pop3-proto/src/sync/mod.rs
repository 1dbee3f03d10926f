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
//!
//! # The loop
//!
//! The application provides `dial`, which connects and logs in, and a store. This is the loop for
//! the blocking client:
//!
//! ```
//! # #[cfg(feature = "blocking")] mod example {
//! # use std::{io::{self, Write}, time::Duration};
//! # use pop3_proto::{blocking::{Client, Transport}, Error};
//! # use pop3_proto::sync::{Dial, Do, Keep, Run, ToStore};
//! # struct Store;
//! # impl Store {
//! #     fn keep(&mut self, what: &Keep) -> io::Result<()> { Ok(()) }
//! #     fn sink(&mut self, to: Option<ToStore>) -> io::Result<io::Sink> { Ok(io::sink()) }
//! # }
//! # fn synchronise<T: Transport>(
//! #     mut run: Run, mut store: Store, dial: impl Fn(Dial) -> Result<Client<T>, Error>,
//! # ) -> io::Result<()> {
//! while let Some(how) = run.connect() {
//!     let Some(mut client) = run.opened(dial(how)) else { continue };
//!     while let Some(step) = run.step() {
//!         match step {
//!             Do::Ask(asks) => client.pipeline(asks).for_each(|reply| run.reply(reply)),
//!             Do::Keep(what) => store.keep(&what)?, // durable before it returns
//!             Do::Fetch(gets) => {
//!                 let mut messages = client.retrieve(gets);
//!                 while let Some(message) = messages.next() {
//!                     let Some(mut message) = run.message(message) else { continue };
//!                     let mut sink = store.sink(run.to_store())?;
//!                     while let Some(chunk) = run.chunk(message.chunk()) {
//!                         sink.write_all(&chunk)?;
//!                     }
//!                 }
//!             }
//!         }
//!         // Storing may have taken long. The next step reports an error.
//!         let _ = client.noop_if_idle(Duration::from_secs(30));
//!     }
//! }
//! let (ledger, report) = run.finish();
//! # Ok(())
//! # }
//! # }
//! ```
//!
//! With an asynchronous client, the loop is the same with `.await` after `dial`, `for_each`, `next`,
//! `chunk` and `noop_if_idle`. If storing is a future, `client.keep_alive(store.keep(&what)).await?`
//! sends `NOOP` while it runs. The example `fetch` has a complete store.
//!
//! # What is durable before what
//!
//! | step | durable before it |
//! |---|---|
//! | [`Keep::Stage`]: the message is in a file that is not visible, and the file and its folder are synced | |
//! | confirm: the server answers random questions, see [`Confirm`](crate::Confirm) | the staged file |
//! | [`Keep::Record`]: the ledger says that it is stored | the staged file |
//! | [`Keep::Publish`]: the file is renamed to where it is seen, and the folder is synced | the record |
//! | [`Keep::Record`]: the ledger says that the deletion is about to be requested, because some servers commit it even if the connection drops | the published file |
//! | `DELE`, `QUIT` | both |
//! | [`Keep::Record`]: the ledger says that the server committed it | |
//!
//! After a crash, [`Keep::Recover`] publishes the staged files that the ledger names, and removes the
//! others. If the store fails, leave the loop: no message is blamed and none is lost.
//!
//! # What is deleted
//!
//! Only messages that are stored whole, confirmed, recorded and published. A message that an earlier
//! session stored is compared first, by `TOP n 0` or as a whole: a unique-id identifies a message only
//! while it exists (RFC 1939 section 7), and servers reuse them.
//!
//! A sender can spoil their own message and end the session. To have other people's mail deleted, they
//! must match the size that `LIST` states for each message after their own, and predict 16 random
//! questions. There is no such promise without `UIDL n` and `LIST n`: then messages are stored and
//! never deleted. There is none against an attacker who can change what the server sends.
//!
//! # What identifies a message
//!
//! Its unique-id, unless all unique-ids are message numbers or several messages share one. Otherwise
//! the digest of its header with its size, and without `TOP` the digest of the whole message, which is
//! then fetched each time. If all unique-ids are new, the mailbox was renumbered, and messages are
//! recognized in the same way. Content is compared only with entries that are not listed by their own
//! unique-ids, so equal copies are stored each.
//!
//! What is gone is remembered for 30 days, because its unique-id may come back.
//!
//! # What fails
//!
//! One bad message blocks nothing. If a session ends in a batch or the confirmation fails, that does
//! not say which message is the cause. The batch is discarded and fetched again, one message at a time,
//! after everything else. A message that failed alone is tried again in the next run, and after three
//! runs less and less often.

mod ask;
mod chain;
mod change;
mod day;
mod digest;
mod entry;
mod headers;
mod ids;
mod ledger;
mod line;
mod load;
mod mailbox;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod model;
mod places;
mod plan;
mod report;
mod rule;
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
pub use self::run::{Choice, Dial, Do, Keep, Preview, Run, ToStore};
