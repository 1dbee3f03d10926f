//! The settings for connections.

use pop3_blocking::Connector;
use pop3_blocking::config::{CapaPolicy, Pipelining, StlsPolicy};

use super::exit::Failure;
use super::options::{Options, Verbosity};
use super::protocol_log::ProtocolLog;
use super::tls;

/// Returns the settings for connections.
pub(super) fn connector(options: &Options) -> Result<Connector, Failure> {
    let mut connector = Connector::default();
    tls::apply(options, &mut connector)?;
    let config = &mut connector.config;
    if let Some(timeout) = options.timeout {
        let timeouts = &mut config.timeouts;
        for each in [
            &mut timeouts.connect,
            &mut timeouts.tls,
            &mut timeouts.greeting,
            &mut timeouts.first_octet,
            &mut timeouts.stall,
            &mut timeouts.send,
            &mut timeouts.quit,
            &mut timeouts.quit_without_deletions,
        ] {
            *each = timeout;
        }
    }
    if !options.pipelining {
        config.pipelining = Pipelining::Never;
    }
    if !options.capa {
        config.capa = CapaPolicy::Never;
    }
    if options.plaintext {
        config.stls = StlsPolicy::Off;
        config.allow_insecure_login = true;
    }
    if options.verbosity >= Verbosity::Protocol {
        connector.observe_with(|endpoint| Box::new(ProtocolLog::new(endpoint)));
    }
    Ok(connector)
}
