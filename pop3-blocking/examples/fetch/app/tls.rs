//! The TLS settings: which servers are trusted, and the client certificate.

use std::fmt;
use std::fs;
use std::path::Path;

use pop3_blocking::Connector;
use pop3_blocking::tls::{ClientCertificate, ClientCertificateError, Roots};

use super::exit::{Exit, Failure};
use super::options::{Options, Trust};

/// Applies the options to the connector, and checks them.
pub(super) fn apply(options: &Options, connector: &mut Connector) -> Result<(), Failure> {
    connector.tls.roots = match &options.trust {
        Trust::Default => Roots::default_roots(),
        Trust::File(path) => {
            let roots = Roots::from_pem(&read(path)?);
            Some(roots.map_err(|error| {
                config(error.text.replace("the PEM text", &format!("{path:?}")))
            })?)
        }
        Trust::Keys(digests) => Some(Roots::Pinned(digests.clone())),
    };
    let Some((certificate, key)) = &options.certificate else {
        return Ok(());
    };
    let pair = ClientCertificate::from_pem(&read(certificate)?, &read(key)?);
    let pair = pair.map_err(|error| {
        use ClientCertificateError::{DamagedCertificate, NoCertificate};
        let path = match error {
            NoCertificate | DamagedCertificate { .. } => certificate,
            _ => key,
        };
        config(format!("cannot use {path:?}: {error}"))
    })?;
    connector.tls.client_certificate = Some(pair);
    let checked = connector.tls.client_config();
    checked.map_err(|error| config(format!("cannot use {certificate:?} with {key:?}: {error}")))?;
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| config(format!("cannot read {path:?}: {error}")))
}

fn config(text: impl fmt::Display) -> Failure {
    Failure::new(Exit::Config, text)
}
