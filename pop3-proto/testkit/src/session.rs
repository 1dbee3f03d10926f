//! Sessions with the test Dovecot. Every user's password is `secret`.

use std::net::TcpStream;

use pop3_blocking::{
    Client, Config, Connector, Endpoint, Error, Login, Secret, Username, config::StlsPolicy,
    connect_with, tls::Roots,
};

use crate::dovecot::Dovecot;

/// The channel of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Cleartext for the whole session, which the client's configuration must allow explicitly.
    Clear,
    Stls,
    ImplicitTls,
}

pub const WAYS: [Way; 3] = [Way::Clear, Way::Stls, Way::ImplicitTls];

impl Way {
    pub fn endpoint(self, server: &Dovecot) -> Endpoint {
        match self {
            Self::ImplicitTls => Endpoint::implicit_tls("localhost", Some(server.tls_port())),
            _ => Endpoint::plain("localhost", Some(server.plain_port())),
        }
    }

    pub fn config(self) -> Config {
        let mut config = Config::default();
        if self == Self::Clear {
            config.stls = StlsPolicy::Off;
            config.allow_insecure_login = true;
        }
        config
    }

    /// Connects over this channel.
    pub fn connect(self, server: &Dovecot) -> Client<TcpStream> {
        self.connect_with(server, |_| {})
    }

    /// Connects with a change to the configuration.
    pub fn connect_with(
        self,
        server: &Dovecot,
        change: impl FnOnce(&mut Config),
    ) -> Client<TcpStream> {
        let mut config = self.config();
        change(&mut config);
        connect(server, &self.endpoint(server), config).expect("connect")
    }

    /// Connects and logs in.
    pub fn log_in(self, server: &Dovecot, user: &str) -> Client<TcpStream> {
        let mut client = self.connect(server);
        client.login(login(user, "secret")).expect("log in");
        client
    }
}

/// Connects to an endpoint of a Dovecot, trusting its authority.
pub fn connect(
    server: &Dovecot,
    endpoint: &Endpoint,
    config: Config,
) -> Result<Client<TcpStream>, Error> {
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).expect("the authority"));
    connector.config = config;
    connect_with(endpoint, &connector)
}

pub fn login(user: &str, password: &str) -> Login {
    let username = Username::new(user).expect("user");
    Login::password(username, Secret::new(password).expect("password"))
}
