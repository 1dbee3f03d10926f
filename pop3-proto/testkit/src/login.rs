//! The logins of transcripts, such as `login alice secret only=PLAIN`.

use core::ops::RangeInclusive;

use pop3_proto::sasl::ClientNonce;
use pop3_proto::{
    Login, Secret, Username,
    error::Misuse,
    login::{ChannelBinding, Credentials, LoginPolicy, Method},
};

use crate::op::{text, unescape};

/// A login as data: credentials and options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginOp {
    kind: String,
    words: Vec<String>,
    order: Option<(String, Vec<Method>)>,
    nonce: Option<String>,
    binding: Option<ChannelBinding>,
    iterations: Option<RangeInclusive<u32>>,
    acting_as: Option<String>,
    server: Option<(String, u16)>,
}

impl LoginOp {
    /// Parses `login USER PASSWORD`, `login-token USER TOKEN`, `login-tokens USER TOKEN…` (on
    /// request), `login-certificate`, `login-anonymous TRACE`, followed by options.
    pub fn parse(verb: &str, words: &[&str]) -> Result<Self, String> {
        let mut op = Self {
            kind: verb.to_owned(),
            ..Self::default()
        };
        for word in words {
            match word.split_once('=') {
                Some((order @ ("only" | "first" | "each"), methods)) => {
                    let methods = methods.split(',').map(|name| {
                        name.parse::<Method>()
                            .map_err(|_| format!("unknown method: {name}"))
                    });
                    op.order = Some((order.to_owned(), methods.collect::<Result<_, _>>()?));
                }
                Some(("nonce", nonce)) => op.nonce = Some(nonce.to_owned()),
                Some(("as", name)) => op.acting_as = Some(text(name)?),
                Some(("binding", "prefer")) => op.binding = Some(ChannelBinding::Prefer),
                Some(("binding", "require")) => op.binding = Some(ChannelBinding::Require),
                Some(("iterations", range)) => {
                    let bounds = range.split_once("..").ok_or("least..most")?;
                    let number = |n: &str| n.parse().map_err(|_| format!("not a number: {n}"));
                    op.iterations = Some(number(bounds.0)?..=number(bounds.1)?);
                }
                Some(("server", server)) => {
                    let (host, port) = server.split_once(':').ok_or("host:port")?;
                    let port = port.parse().map_err(|_| format!("not a port: {port}"))?;
                    op.server = Some((host.to_owned(), port));
                }
                None if *word == "twisted" => op.order = Some(("twisted".to_owned(), Vec::new())),
                _ => op.words.push((*word).to_owned()),
            }
        }
        Ok(op)
    }

    /// Returns the login for the client.
    pub fn login(&self) -> Result<Login, Misuse> {
        let mut login = Login::with(self.credentials()?).with_policy(self.policy());
        if let Some(nonce) = &self.nonce {
            login = login.with_nonce(ClientNonce::new(nonce.as_str())?);
        }
        if let Some(name) = &self.acting_as {
            login = login.acting_as(Username::new(name.as_str())?);
        }
        if let Some((host, port)) = &self.server {
            login = login.at_server(host.as_str(), *port);
        }
        Ok(login)
    }

    /// Returns the tokens to provide on request, in order.
    pub fn tokens(&self) -> impl Iterator<Item = Secret> {
        let count = if self.kind == "login-tokens" {
            self.words.len()
        } else {
            0
        };
        (1..count).map(|index| Secret::new(self.word(index)).expect("a token"))
    }

    fn word(&self, index: usize) -> Vec<u8> {
        let word = self.words.get(index).map_or("", String::as_str);
        unescape(word).expect("escapes")
    }

    fn credentials(&self) -> Result<Credentials, Misuse> {
        let name = || Username::new(String::from_utf8_lossy(&self.word(0)).into_owned());
        Ok(match self.kind.as_str() {
            "login" => Credentials::Password {
                username: name()?,
                password: Secret::new(self.word(1))?,
            },
            "login-token" => Credentials::Token {
                username: name()?,
                token: Secret::new(self.word(1))?,
            },
            "login-tokens" => Credentials::TokenOnRequest { username: name()? },
            "login-certificate" => Credentials::Certificate,
            _ => Credentials::Anonymous {
                trace: String::from_utf8_lossy(&self.word(0)).into(),
            },
        })
    }

    fn policy(&self) -> LoginPolicy {
        let policy = match &self.order {
            None => LoginPolicy::default(),
            Some((order, methods)) => match (order.as_str(), methods.as_slice()) {
                ("only", [method]) => LoginPolicy::only(*method),
                ("first", methods) => LoginPolicy::first_of(methods.iter().copied()),
                ("each", methods) => LoginPolicy::each_of(methods.iter().copied()),
                _ => LoginPolicy::twisted(),
            },
        };
        let policy = policy.with_channel_binding(self.binding.unwrap_or_default());
        match &self.iterations {
            Some(iterations) => policy.with_scram_iterations(iterations.clone()),
            None => policy,
        }
    }
}
