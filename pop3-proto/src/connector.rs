//! The settings for connecting to a server.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use crate::channel::Channel;
use crate::config::Config;
#[cfg(feature = "rustls")]
use crate::config::StlsPolicy;
use crate::connection::Connection;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::observe::Observer;
#[cfg(feature = "record")]
use crate::record::Recorder;
use crate::time::Instant;
#[cfg(feature = "rustls")]
use crate::tls::{ClientTls, Configs, TlsOptions};

/// The longest wait for a greeting without TLS on port 995. The port is registered for implicit TLS
/// (RFC 8314 section 7.1): such a server waits for the client and sends no greeting.
const WITHOUT_TLS_ON_995: Duration = Duration::from_secs(10);

/// The connection settings: behaviour and TLS.
///
/// Keep a connector for all connections to a server with the same settings, because it keeps the TLS
/// sessions, which make the next handshake shorter. A clone keeps its own sessions.
///
/// Start from the default, change fields, and pass it to the `connect_with` of an adapter:
///
/// ```
/// use core::time::Duration;
/// use pop3_proto::Connector;
///
/// let mut connector = Connector::default();
/// connector.config.timeouts.greeting = Duration::from_secs(10);
/// connector.config.limits.listing_entries = 10_000;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Connector {
    /// The settings of the connection.
    pub config: Config,
    /// How long an asynchronous client waits for a connection before it tries the next address in
    /// parallel (RFC 8305 section 5). With `None` it tries the addresses one after the other, as
    /// the blocking client always does. The default is 250 ms.
    #[cfg(feature = "client")]
    pub stagger: Option<Duration>,
    /// The TLS options: trusted certificates, client certificate, versions.
    #[cfg(feature = "rustls")]
    pub tls: TlsOptions,
    /// What was built from the options.
    #[cfg(feature = "rustls")]
    configs: Configs,
    observers: Option<Observers>,
    #[cfg(feature = "record")]
    recorder: Option<Recorder>,
}

type CreateObserver = dyn Fn(&Endpoint) -> Box<dyn Observer> + Send + Sync;

/// Creates the observers of connections.
#[derive(Clone)]
struct Observers(Arc<CreateObserver>);

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observers(..)")
    }
}

#[cfg_attr(
    not(feature = "client"),
    allow(
        clippy::derivable_impls,
        reason = "the default of `stagger` is not that of its type"
    )
)]
impl Default for Connector {
    fn default() -> Self {
        Self {
            config: Config::default(),
            #[cfg(feature = "client")]
            stagger: Some(Duration::from_millis(250)),
            #[cfg(feature = "rustls")]
            tls: TlsOptions::default(),
            #[cfg(feature = "rustls")]
            configs: Configs::default(),
            observers: None,
            #[cfg(feature = "record")]
            recorder: None,
        }
    }
}

impl Connector {
    /// Sets a function that creates an [`Observer`] for each connection. An observer sees each line
    /// that is sent and received, from the greeting on, and the TLS handshake.
    ///
    /// ```
    /// use pop3_proto::Connector;
    /// use pop3_proto::observe::{Observer, Record};
    ///
    /// #[derive(Debug)]
    /// struct Log(String);
    ///
    /// impl Observer for Log {
    ///     fn observe(&mut self, record: &Record<'_>) {
    ///         eprintln!("{} {record}", self.0);
    ///     }
    /// }
    ///
    /// let mut connector = Connector::default();
    /// connector.observe_with(|endpoint| Box::new(Log(endpoint.host().to_owned())));
    /// ```
    pub fn observe_with(
        &mut self,
        observer: impl Fn(&Endpoint) -> Box<dyn Observer> + Send + Sync + 'static,
    ) {
        self.observers = Some(Observers(Arc::new(observer)));
    }

    /// Records every connection. Afterwards, [`Recorder::transcripts`] returns what happened, for
    /// example for a bug report.
    ///
    /// ```
    /// use pop3_proto::Connector;
    /// use pop3_proto::record::Recorder;
    ///
    /// let recorder = Recorder::new();
    /// let mut connector = Connector::default();
    /// connector.record_with(&recorder);
    /// // ... connect with it, and end the session ...
    /// for transcript in recorder.transcripts() {
    ///     println!("{transcript}");
    /// }
    /// ```
    #[cfg(feature = "record")]
    pub fn record_with(&mut self, recorder: &Recorder) {
        self.recorder = Some(recorder.clone());
    }

    /// Traces each connection with the crate `tracing`, by a
    /// [`Tracing`](crate::observe::Tracing) for each. This is a short form of
    /// [`observe_with`](Self::observe_with), and replaces its function.
    #[cfg(feature = "tracing")]
    pub fn trace(&mut self) {
        use crate::observe::Tracing;
        self.observe_with(|endpoint| Box::new(Tracing::new(endpoint.host(), endpoint.port())));
    }

    /// Creates the state machine for a transport that was just connected to `endpoint`. Its first
    /// deadline starts at `now`. [Seed](Connection::seed) the connection if it uses SCRAM or
    /// confirmations.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`] if TLS is required and cannot be set up. If TLS is not required
    /// ([`StlsPolicy::Off`](crate::config::StlsPolicy::Off)), TLS is set up only if the caller starts
    /// it, and fails then.
    pub fn connection(&self, endpoint: &Endpoint, now: Instant) -> Result<Connection, Error> {
        let mut connection = self.unobserved(endpoint, now)?;
        if let Some(Observers(create)) = &self.observers {
            connection.set_observer(create(endpoint));
        }
        #[cfg(feature = "record")]
        if let Some(recorder) = &self.recorder {
            recorder.attach(&mut connection);
        }
        Ok(connection)
    }

    fn unobserved(&self, endpoint: &Endpoint, now: Instant) -> Result<Connection, Error> {
        let (mut config, channel) = (self.config.clone(), endpoint.channel());
        if channel == Channel::Plain && endpoint.port() == 995 {
            let greeting = &mut config.timeouts.greeting;
            *greeting = WITHOUT_TLS_ON_995.min(*greeting);
        }
        #[cfg(feature = "rustls")]
        {
            let tls = ClientTls::on_demand(&self.configs.0, &self.tls, endpoint.host());
            if channel == Channel::ImplicitTls || config.stls == StlsPolicy::Required {
                tls.check()?;
            }
            Ok(Connection::with_tls(config, channel, tls, now))
        }
        #[cfg(not(feature = "rustls"))]
        Ok(Connection::new(config, channel, now))
    }
}
