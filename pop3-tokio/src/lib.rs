//! The place of the POP3 client for Tokio. There is no adapter here yet: what it will put on sockets is
//! [`pop3_proto`], which can be driven from Tokio by hand meanwhile, as its crate documentation shows.

pub use pop3_proto as proto;
