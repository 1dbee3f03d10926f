//! All login methods, with a secret whose base64 contains the special characters of both alphabets.

use core::ops::RangeInclusive;

use pop3_proto::sasl::{ClientNonce, Mechanism, Progress, Response, SaslError};
use pop3_proto::{
    Connection, Login, Secret, Username,
    command::{Apop, Pass, User},
    login::{ChannelBinding, Credentials, LoginPolicy, Method},
};

use super::log::Log;
use super::server::CLIENT_NONCE;

/// The password, which is also used as a token.
pub(crate) const PASSWORD: &str = "hunter2?~?>correct~?~horse";

/// A login method.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// The name that the server advertises and the policy selects.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Password(Method),
    Plus,
    ActingAs,
    Token(Method),
    TokenOnRequest,
    Certificate,
    Anonymous,
    Custom,
    /// `USER` and `PASS`, or `APOP`, without a `Login`.
    UserPassAlone,
    ApopAlone,
}

const fn case(name: &'static str, kind: Kind) -> Case {
    Case { name, kind }
}

pub(crate) const CASES: [Case; 18] = [
    case("X", Kind::Password(Method::UserPass)),
    case("X", Kind::UserPassAlone),
    case("X", Kind::Password(Method::Apop)),
    case("X", Kind::ApopAlone),
    case("PLAIN", Kind::Password(Method::Plain)),
    case("PLAIN", Kind::ActingAs),
    case("LOGIN", Kind::Password(Method::Login)),
    case("CRAM-MD5", Kind::Password(Method::CramMd5)),
    case("SCRAM-SHA-1", Kind::Password(Method::ScramSha1)),
    case("SCRAM-SHA-256", Kind::Password(Method::ScramSha256)),
    case("SCRAM-SHA-512", Kind::Password(Method::ScramSha512)),
    case("SCRAM-SHA-256-PLUS", Kind::Plus),
    case("XOAUTH2", Kind::Token(Method::XOAuth2)),
    case("OAUTHBEARER", Kind::Token(Method::OAuthBearer)),
    case("OAUTHBEARER", Kind::TokenOnRequest),
    case("EXTERNAL", Kind::Certificate),
    case("ANONYMOUS", Kind::Anonymous),
    case("X-OWN", Kind::Custom),
];

fn name() -> Username {
    Username::new("alice").expect("a name")
}

pub(crate) fn secret() -> Secret {
    Secret::new(PASSWORD).expect("a secret")
}

impl Case {
    fn credentials(self) -> Credentials {
        let (username, secret) = (name(), secret());
        match self.kind {
            Kind::Token(_) => Credentials::Token {
                username,
                token: secret,
            },
            Kind::TokenOnRequest => Credentials::TokenOnRequest { username },
            Kind::Certificate => Credentials::Certificate,
            // A trace is not a secret, but this test treats it as one.
            Kind::Anonymous => Credentials::Anonymous {
                trace: PASSWORD.into(),
            },
            _ => Credentials::Password {
                username,
                password: secret,
            },
        }
    }

    fn login(self, log: &mut Log) -> Login {
        let few: RangeInclusive<u32> = 1..=10;
        let policy = match self.kind {
            Kind::Password(method) | Kind::Token(method) => LoginPolicy::only(method),
            Kind::Plus => LoginPolicy::first_of([Method::ScramSha256])
                .with_channel_binding(ChannelBinding::Require),
            Kind::ActingAs => LoginPolicy::only(Method::Plain),
            _ => LoginPolicy::default(),
        };
        let policy = policy.with_scram_iterations(few);
        let nonce = ClientNonce::new(CLIENT_NONCE).expect("a nonce");
        log.debug(&policy);
        log.debug(&nonce);
        let login = if self.kind == Kind::Custom {
            let custom = Custom { secret: secret() };
            log.debug(&custom);
            Login::mechanism(custom).expect("a name")
        } else {
            let credentials = self.credentials();
            log.debug(&credentials);
            Login::with(credentials)
        };
        let login = login.with_policy(policy).with_nonce(nonce);
        match self.kind {
            Kind::ActingAs => login.acting_as(Username::new("root").expect("a name")),
            _ => login,
        }
    }

    /// Submits the login and logs its values.
    pub(crate) fn submit(self, connection: &mut Connection, log: &mut Log) {
        log.debug(&secret());
        match self.kind {
            Kind::UserPassAlone => {
                let (user, pass) = (User(name()), Pass(secret()));
                log.debug(&user);
                log.debug(&pass);
                let user = connection.submit(user).expect("a live connection");
                let pass = connection.submit(pass).expect("a live connection");
                log.debug(&(user, pass));
            }
            Kind::ApopAlone => {
                let apop = Apop::new(name(), secret()).expect("a command");
                log.debug(&apop);
                connection.submit(apop).expect("a live connection");
            }
            _ => {
                let login = self.login(log);
                log.debug(&login);
                let plan = connection.plan_login(&login);
                log.debug(&plan);
                log.display(&plan);
                let ticket = connection.submit(login).expect("a live connection");
                log.debug(&ticket);
            }
        }
    }
}

/// A custom mechanism that hides its secret in `Debug`.
#[derive(Debug)]
struct Custom {
    secret: Secret,
}

impl Mechanism for Custom {
    fn name(&self) -> &str {
        "X-OWN"
    }

    fn initial_response(&mut self) -> Option<Response> {
        None
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Progress, SaslError> {
        assert_eq!(self.secret, secret());
        Ok(Progress::Respond(Response::new(PASSWORD)))
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        Ok(())
    }
}
