//! TLS for a connection: its settings, and the layer between the state machine and the socket.

#[cfg(feature = "rustls")]
mod config;
#[cfg(feature = "rustls")]
mod describe;
#[cfg(feature = "rustls")]
mod keys;
#[cfg(feature = "rustls")]
mod layer;
#[cfg(not(feature = "rustls"))]
mod none;
#[cfg(feature = "rustls")]
mod pinned;

#[cfg(feature = "rustls")]
pub use config::{ClientTls, Roots, client_config, default_provider};
#[cfg(feature = "rustls")]
pub(crate) use layer::Layer;
#[cfg(not(feature = "rustls"))]
pub(crate) use none::{ClientTls, Layer};

pub use crate::channel::TlsInfo;
