//! draft
mod client;
mod connect;
mod message;
mod pump;
#[cfg(feature = "server")]
pub mod server;
mod stream;

pub use client::{Client, Pipeline, Retrieve};
pub use connect::{connect, connect_with};
pub use message::Message;
pub use pop3_proto as proto;
#[doc(no_inline)]
pub use pop3_proto::*;
pub use stream::{NoTimeout, Stream};
