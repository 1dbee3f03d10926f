//! The logins of transcripts, such as `login user secret only=PLAIN`.

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;

use super::escape::{text, unescape, word};
use super::{Problem, Scripted};
use crate::login::{ChannelBinding, Credentials, Login, LoginPolicy, Order};
use crate::method::Method;
use crate::misuse::Misuse;
use crate::sasl::{ClientNonce, ITERATIONS};
use crate::secret::Secret;
use crate::types::Username;

/// A login as data: credentials and options.
///
/// Its secrets are those of a transcript, so they are not secret: `Debug` and `Display` show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginOperation {
    pub(crate) credentials: Given,
    pub(crate) policy: LoginPolicy,
    pub(crate) nonce: Option<String>,
    pub(crate) acting_as: Option<String>,
    pub(crate) server: Option<(String, u16)>,
}

/// The credentials of a login in a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    Password(String, Vec<u8>),
    Token(String, Vec<u8>),
    /// The tokens are provided one after the other as soon as they are requested.
    Tokens(String, Vec<Vec<u8>>),
    /// The tokens are provided by later lines.
    OnRequest(String),
    Certificate,
    Anonymous(String),
    /// A mechanism of the application that sends this many responses, and whether the first one is
    /// an initial response.
    Mechanism {
        name: String,
        initial: bool,
        responses: u32,
    },
}

impl LoginOperation {
    pub(super) fn parse(verb: &str, words: &[&str]) -> Result<Self, Problem> {
        let mut given = Vec::new();
        let mut options = Options::default();
        for word in words {
            if !options.parse(word)? {
                given.push(*word);
            }
        }
        let credentials = match (verb, given.as_slice()) {
            ("login", [name, password]) => Given::Password(text(name)?, unescape(password)?),
            ("login-token", [name, token]) => Given::Token(text(name)?, unescape(token)?),
            ("login-tokens", [name, tokens @ ..]) => {
                let tokens = tokens.iter().map(|token| unescape(token));
                Given::Tokens(text(name)?, tokens.collect::<Result<_, _>>()?)
            }
            ("login-on-request", [name]) => Given::OnRequest(text(name)?),
            ("login-certificate", []) => Given::Certificate,
            ("login-anonymous", []) => Given::Anonymous(String::new()),
            ("login-anonymous", [trace]) => Given::Anonymous(text(trace)?),
            ("login-mechanism", [name, responses, initial @ ..]) => Given::Mechanism {
                name: (*name).to_owned(),
                responses: responses
                    .parse()
                    .map_err(|_| Problem::Number((*responses).to_owned()))?,
                initial: match initial {
                    [] => false,
                    ["initial"] => true,
                    _ => return Err(Problem::LoginWords(verb.to_owned())),
                },
            },
            _ => return Err(Problem::LoginWords(verb.to_owned())),
        };
        let policy = options.policy();
        Ok(Self {
            credentials,
            policy,
            nonce: options.nonce,
            acting_as: options.acting_as,
            server: options.server,
        })
    }

    /// Returns the login.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if a name, a secret or the nonce is invalid.
    pub fn login(&self) -> Result<Login, Misuse> {
        let mut login = Login::with(self.given()?).with_policy(self.policy.clone());
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

    fn given(&self) -> Result<Credentials, Misuse> {
        let name = |name: &str| Username::new(name);
        let secret = |secret: &[u8]| Secret::new(secret);
        Ok(match &self.credentials {
            Given::Password(user, password) => Credentials::Password {
                username: name(user)?,
                password: secret(password)?,
            },
            Given::Token(user, token) => Credentials::Token {
                username: name(user)?,
                token: secret(token)?,
            },
            Given::Tokens(user, _) | Given::OnRequest(user) => Credentials::TokenOnRequest {
                username: name(user)?,
            },
            Given::Certificate => Credentials::Certificate,
            Given::Anonymous(trace) => Credentials::Anonymous {
                trace: trace.as_str().into(),
            },
            Given::Mechanism {
                name,
                initial,
                responses,
            } => return Scripted::credentials(name, *initial, *responses),
        })
    }

    /// Returns the tokens to provide as soon as they are requested, in order. `None` if later lines
    /// of the transcript provide them.
    pub fn tokens(&self) -> Option<impl Iterator<Item = Result<Secret, Misuse>>> {
        match &self.credentials {
            Given::Tokens(_, tokens) => {
                let tokens: Vec<_> = tokens.iter().map(|token| Secret::new(&**token)).collect();
                Some(tokens.into_iter())
            }
            _ => None,
        }
    }
}

/// The options that follow the credentials.
#[derive(Default)]
struct Options {
    order: Option<Order>,
    binding: ChannelBinding,
    iterations: Option<RangeInclusive<u32>>,
    nonce: Option<String>,
    acting_as: Option<String>,
    server: Option<(String, u16)>,
}

impl Options {
    /// Parses an option. Returns false if the word is not an option.
    fn parse(&mut self, word: &str) -> Result<bool, Problem> {
        let invalid = || Problem::LoginOption(word.to_owned());
        match word.split_once('=') {
            Some(("only", method)) => self.order = Some(Order::Only(self::method(method)?)),
            Some(("first", list)) => self.order = Some(Order::FirstOf(methods(list)?)),
            Some(("each", list)) => self.order = Some(Order::EachOf(methods(list)?)),
            Some(("nonce", nonce)) => self.nonce = Some(nonce.to_owned()),
            Some(("as", name)) => self.acting_as = Some(text(name)?),
            Some(("binding", "prefer")) => self.binding = ChannelBinding::Prefer,
            Some(("binding", "require")) => self.binding = ChannelBinding::Require,
            Some(("binding", _)) => return Err(invalid()),
            Some(("iterations", range)) => {
                let (least, most) = range.split_once("..").ok_or_else(invalid)?;
                let number = |n: &str| n.parse().map_err(|_| invalid());
                self.iterations = Some(number(least)?..=number(most)?);
            }
            Some(("server", server)) => {
                let (host, port) = server.rsplit_once(':').ok_or_else(invalid)?;
                let port = port.parse().map_err(|_| invalid())?;
                self.server = Some((host.to_owned(), port));
            }
            None if word == "twisted" => self.order = Some(Order::Twisted),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn policy(&self) -> LoginPolicy {
        LoginPolicy {
            order: self.order.clone().unwrap_or(Order::Default),
            binding: self.binding,
            iterations: self.iterations.clone().unwrap_or(ITERATIONS),
        }
    }
}

fn method(name: &str) -> Result<Method, Problem> {
    name.parse().map_err(|_| Problem::Method(name.to_owned()))
}

fn methods(list: &str) -> Result<Vec<Method>, Problem> {
    list.split(',').map(method).collect()
}

/// Writes the operation in the language of transcripts.
impl fmt::Display for LoginOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |name: &str| {
            // `twisted` is an option.
            match name {
                "twisted" => "\\x74wisted".to_owned(),
                name => word(name.as_bytes()),
            }
        };
        let secret = |secret: &[u8]| match secret {
            b"twisted" => "\\x74wisted".to_owned(),
            secret => word(secret),
        };
        match &self.credentials {
            Given::Password(name, password) => {
                write!(f, "login {} {}", named(name), secret(password))?;
            }
            Given::Token(name, token) => {
                write!(f, "login-token {} {}", named(name), secret(token))?;
            }
            Given::Tokens(name, tokens) => {
                write!(f, "login-tokens {}", named(name))?;
                tokens
                    .iter()
                    .try_for_each(|token| write!(f, " {}", secret(token)))?;
            }
            Given::OnRequest(name) => write!(f, "login-on-request {}", named(name))?,
            Given::Certificate => f.write_str("login-certificate")?,
            Given::Anonymous(trace) if trace.is_empty() => f.write_str("login-anonymous")?,
            Given::Anonymous(trace) => write!(f, "login-anonymous {}", named(trace))?,
            Given::Mechanism {
                name,
                initial,
                responses,
            } => {
                let initial = if *initial { " initial" } else { "" };
                write!(f, "login-mechanism {name} {responses}{initial}")?;
            }
        }
        self.write_options(f)
    }
}

impl LoginOperation {
    fn write_options(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |methods: &[Method]| {
            let names: Vec<String> = methods.iter().map(ToString::to_string).collect();
            names.join(",")
        };
        match &self.policy.order {
            Order::Default => {}
            Order::Only(method) => write!(f, " only={method}")?,
            Order::FirstOf(methods) => write!(f, " first={}", list(methods))?,
            Order::EachOf(methods) => write!(f, " each={}", list(methods))?,
            Order::Twisted => f.write_str(" twisted")?,
        }
        match self.policy.binding {
            ChannelBinding::Off => {}
            ChannelBinding::Prefer => f.write_str(" binding=prefer")?,
            ChannelBinding::Require => f.write_str(" binding=require")?,
        }
        if self.policy.iterations != ITERATIONS {
            let (least, most) = (self.policy.iterations.start(), self.policy.iterations.end());
            write!(f, " iterations={least}..{most}")?;
        }
        if let Some(nonce) = &self.nonce {
            write!(f, " nonce={nonce}")?;
        }
        if let Some(name) = &self.acting_as {
            write!(f, " as={}", word(name.as_bytes()))?;
        }
        match &self.server {
            Some((host, port)) => write!(f, " server={host}:{port}"),
            None => Ok(()),
        }
    }
}
