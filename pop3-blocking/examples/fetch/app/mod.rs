//! Everything of the program but the session with the server, which differs between the clients:
//! the command line, the account, the Maildir and the output.
//!
//! The examples `fetch_tokio` and `fetch_async_std` include this module, too.

pub(crate) mod login;
pub(crate) mod mailbox;
pub(crate) mod maildir;
pub(crate) mod options;
pub(crate) mod password;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod sample;
pub(crate) mod setup;
pub(crate) mod tls;
