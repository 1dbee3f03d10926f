//! A [`Connection`](pop3_proto::Connection) with TLS, and a TLS server, both in memory.
//!
//! [`authority`] issues certificates, [`fixed`] has one that makes runs repeatable, [`peer`] is the
//! server's side, and [`link`] moves octets between the two sides.

pub mod authority;
pub mod fixed;
pub mod link;
pub mod peer;
