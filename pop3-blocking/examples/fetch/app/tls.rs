//! The TLS settings: which servers are trusted, and the client certificate.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use pop3_blocking::Connector;
use pop3_blocking::rustls::pki_types::pem::PemObject as _;
use pop3_blocking::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use pop3_blocking::rustls::sign::{CertifiedKey, SingleCertAndKey};
use pop3_blocking::tls::{Roots, client_config, default_provider};

use super::exit::{Exit, Failure};
use super::options::{Options, Trust};

/// Applies the options to the connector.
pub(super) fn apply(options: &Options, connector: &mut Connector) -> Result<(), Failure> {
    connector.roots = match &options.trust {
        Trust::Default => Roots::default_roots(),
        Trust::File(path) => {
            let roots = Roots::from_pem(&read(path)?);
            Some(roots.map_err(|error| {
                config(error.text.replace("the PEM text", &format!("{path:?}")))
            })?)
        }
        Trust::Keys(digests) => Some(Roots::Pinned(digests.clone())),
    };
    let (Some((certificate, key)), Some(roots)) = (&options.certificate, &connector.roots) else {
        return Ok(());
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(certificate)?).collect();
    let chain = match chain {
        Ok(chain) if !chain.is_empty() => chain,
        _ => return Err(config(format!("no certificate found in {certificate:?}"))),
    };
    let secret = PrivateKeyDer::from_pem_slice(&read(key)?);
    let secret = secret.map_err(|_| config(format!("no private key found in {key:?}")))?;
    let provider = default_provider().ok_or_else(|| config("no cryptography provider for TLS"))?;
    let certified = CertifiedKey::from_der(chain, secret, &provider)
        .map_err(|error| config(format!("cannot use {certificate:?} with {key:?}: {error}")))?;
    let mut tls = Arc::unwrap_or_clone(client_config(roots.clone()).map_err(config)?);
    tls.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
    connector.tls = Some(Arc::new(tls));
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| config(format!("cannot read {path:?}: {error}")))
}

fn config(text: impl fmt::Display) -> Failure {
    Failure::new(Exit::Config, text)
}
