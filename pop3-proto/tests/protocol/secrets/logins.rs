//! Every way to log in, with a secret that makes all letters of both alphabets of base64 appear.

use core::ops::RangeInclusive;

use pop3_proto::sasl::{ClientNonce, Mechanism, Progress, Response, SaslError};
use pop3_proto::{
    Connection, Login, Secret, Username,
    command::{Apop, Pass, User},
    login::{ChannelBinding, Credentials, LoginPolicy, Method},
};

use super::log::Log;
use super::server::CLIENT_NONCE;

/// The password, and the token.
pub(crate) const PASSWORD: &str = "hunter2?~?>correct~?~horse";

/// A way to log in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    /// What the server lists and the policy names.
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
    Own,
    /// `USER` and `PASS`, `APOP`, by themselves.
    UserPassAlone,
    ApopAlone,
}

const fn way(name: &'static str, kind: Kind) -> Way {
    Way { name, kind }
}

pub(crate) const WAYS: [Way; 18] = [
    way("X", Kind::Password(Method::UserPass)),
    way("X", Kind::UserPassAlone),
    way("X", Kind::Password(Method::Apop)),
    way("X", Kind::ApopAlone),
    way("PLAIN", Kind::Password(Method::Plain)),
    way("PLAIN", Kind::ActingAs),
    way("LOGIN", Kind::Password(Method::Login)),
    way("CRAM-MD5", Kind::Password(Method::CramMd5)),
    way("SCRAM-SHA-1", Kind::Password(Method::ScramSha1)),
    way("SCRAM-SHA-256", Kind::Password(Method::ScramSha256)),
    way("SCRAM-SHA-512", Kind::Password(Method::ScramSha512)),
    way("SCRAM-SHA-256-PLUS", Kind::Plus),
    way("XOAUTH2", Kind::Token(Method::XOAuth2)),
    way("OAUTHBEARER", Kind::Token(Method::OAuthBearer)),
    way("OAUTHBEARER", Kind::TokenOnRequest),
    way("EXTERNAL", Kind::Certificate),
    way("ANONYMOUS", Kind::Anonymous),
    way("X-OWN", Kind::Own),
];

fn name() -> Username {
    Username::new("alice").expect("a name")
}

pub(crate) fn secret() -> Secret {
    Secret::new(PASSWORD).expect("a secret")
}

impl Way {
    fn credentials(self) -> Credentials {
        let (username, secret) = (name(), secret());
        match self.kind {
            Kind::Token(_) => Credentials::Token {
                username,
                token: secret,
            },
            Kind::TokenOnRequest => Credentials::TokenOnRequest { username },
            Kind::Certificate => Credentials::Certificate,
            // A trace is for the server's log, and no secret of this side's; here it is one.
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
        let login = if self.kind == Kind::Own {
            let own = Own { secret: secret() };
            log.debug(&own);
            Login::mechanism(own).expect("a name")
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

    /// Asks for the login, and logs what is asked for.
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

/// A mechanism of the application's that takes care of its secret.
#[derive(Debug)]
struct Own {
    secret: Secret,
}

impl Mechanism for Own {
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
