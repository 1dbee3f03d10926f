//! The operations of transcripts, such as `retr 1`, `login alice secret` or `quit`.

use pop3_proto::Confirm;

use crate::login::LoginOp;

/// An operation as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    Capa,
    /// `AUTH` without a mechanism.
    AuthMechanisms,
    /// `GetCapabilities`: sends `CAPA` only if the capabilities are not known.
    Capabilities,
    StartTls,
    Login(LoginOp),
    User(String),
    Pass(Vec<u8>),
    Apop(String, Vec<u8>),
    Stat,
    List,
    ListOne(u32),
    ListStreamed,
    Uidl,
    UidlOne(u32),
    UidlStreamed,
    Retr(u32),
    Top(u32, u32),
    Dele(u32),
    Noop,
    Rset,
    /// With this number of questions, and fixed random bytes.
    Confirm(usize),
    Quit,
    Utf8,
    Lang,
    /// `LANG` with an argument.
    SetLang(String),
    /// A raw command with a reply of one line.
    Short(String),
    /// A raw command with a multi-line reply.
    Long(String),
    LongStreamed(String),
}

impl Op {
    /// The confirmation that a transcript requests.
    pub fn confirm(questions: usize) -> Confirm {
        Confirm::new()
            .with_random([7; 32])
            .with_questions(questions)
    }

    /// Parses `VERB ARGUMENTS`. Octets in user names and passwords are escaped as in `C:` lines.
    pub fn parse(line: &str) -> Result<Self, String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.split(' ').filter(|word| !word.is_empty()).collect();
        let number = |word: &str| {
            word.parse::<u32>()
                .map_err(|_| format!("not a number: {line}"))
        };
        Ok(match (verb, words.as_slice()) {
            ("capa", []) => Self::Capa,
            ("auth", []) => Self::AuthMechanisms,
            ("capabilities", []) => Self::Capabilities,
            ("stls", []) => Self::StartTls,
            (
                "login" | "login-token" | "login-tokens" | "login-certificate" | "login-anonymous",
                words,
            ) => Self::Login(LoginOp::parse(verb, words)?),
            ("user", [user]) => Self::User(text(user)?),
            ("pass", [password]) => Self::Pass(unescape(password)?),
            ("apop", [user, password]) => Self::Apop(text(user)?, unescape(password)?),
            ("stat", []) => Self::Stat,
            ("list", []) => Self::List,
            ("list", ["streamed"]) => Self::ListStreamed,
            ("list", [n]) => Self::ListOne(number(n)?),
            ("uidl", []) => Self::Uidl,
            ("uidl", ["streamed"]) => Self::UidlStreamed,
            ("uidl", [n]) => Self::UidlOne(number(n)?),
            ("retr", [n]) => Self::Retr(number(n)?),
            ("top", [n, lines]) => Self::Top(number(n)?, number(lines)?),
            ("dele", [n]) => Self::Dele(number(n)?),
            ("noop", []) => Self::Noop,
            ("rset", []) => Self::Rset,
            ("confirm", [questions]) => {
                Self::Confirm(number(questions)?.try_into().expect("a small number"))
            }
            ("utf8", []) => Self::Utf8,
            ("lang", []) => Self::Lang,
            ("lang", [range]) => Self::SetLang((*range).to_owned()),
            ("quit", []) => Self::Quit,
            ("short", [_, ..]) => Self::Short(rest.to_owned()),
            ("long", [_, ..]) => Self::Long(rest.to_owned()),
            ("stream", [_, ..]) => Self::LongStreamed(rest.to_owned()),
            _ => return Err(format!("no such operation: {line}")),
        })
    }

    /// Returns the name of the operation in events: the line without credentials.
    pub fn label(line: &str) -> &str {
        match line.split_once(' ') {
            Some((verb @ ("user" | "pass" | "apop"), _)) => verb,
            _ if line.starts_with("login") => "login",
            _ => line,
        }
    }
}

pub fn text(escaped: &str) -> Result<String, String> {
    String::from_utf8(unescape(escaped)?).map_err(|_| format!("not UTF-8: {escaped}"))
}

/// Unescapes `\r`, `\n`, `\t`, `\\` and `\xNN`.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        octets.extend_from_slice(plain.as_bytes());
        let mut chars = escaped.chars();
        octets.push(match chars.next() {
            Some('r') => b'\r',
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('\\') => b'\\',
            Some('x') => {
                let digits = escaped.get(1..3).ok_or("two digits after \\x")?;
                chars.nth(1);
                u8::from_str_radix(digits, 16).map_err(|_| format!("not hexadecimal: {digits}"))?
            }
            _ => return Err(format!("unknown escape: \\{escaped}")),
        });
        rest = chars.as_str();
    }
    octets.extend_from_slice(rest.as_bytes());
    Ok(octets)
}
