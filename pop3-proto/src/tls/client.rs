//! The TLS settings of a connection, and the configuration that a connector keeps for them.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::options::{TlsOptions, TlsVersions};
use crate::error::{TlsError, TlsErrorKind};
use crate::text::Escaped;

/// The TLS settings of a [`Connection`](crate::Connection): the name of the server, and how it is
/// verified.
#[derive(Clone)]
pub struct ClientTls {
    source: Source,
    alpn: bool,
}

#[derive(Clone)]
enum Source {
    /// A configuration that is ready.
    Ready(Setup),
    /// Options, from which a connector builds the configuration once a handshake begins.
    OnDemand {
        configs: Arc<ConfigCache>,
        options: TlsOptions,
        host: String,
    },
}

/// What a handshake needs.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: ServerName<'static>,
    /// The versions that are offered, if they are known.
    pub(super) versions: Option<TlsVersions>,
    /// Whether the certificate is not verified.
    pub(super) unverified: bool,
}

impl ClientTls {
    /// Creates settings for TLS to `host`. `host` is a DNS name or an IP address, and the server's
    /// certificate must be valid for it. Pass the name that the user entered, never one that came
    /// from the network (RFC 2595 section 2.4).
    ///
    /// # Errors
    ///
    /// [`TlsErrorKind::Certificate`] if `host` is neither a DNS name nor an IP address.
    pub fn new(config: Arc<ClientConfig>, host: &str) -> Result<Self, TlsError> {
        let source = Source::Ready(Setup {
            config,
            name: server_name(host)?,
            versions: None,
            unverified: false,
        });
        Ok(Self { source, alpn: true })
    }

    /// Creates settings that use the configuration of a connector. It is built when a handshake
    /// begins, so that a connection without TLS needs none.
    pub(crate) fn on_demand(configs: &Arc<ConfigCache>, options: &TlsOptions, host: &str) -> Self {
        Self {
            source: Source::OnDemand {
                configs: Arc::clone(configs),
                options: options.clone(),
                host: host.to_owned(),
            },
            alpn: options.alpn,
        }
    }

    /// Disables ALPN (RFC 7301), which offers the protocol `pop3`. Use this for a server that
    /// closes the connection because of ALPN. ALPN makes sure that a TLS connection to another
    /// service is not used for POP3.
    #[must_use]
    pub fn without_alpn(self) -> Self {
        Self {
            alpn: false,
            ..self
        }
    }

    /// Checks the settings. A handshake with them then fails only because of the server.
    pub(crate) fn check(&self) -> Result<(), TlsError> {
        self.setup().map(drop)
    }

    /// Returns what a handshake needs, and builds it first if necessary.
    pub(super) fn setup(&self) -> Result<Setup, TlsError> {
        match &self.source {
            Source::Ready(setup) => Ok(setup.clone()),
            Source::OnDemand {
                configs,
                options,
                host,
            } => Ok(Setup {
                name: server_name(host)?,
                config: configs.get(options)?,
                versions: options.config.is_none().then_some(options.versions),
                unverified: options.is_unverified(),
            }),
        }
    }

    pub(super) fn alpn(&self) -> bool {
        self.alpn
    }
}

fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(host.to_string()).map_err(|_| {
        let text = format!(
            "the host name \"{}\" is neither a DNS name nor an IP address, so no certificate can be \
             valid for it",
            Escaped(host.as_bytes())
        );
        TlsError::new(TlsErrorKind::Certificate, text)
    })
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ClientTls");
        match &self.source {
            Source::Ready(setup) => shown.field("name", &setup.name),
            Source::OnDemand { options, host, .. } => {
                shown.field("name", host).field("options", options)
            }
        };
        shown.field("alpn", &self.alpn).finish_non_exhaustive()
    }
}

/// The configuration that was built last, with the options that it was built from. It contains the
/// sessions that can be resumed. They belong to the options: if those change, a new configuration
/// without sessions replaces it, so that no session is resumed under another policy.
#[derive(Default)]
pub(crate) struct ConfigCache {
    built: Mutex<Option<(TlsOptions, Arc<ClientConfig>)>>,
}

impl ConfigCache {
    fn get(&self, options: &TlsOptions) -> Result<Arc<ClientConfig>, TlsError> {
        // A panic cannot leave a partial value, so a poisoned lock is no problem.
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, config)) = &*built
            && of == options
        {
            return Ok(Arc::clone(config));
        }
        let config = options.build()?;
        *built = Some((options.clone(), Arc::clone(&config)));
        Ok(config)
    }
}

/// The configuration of one connector. A clone of the connector gets its own, so that two connectors
/// never share sessions.
#[derive(Default)]
pub(crate) struct Configs(pub(crate) Arc<ConfigCache>);

impl Clone for Configs {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Configs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Configs(..)")
    }
}
