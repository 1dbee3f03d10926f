//! draft
#![no_std]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod apop;
mod batch;
mod capability;
mod command;
mod config;
mod connection;
mod connector;
mod endpoint;
mod engine;
mod error;
mod exchange;
mod listing;
mod phase;
mod quirk;
mod reply;
mod secret;
#[cfg(feature = "server")]
pub mod server;
mod session;
mod status;
mod text;
mod ticket;
mod time;
mod tls;
mod types;

pub use batch::{Batch, Pending};
pub use capability::{Capabilities, Expire, LoginDelay};
pub use command::{
    Apop, Capa, Command, Dele, IntoStreamed, List, ListOne, Noop, Pass, Quit, Raw, RawLong,
    RawShort, RawStream, Retr, Rset, Stat, Streamed, StreamedListing, Top, Uidl, UidlOne, User,
    Verb, Whole,
};
pub use config::{CapaPolicy, Channel, Config, Leniency, Limits, Pipelining, StlsPolicy, Timeouts};
pub use connection::{Connection, Event, Greeting};
pub use connector::Connector;
pub use endpoint::Endpoint;
pub use engine::{Engine, Feed};
pub use error::{
    Advice, Argument, AuthError, Closed, Error, LimitError, Limited, Misuse, NoSafeLogin,
    ProtocolError, Refusal, SecurityError, Timeout, TlsError, TlsErrorKind, TransportError,
    TransportErrorKind,
};
pub use exchange::{GetCapabilities, Login, LoginPolicy, StartTls};
pub use listing::{Entries, Listing, Numbers, UidListing};
pub use phase::Phase;
pub use quirk::Quirk;
pub use reply::{DropListing, Lines, Opened, QuitOutcome, Reply, ScanEntry, UidEntry};
pub use secret::Secret;
pub use session::Session;
pub use status::{ResponseCode, Status};
pub use text::ServerText;
pub use ticket::{RequestId, Ticket};
pub use time::Instant;
pub use tls::TlsInfo;
#[cfg(feature = "rustls")]
pub use tls::{ClientTls, Roots, client_config, default_provider};
pub use types::{MessageNumber, UniqueId, Username};
