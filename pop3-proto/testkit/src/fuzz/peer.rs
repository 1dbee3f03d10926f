//! A POP3 server behind TLS, in memory, that does as it should.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, LazyLock};

use pop3_proto::rustls::client::Resumption;
use pop3_proto::rustls::crypto::{CryptoProvider, GetRandomFailed, SecureRandom, ring};
use pop3_proto::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use pop3_proto::rustls::{
    ClientConfig, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion, version,
};
use pop3_proto::server::{Maildrop, Server};

use super::middle::account;

/// What the maildrop holds.
pub const MAIL: [(&str, &str); 2] = [
    ("uid-1", "Subject: dots\r\n\r\n.\r\n..\r\n.dot\r\n"),
    ("uid-2", "hello\r\n"),
];

/// No randomness, so that a run can be repeated. The keys that are exchanged are random all the same,
/// but always of one length.
#[derive(Debug)]
struct Always(u8);

impl SecureRandom for Always {
    fn fill(&self, octets: &mut [u8]) -> Result<(), GetRandomFailed> {
        octets.fill(self.0);
        Ok(())
    }
}

/// A certificate for `localhost`, good in every process that makes one.
static IDENTITY: LazyLock<(CertificateDer<'static>, PrivateKeyDer<'static>)> =
    LazyLock::new(|| {
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.serial_number = Some(7.into());
        // Its signatures have one length, too.
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        (
            certificate,
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
    });

fn provider(secure_random: &'static Always) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        secure_random,
        ..ring::default_provider()
    })
}

/// A client's configuration that trusts the server.
pub static CLIENT: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add(IDENTITY.0.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(provider(&Always(1)))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Arc::new(config)
});

static TLS12: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| server_config(&version::TLS12));
static TLS13: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| server_config(&version::TLS13));

fn server_config(version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
    let (certificate, key) = &*IDENTITY;
    let config = ServerConfig::builder_with_provider(provider(&Always(2)))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.clone_key())
        .unwrap();
    Arc::new(config)
}

pub struct Peer {
    pub server: Server,
    config: Arc<ServerConfig>,
    tls: Option<ServerConnection>,
    /// TLS is no more: it failed, or this side took its leave. (rustls then asserts that it has no
    /// alert to send any more.)
    over: bool,
    /// What it says.
    pub outgoing: Vec<u8>,
}

impl Peer {
    pub fn new(implicit: bool, old: bool) -> Self {
        let mail = Maildrop::from_iter(MAIL);
        let config = account().keep_log(true).stls(true);
        let mut peer = Self {
            server: if implicit {
                Server::implicit_tls(config, mail)
            } else {
                Server::new(config, mail)
            },
            config: Arc::clone(if old { &TLS12 } else { &TLS13 }),
            tls: None,
            over: false,
            outgoing: Vec::new(),
        };
        if implicit {
            peer.start_tls();
        }
        peer.answer();
        peer
    }

    fn start_tls(&mut self) {
        self.tls = Some(ServerConnection::new(Arc::clone(&self.config)).unwrap());
    }

    /// The client sent this.
    pub fn hear(&mut self, mut octets: &[u8]) {
        match &mut self.tls {
            None => self.server.receive(octets),
            Some(tls) => {
                while !octets.is_empty() && !self.over {
                    // It stops reading behind close_notify.
                    self.over |= !matches!(tls.read_tls(&mut octets), Ok(1..));
                    self.over |= tls.process_new_packets().is_err();
                    let mut plain = Vec::new();
                    let _ = tls.reader().read_to_end(&mut plain);
                    self.server.receive(&plain);
                }
            }
        }
        self.answer();
    }

    /// Says what there is to say.
    pub fn answer(&mut self) {
        if self.server.wants_tls() && self.tls.is_none() {
            self.start_tls();
        }
        if let Some(tls) = self.tls.as_mut().filter(|tls| !tls.is_handshaking()) {
            self.server.tls_established();
            let label = b"EXPORTER-Channel-Binding";
            if let Ok(exporter) = tls.export_keying_material([0; 32], label, Some(b"")) {
                self.server.channel_binding(exporter);
            }
        }
        let said = self.server.transmit().to_vec();
        let count = match &mut self.tls {
            None => self.outgoing.write(&said).unwrap(),
            Some(tls) if tls.is_handshaking() => 0,
            // Nothing, where TLS is no more.
            Some(tls) => tls.writer().write(&said).unwrap_or(0),
        };
        self.server.transmitted(count);
        self.collect();
    }

    /// Says close_notify.
    pub fn say_farewell(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            self.over = true;
        }
        self.collect();
    }

    /// Changes its keys, where TLS lets it.
    pub fn change_keys(&mut self) {
        if let Some(tls) = self.tls.as_mut().filter(|tls| !tls.is_handshaking()) {
            let _ = tls.refresh_traffic_keys();
        }
        self.collect();
    }

    fn collect(&mut self) {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut self.outgoing).unwrap();
            }
        }
    }
}
