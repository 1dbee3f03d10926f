//! A `Session` with TLS under it against a TLS server in memory: no sockets, and a clock that only
//! the stories move.
#![cfg(all(feature = "rustls", feature = "server"))]

mod tls;
