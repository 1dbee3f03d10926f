//! Creates any command from a number.

use pop3_proto::{
    Confirm, Connection, Dele, Error, List, Login, Quit, RequestId, Retr, Secret, Stat, Ticket,
    Top, Uidl, Username,
    command::{
        Apop, Capa, Command, GetCapabilities, ListOne, Noop, Pass, Raw, Rset, StartTls, UidlOne,
        User,
    },
    login::{Credentials, LoginPolicy, Method},
    reply::Reply,
};

use super::SECRET;
use super::setup::{message, with_few_iterations};

/// An accepted request.
pub struct Asked {
    pub id: RequestId,
    pub kind: Kind,
    /// Returns whether a reply has the type of this command.
    pub reads: Box<dyn Fn(Reply) -> bool>,
}

/// What to expect of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A complete reply.
    Whole,
    /// A status line, followed by a body if it is `+OK`.
    Streamed,
    /// A login. After its reply the session is logged in.
    Login,
    /// The last command of the session.
    Quit,
}

impl Asked {
    pub fn new<C: Command + 'static>(ticket: Ticket<C>, kind: Kind) -> Self {
        Self {
            id: ticket.id(),
            kind,
            reads: Box::new(move |reply| ticket.read(reply).is_ok()),
        }
    }
}

/// Submits the command with this number.
pub fn submit(connection: &mut Connection, which: u8) -> Result<Asked, Error> {
    use Kind::{Login, Quit as Last, Streamed, Whole};
    let one = message(1);
    let top = Top {
        number: one,
        lines: 2,
    };
    Ok(match which % 32 {
        0 => Asked::new(connection.submit(Capa)?, Whole),
        1 => Asked::new(connection.submit(GetCapabilities)?, Whole),
        2 => Asked::new(connection.submit(StartTls)?, Whole),
        3 => Asked::new(connection.submit(User(user()))?, Whole),
        4 => Asked::new(connection.submit(Pass(secret()))?, Login),
        5 => Asked::new(connection.submit(Apop::new(user(), secret())?)?, Login),
        6 => Asked::new(connection.submit(Stat)?, Whole),
        7 => Asked::new(connection.submit(List)?, Whole),
        8 => Asked::new(connection.submit(ListOne(one))?, Whole),
        9 => Asked::new(connection.submit(List::streamed())?, Streamed),
        10 => Asked::new(connection.submit(Uidl)?, Whole),
        11 => Asked::new(connection.submit(UidlOne(one))?, Whole),
        12 => Asked::new(connection.submit(Uidl::streamed())?, Streamed),
        13 => Asked::new(connection.submit(Retr(one))?, Streamed),
        14 => Asked::new(connection.submit(Retr(message(2)))?, Streamed),
        15 => Asked::new(connection.submit(top)?, Streamed),
        16 => Asked::new(connection.submit(Dele(one))?, Whole),
        17 => Asked::new(connection.submit(Noop)?, Whole),
        18 => Asked::new(connection.submit(Rset)?, Whole),
        19 => Asked::new(connection.submit(Quit)?, Last),
        20 => Asked::new(connection.submit(Raw::short("XTND XMIT")?)?, Whole),
        21 => Asked::new(connection.submit(Raw::long("XTND LOG")?)?, Whole),
        22 => {
            let raw = Raw::long("XTND LOG")?.streamed();
            Asked::new(connection.submit(raw)?, Streamed)
        }
        23 => {
            // This line exceeds the small limit for command lines.
            let raw = Raw::short(format!("XTND {:x>60}", ""))?;
            Asked::new(connection.submit(raw)?, Whole)
        }
        25 => Asked::new(connection.submit(Confirm::new())?, Whole),
        login => Asked::new(connection.submit(some_login(login))?, Login),
    })
}

/// Returns a login with one of many policies: 24 to 31, except 25.
fn some_login(which: u8) -> Login {
    let methods = [Method::CramMd5, Method::Login, Method::UserPass];
    let policy = match which {
        24 => LoginPolicy::default(),
        26 => LoginPolicy::only(Method::ScramSha256),
        27 => LoginPolicy::only(Method::Plain),
        28 => LoginPolicy::each_of(methods),
        29 => LoginPolicy::twisted(),
        30 => return login_by(Method::OAuthBearer),
        _ => return login_by(Method::Anonymous),
    };
    Login::password(user(), secret()).with_policy(with_few_iterations(policy))
}

/// Returns a login that allows only this method.
pub fn login_by(method: Method) -> Login {
    let login = match method {
        Method::OAuthBearer | Method::XOAuth2 => Login::with(Credentials::Token {
            username: user(),
            token: secret(),
        }),
        Method::External => Login::certificate(),
        Method::Anonymous => Login::anonymous("trace"),
        _ => Login::password(user(), secret()),
    };
    login.with_policy(with_few_iterations(LoginPolicy::only(method)))
}

/// Returns the user name of every login.
pub fn user() -> Username {
    Username::new("alice").unwrap()
}

/// Returns the secret of every login.
pub fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}
