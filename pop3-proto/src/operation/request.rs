//! Converts operations to the requests of a connection.

use alloc::boxed::Box;

use super::Operation;
use crate::command::{
    Apop, Command, Lang, Pass, Raw, Request, Sealed, SetLang, Submission, Top, User, Utf8,
};
use crate::command_line::{Arguments, CommandLine};
use crate::confirm::Run;
use crate::exchange::Exchange;
use crate::misuse::Misuse;
use crate::reply::Reply;
use crate::secret::Secret;
use crate::types::{MessageNumber, Username};
use crate::verb::Verb;

/// Any request, as a command whose reply has any type.
pub(crate) struct AnyRequest(pub(crate) Request);

impl Sealed for AnyRequest {
    type Output = Reply;

    fn request(self) -> Submission {
        Submission(self.0)
    }

    fn read(reply: Reply) -> Option<Reply> {
        Some(reply)
    }
}

impl Command for AnyRequest {
    type Reply = Reply;
}

impl Operation {
    /// Returns the request.
    pub(crate) fn request(&self) -> Result<AnyRequest, Misuse> {
        let bare = |verb| CommandLine::new(verb, Arguments::None);
        let numbered = |verb, n| {
            MessageNumber::try_from(n).map(|n| CommandLine::new(verb, Arguments::Number(n)))
        };
        let command = match self {
            Self::Capabilities => return Ok(exchange(Exchange::Capabilities)),
            Self::StartTls => return Ok(exchange(Exchange::start_tls())),
            Self::Login(login) => return Ok(exchange(Exchange::login(login.login()?))),
            Self::Confirm(confirm) => {
                let run = Run::new(confirm.confirm());
                return Ok(AnyRequest(Request::Confirm(Box::new(run))));
            }
            Self::User(name) => return Ok(of(User(Username::new(name.as_str())?))),
            Self::Pass(secret) => return Ok(of(Pass(Secret::new(secret.as_slice())?))),
            Self::Apop(name, secret) => {
                let (name, secret) = (
                    Username::new(name.as_str())?,
                    Secret::new(secret.as_slice())?,
                );
                return Ok(of(Apop::new(name, secret)?));
            }
            Self::Utf8 => return Ok(of(Utf8)),
            Self::Lang => return Ok(of(Lang)),
            Self::SetLang(range) => return Ok(of(SetLang::new(range.as_str())?)),
            Self::Short(line) => return Ok(of(Raw::short(line.as_str())?)),
            Self::Long(line) => return Ok(of(Raw::long(line.as_str())?)),
            Self::LongStreamed(line) => return Ok(of(Raw::long(line.as_str())?.streamed())),
            Self::Top(n, lines) => {
                let (number, lines) = (MessageNumber::try_from(*n)?, *lines);
                return Ok(of(Top { number, lines }));
            }
            Self::Capa => bare(Verb::Capa),
            Self::AuthMechanisms => bare(Verb::AuthMechanisms),
            Self::Stat => bare(Verb::Stat),
            Self::List => bare(Verb::List),
            Self::ListOne(n) => numbered(Verb::List, *n)?,
            Self::ListStreamed => bare(Verb::List).streamed(),
            Self::ListSalvaged => bare(Verb::List).salvaged(),
            Self::Uidl => bare(Verb::Uidl),
            Self::UidlOne(n) => numbered(Verb::Uidl, *n)?,
            Self::UidlStreamed => bare(Verb::Uidl).streamed(),
            Self::UidlSalvaged => bare(Verb::Uidl).salvaged(),
            Self::Retr(n) => numbered(Verb::Retr, *n)?,
            Self::Dele(n) => numbered(Verb::Dele, *n)?,
            Self::Noop => bare(Verb::Noop),
            Self::Rset => bare(Verb::Rset),
            Self::Quit => bare(Verb::Quit),
        };
        Ok(AnyRequest(command.into()))
    }
}

fn exchange(exchange: Exchange) -> AnyRequest {
    AnyRequest(Request::Exchange(Box::new(exchange)))
}

fn of(command: impl Command) -> AnyRequest {
    AnyRequest(command.request().0)
}
