//! A request of the application, as a value.

use fastrand::Rng;
use pop3_proto::{
    self as pop3, Connection, Error, MessageNumber, RequestId,
    command::{GetCapabilities, Raw},
};

use super::plan::{Plan, USERNAME};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Login,
    StartTls,
    Capabilities,
    Stat,
    List,
    ListStreamed,
    ListRaw,
    ListOne(u32),
    Uidl,
    UidlOne(u32),
    Retr(u32),
    Top(u32, u32),
    Dele(u32),
    Noop,
    NoopRaw,
    Rset,
    Quit,
}

use Ask::*;

impl Ask {
    /// Returns a random request other than login, upgrade and QUIT, about one of this many messages
    /// or one that does not exist.
    pub(crate) fn random(rng: &mut Rng, messages: usize) -> Self {
        let number = rng.u32(1..=messages as u32 + 1);
        match rng.u8(..32) {
            0 => Stat,
            1 => List,
            2 => ListStreamed,
            3 => ListRaw,
            4..=6 => ListOne(number),
            7 => Uidl,
            8..=10 => UidlOne(number),
            11..=18 => Retr(number),
            19..=21 => Top(number, rng.u32(..5)),
            22..=26 => Dele(number),
            27 => Noop,
            28 => NoopRaw,
            29 => Rset,
            30 => Capabilities,
            _ => Login,
        }
    }

    pub(crate) fn submit(
        self,
        connection: &mut Connection,
        plan: &Plan,
    ) -> Result<RequestId, Error> {
        let number = |n| MessageNumber::new(n).unwrap();
        Ok(match self {
            Login => {
                let login = pop3::Login::new(USERNAME, plan.password)?;
                connection.submit(login.with_policy(plan.policy()))?.id()
            }
            StartTls => connection.submit(pop3::command::StartTls)?.id(),
            Capabilities => connection.submit(GetCapabilities)?.id(),
            Stat => connection.submit(pop3::Stat)?.id(),
            List => connection.submit(pop3::List)?.id(),
            ListStreamed => connection.submit(pop3::List::streamed())?.id(),
            ListRaw => connection.submit(Raw::long("LIST")?)?.id(),
            ListOne(n) => connection.submit(pop3::command::ListOne(number(n)))?.id(),
            Uidl => connection.submit(pop3::Uidl)?.id(),
            UidlOne(n) => connection.submit(pop3::command::UidlOne(number(n)))?.id(),
            Retr(n) => connection.submit(pop3::Retr(number(n)))?.id(),
            Top(n, lines) => {
                let number = number(n);
                connection.submit(pop3::Top { number, lines })?.id()
            }
            Dele(n) => connection.submit(pop3::Dele(number(n)))?.id(),
            Noop => connection.submit(pop3::command::Noop)?.id(),
            NoopRaw => connection.submit(Raw::short("NOOP")?)?.id(),
            Rset => connection.submit(pop3::command::Rset)?.id(),
            Quit => connection.submit(pop3::Quit)?.id(),
        })
    }

    /// Returns its command line, unless it is an exchange.
    pub(crate) fn line(self) -> Option<String> {
        Some(match self {
            Login | StartTls | Capabilities => return None,
            Stat => "STAT".into(),
            List | ListStreamed | ListRaw => "LIST".into(),
            ListOne(n) => format!("LIST {n}"),
            Uidl => "UIDL".into(),
            UidlOne(n) => format!("UIDL {n}"),
            Retr(n) => format!("RETR {n}"),
            Top(n, lines) => format!("TOP {n} {lines}"),
            Dele(n) => format!("DELE {n}"),
            Noop | NoopRaw => "NOOP".into(),
            Rset => "RSET".into(),
            Quit => "QUIT".into(),
        })
    }

    /// Returns the number of the message that it is about.
    pub(crate) fn number(self) -> Option<u32> {
        match self {
            ListOne(n) | UidlOne(n) | Retr(n) | Top(n, _) | Dele(n) => Some(n),
            _ => None,
        }
    }

    /// Returns the request itself, or another one if it looks like a keep-alive on the wire.
    pub(crate) fn unlike_a_keep_alive(self, plan: &Plan) -> Self {
        let alike = plan.config.keep_alive.is_some() && self.line().as_deref() == Some("NOOP");
        if alike { Stat } else { self }
    }

    /// Returns whether body events follow its `+OK`.
    pub(crate) fn is_streamed(self) -> bool {
        matches!(self, Retr(_) | Top(..) | ListStreamed)
    }
}
