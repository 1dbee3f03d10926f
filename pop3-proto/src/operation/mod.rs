//! What an application requests from a connection, as data: the operations of transcripts, such as
//! `retr 1`, `login user secret` or `quit`.

mod describe;
mod escape;
mod login;
mod problem;
mod request;
mod scripted;

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

pub(crate) use self::describe::Private;
pub(crate) use self::escape::{escape, unescape};
use self::escape::{text, word};
pub(crate) use self::login::Given;
pub use self::login::LoginOperation;
pub use self::problem::Problem;
use self::scripted::Scripted;
use crate::confirm::Confirm;

/// An operation of an application: a command or an exchange, with its arguments.
///
/// It is the text after `>` in a transcript: `Display` writes it, and
/// [`parse`](Operation::parse) reads it. Secrets in it are those of a transcript: they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// `CAPA`.
    Capa,
    /// `AUTH` without a mechanism.
    AuthMechanisms,
    /// [`GetCapabilities`](crate::command::GetCapabilities): sends `CAPA` only if the capabilities
    /// are not known.
    Capabilities,
    /// [`StartTls`](crate::command::StartTls).
    StartTls,
    /// A login.
    Login(LoginOperation),
    /// `USER`.
    User(String),
    /// `PASS`.
    Pass(Vec<u8>),
    /// `APOP`.
    Apop(String, Vec<u8>),
    /// `STAT`.
    Stat,
    /// `LIST`.
    List,
    /// `LIST` with a number.
    ListOne(u32),
    /// `LIST` with a streamed reply.
    ListStreamed,
    /// `LIST` of a synchronisation, which leaves out malformed lines.
    ListSalvaged,
    /// `UIDL`.
    Uidl,
    /// `UIDL` with a number.
    UidlOne(u32),
    /// `UIDL` with a streamed reply.
    UidlStreamed,
    /// `UIDL` of a synchronisation, which leaves out malformed lines.
    UidlSalvaged,
    /// `RETR`.
    Retr(u32),
    /// `TOP`.
    Top(u32, u32),
    /// `DELE`.
    Dele(u32),
    /// `NOOP`.
    Noop,
    /// `RSET`.
    Rset,
    /// [`Confirm`].
    Confirm(ConfirmOperation),
    /// `QUIT`.
    Quit,
    /// `UTF8`.
    Utf8,
    /// `LANG`.
    Lang,
    /// `LANG` with an argument.
    SetLang(String),
    /// A raw command with a reply of one line.
    Short(String),
    /// A raw command with a multi-line reply.
    Long(String),
    /// A raw command with a streamed reply.
    LongStreamed(String),
}

/// A confirmation as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmOperation {
    pub(crate) questions: usize,
    pub(crate) sizes: bool,
    /// The key that chooses the questions. Without one, it is derived from fixed octets.
    pub(crate) key: Option<Box<[u8; 32]>>,
}

/// The octets from which the questions of `confirm N` are derived.
const FIXED: [u8; 32] = [7; 32];

impl ConfirmOperation {
    /// Returns the confirmation.
    pub fn confirm(&self) -> Confirm {
        let confirm = Confirm::new().with_questions(self.questions);
        let confirm = match &self.key {
            Some(key) => confirm.with_key(**key),
            None => confirm.with_random(FIXED),
        };
        if self.sizes {
            confirm
        } else {
            confirm.without_sizes()
        }
    }

    fn parse(words: &[&str]) -> Result<Self, Problem> {
        let (questions, options) = words.split_first().unwrap_or((&"", &[]));
        let mut operation = Self {
            questions: number(questions)?,
            sizes: true,
            key: None,
        };
        for option in options {
            match option.split_once('=') {
                None if *option == "without-sizes" => operation.sizes = false,
                Some(("key", digits)) => operation.key = Some(Box::new(key(digits)?)),
                _ => return Err(Problem::Operation(option.to_string())),
            }
        }
        Ok(operation)
    }
}

fn key(digits: &str) -> Result<[u8; 32], Problem> {
    let invalid = || Problem::Key(digits.to_owned());
    let mut key = [0; 32];
    if digits.len() != 2 * key.len() {
        return Err(invalid());
    }
    for (octet, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let pair = core::str::from_utf8(pair).map_err(|_| invalid())?;
        *octet = u8::from_str_radix(pair, 16).map_err(|_| invalid())?;
    }
    Ok(key)
}

fn number<N: core::str::FromStr>(word: &str) -> Result<N, Problem> {
    word.parse().map_err(|_| Problem::Number(word.to_owned()))
}

impl Operation {
    /// Parses the text after `>`. Octets in names and secrets are escaped as in `C:` lines.
    ///
    /// # Errors
    ///
    /// The [`Problem`] says which word is not understood.
    pub fn parse(line: &str) -> Result<Self, Problem> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.split(' ').filter(|word| !word.is_empty()).collect();
        Ok(match (verb, words.as_slice()) {
            ("capa", []) => Self::Capa,
            ("auth", []) => Self::AuthMechanisms,
            ("capabilities", []) => Self::Capabilities,
            ("stls", []) => Self::StartTls,
            (
                "login" | "login-token" | "login-tokens" | "login-on-request" | "login-certificate"
                | "login-anonymous" | "login-mechanism",
                words,
            ) => Self::Login(LoginOperation::parse(verb, words)?),
            ("user", [user]) => Self::User(text(user)?),
            ("pass", [password]) => Self::Pass(unescape(password)?),
            ("apop", [user, password]) => Self::Apop(text(user)?, unescape(password)?),
            ("stat", []) => Self::Stat,
            ("list", []) => Self::List,
            ("list", ["streamed"]) => Self::ListStreamed,
            ("list", ["salvaged"]) => Self::ListSalvaged,
            ("list", [n]) => Self::ListOne(number(n)?),
            ("uidl", []) => Self::Uidl,
            ("uidl", ["streamed"]) => Self::UidlStreamed,
            ("uidl", ["salvaged"]) => Self::UidlSalvaged,
            ("uidl", [n]) => Self::UidlOne(number(n)?),
            ("retr", [n]) => Self::Retr(number(n)?),
            ("top", [n, lines]) => Self::Top(number(n)?, number(lines)?),
            ("dele", [n]) => Self::Dele(number(n)?),
            ("noop", []) => Self::Noop,
            ("rset", []) => Self::Rset,
            ("confirm", [_, ..]) => Self::Confirm(ConfirmOperation::parse(&words)?),
            ("utf8", []) => Self::Utf8,
            ("lang", []) => Self::Lang,
            ("lang", [range]) => Self::SetLang(text(range)?),
            ("quit", []) => Self::Quit,
            ("short", [_, ..]) => Self::Short(text(rest)?),
            ("long", [_, ..]) => Self::Long(text(rest)?),
            ("stream", [_, ..]) => Self::LongStreamed(text(rest)?),
            _ => return Err(Problem::Operation(line.to_owned())),
        })
    }

    /// Returns the name of the operation in the lines of its events: the line without credentials.
    pub fn label(&self) -> String {
        match self {
            Self::Login(_) => "login".to_owned(),
            Self::User(_) => "user".to_owned(),
            Self::Pass(_) => "pass".to_owned(),
            Self::Apop(..) => "apop".to_owned(),
            Self::Confirm(confirm) => alloc::format!("confirm {}", confirm.questions),
            other => other.to_string(),
        }
    }
}

/// Writes the operation in the language of transcripts.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capa => f.write_str("capa"),
            Self::AuthMechanisms => f.write_str("auth"),
            Self::Capabilities => f.write_str("capabilities"),
            Self::StartTls => f.write_str("stls"),
            Self::Login(login) => login.fmt(f),
            Self::User(name) => write!(f, "user {}", word(name.as_bytes())),
            Self::Pass(secret) => write!(f, "pass {}", word(secret)),
            Self::Apop(name, secret) => {
                write!(f, "apop {} {}", word(name.as_bytes()), word(secret))
            }
            Self::Stat => f.write_str("stat"),
            Self::List => f.write_str("list"),
            Self::ListOne(n) => write!(f, "list {n}"),
            Self::ListStreamed => f.write_str("list streamed"),
            Self::ListSalvaged => f.write_str("list salvaged"),
            Self::Uidl => f.write_str("uidl"),
            Self::UidlOne(n) => write!(f, "uidl {n}"),
            Self::UidlStreamed => f.write_str("uidl streamed"),
            Self::UidlSalvaged => f.write_str("uidl salvaged"),
            Self::Retr(n) => write!(f, "retr {n}"),
            Self::Top(n, lines) => write!(f, "top {n} {lines}"),
            Self::Dele(n) => write!(f, "dele {n}"),
            Self::Noop => f.write_str("noop"),
            Self::Rset => f.write_str("rset"),
            Self::Confirm(confirm) => confirm.fmt(f),
            Self::Quit => f.write_str("quit"),
            Self::Utf8 => f.write_str("utf8"),
            Self::Lang => f.write_str("lang"),
            Self::SetLang(range) => write!(f, "lang {}", word(range.as_bytes())),
            Self::Short(line) => write!(f, "short {}", escape(line.as_bytes())),
            Self::Long(line) => write!(f, "long {}", escape(line.as_bytes())),
            Self::LongStreamed(line) => write!(f, "stream {}", escape(line.as_bytes())),
        }
    }
}

impl fmt::Display for ConfirmOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "confirm {}", self.questions)?;
        if !self.sizes {
            f.write_str(" without-sizes")?;
        }
        if let Some(key) = &self.key {
            f.write_str(" key=")?;
            key.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        }
        Ok(())
    }
}
