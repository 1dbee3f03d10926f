//! TLS for a connection: its settings, and the layer between the state machine and the socket.
//!
//! [`TlsInfo`] is the result of a handshake. With the feature `rustls`, the connection does the
//! handshake itself, as `TlsOptions` says (the field `tls` of a [`Connector`](crate::Connector)):
//!
//! * `Roots` says which servers are trusted: the usual authorities, certain certificates
//!   (`Roots::Only`), or certain public keys (`Roots::Pinned`).
//! * `ClientCertificate` has the certificate of the client, from PEM.
//! * `TlsVersions` selects TLS 1.2, TLS 1.3, or both.
//!
//! A connector builds the configuration of rustls once, and keeps the sessions. If the server
//! supports it, the second connection resumes the session of the first: see
//! [`TlsInfo::handshake`]. Connectors never share sessions, and changed options start without any.
//!
//! Without the feature, or for a server that supports only TLS 1.0, the caller can use another TLS
//! stack: see [`Connection::wants_tls`](crate::Connection::wants_tls). The example `native-tls` of
//! this crate does that.

#[cfg(feature = "rustls")]
mod any;
#[cfg(feature = "rustls")]
mod certificate;
#[cfg(feature = "rustls")]
mod client;
#[cfg(feature = "rustls")]
mod describe;
#[cfg(feature = "rustls")]
mod end_point;
#[cfg(feature = "rustls")]
mod keys;
#[cfg(feature = "rustls")]
mod layer;
#[cfg(not(feature = "rustls"))]
mod none;
#[cfg(feature = "rustls")]
mod options;
#[cfg(feature = "rustls")]
mod pinned;
#[cfg(feature = "rustls")]
mod roots;

#[cfg(feature = "rustls")]
pub use certificate::{ClientCertificate, ClientCertificateError};
#[cfg(feature = "rustls")]
pub use client::ClientTls;
#[cfg(feature = "rustls")]
pub(crate) use client::Configs;
#[cfg(feature = "rustls")]
pub use end_point::server_end_point;
#[cfg(feature = "rustls")]
pub(crate) use layer::Layer;
#[cfg(not(feature = "rustls"))]
pub(crate) use none::{ClientTls, Layer};
#[cfg(feature = "rustls")]
pub use options::{TlsOptions, TlsVersions, default_provider};
#[cfg(feature = "rustls")]
pub use roots::Roots;

pub use crate::channel::{EndPoint, Handshake, NoEndPoint, TlsInfo};
