//! Describes a request as an operation, without secrets.

use alloc::boxed::Box;
use alloc::string::ToString as _;

use super::login::Given;
use super::{ConfirmOperation, LoginOperation, Operation};
use crate::command::Request;
use crate::command_line::{Arguments, CommandLine};
use crate::command_table::Shape;
use crate::exchange::Exchange;
use crate::login::{Credentials, Login};
use crate::sasl::Seed;
use crate::verb::Verb;

/// Replaces the private values of a request.
pub(crate) trait Private {
    /// Returns the replacement of a user name.
    fn name(&mut self, name: &str) -> alloc::string::String;
    /// Returns the replacement of a password.
    fn secret(&mut self, secret: &[u8]) -> alloc::vec::Vec<u8>;
    /// Returns the replacement of a token.
    fn token(&mut self, token: &[u8]) -> alloc::vec::Vec<u8>;
}

/// The replacement of the host that OAUTHBEARER sends.
const HOST: &str = "mail.example.org";

impl Operation {
    /// Describes a request. `seed` and `id` decide the questions of a confirmation.
    pub(crate) fn of(
        request: &Request,
        seed: Option<&Seed>,
        id: u64,
        private: &mut impl Private,
    ) -> Self {
        match request {
            Request::Command(command) => of_command(command, private),
            Request::Exchange(exchange) => match &**exchange {
                Exchange::Capabilities => Self::Capabilities,
                Exchange::StartTls(_) => Self::StartTls,
                Exchange::Login(run) => Self::Login(LoginOperation::of(run.login(), private)),
            },
            Request::Confirm(run) => {
                let confirm = run.confirm();
                let key = confirm.key(seed, id);
                Self::Confirm(ConfirmOperation {
                    questions: confirm.questions(),
                    sizes: confirm.asks_sizes(),
                    key: key.map(|key| Box::new(*key)),
                })
            }
        }
    }
}

fn of_command(command: &CommandLine, private: &mut impl Private) -> Operation {
    let number = command.number().map_or(0, |number| number.get());
    match (command.verb, &command.arguments, command.shape) {
        (Verb::Capa, ..) => Operation::Capa,
        (Verb::AuthMechanisms | Verb::Auth, ..) => Operation::AuthMechanisms,
        (Verb::Stls, ..) => Operation::StartTls,
        (Verb::User, Arguments::Name(name), _) => Operation::User(private.name(name.as_str())),
        (Verb::Pass, Arguments::Secret(secret), _) => {
            Operation::Pass(private.secret(secret.expose()))
        }
        (Verb::Apop, Arguments::Apop(name, secret), _) => {
            Operation::Apop(private.name(name.as_str()), private.secret(secret.expose()))
        }
        (Verb::Stat, ..) => Operation::Stat,
        (Verb::List, Arguments::None, Shape::Stream) => Operation::ListStreamed,
        (Verb::List, Arguments::None, Shape::SalvagedLines) => Operation::ListSalvaged,
        (Verb::List, Arguments::None, _) => Operation::List,
        (Verb::List, ..) => Operation::ListOne(number),
        (Verb::Uidl, Arguments::None, Shape::Stream) => Operation::UidlStreamed,
        (Verb::Uidl, Arguments::None, Shape::SalvagedLines) => Operation::UidlSalvaged,
        (Verb::Uidl, Arguments::None, _) => Operation::Uidl,
        (Verb::Uidl, ..) => Operation::UidlOne(number),
        (Verb::Top, Arguments::Top(_, lines), _) => Operation::Top(number, *lines),
        (Verb::Retr | Verb::Top, ..) => Operation::Retr(number),
        (Verb::Dele, ..) => Operation::Dele(number),
        (Verb::Rset, ..) => Operation::Rset,
        (Verb::Quit, ..) => Operation::Quit,
        (Verb::Utf8, ..) => Operation::Utf8,
        (Verb::Lang, Arguments::Language(range), _) => Operation::SetLang(range.to_string()),
        (Verb::Lang, ..) => Operation::Lang,
        (Verb::Raw, Arguments::Raw(line), Shape::Stream) => {
            Operation::LongStreamed(line.to_string())
        }
        (Verb::Raw, Arguments::Raw(line), Shape::Line) => Operation::Short(line.to_string()),
        (Verb::Raw, Arguments::Raw(line), _) => Operation::Long(line.to_string()),
        (Verb::Noop | Verb::User | Verb::Pass | Verb::Apop | Verb::Raw, ..) => Operation::Noop,
    }
}

impl LoginOperation {
    fn of(login: &Login, private: &mut impl Private) -> Self {
        let credentials = match login.credentials() {
            Credentials::Password { username, password } => Given::Password(
                private.name(username.as_str()),
                private.secret(password.expose()),
            ),
            Credentials::Token { username, token } => Given::Token(
                private.name(username.as_str()),
                private.token(token.expose()),
            ),
            Credentials::TokenOnRequest { username } => {
                Given::OnRequest(private.name(username.as_str()))
            }
            Credentials::Certificate => Given::Certificate,
            Credentials::Anonymous { trace } => Given::Anonymous(private.name(trace)),
            Credentials::Mechanism(own) => Given::Mechanism {
                name: own.name().to_string(),
                initial: false,
                responses: 0,
            },
        };
        Self {
            credentials,
            policy: login.policy().clone(),
            nonce: None,
            acting_as: login.authzid().map(|name| private.name(name.as_str())),
            server: login.server().map(|(_, port)| (HOST.into(), port)),
        }
    }
}
