//! Status lines: `+OK` or `-ERR`, a response code, text (RFC 1939 section 3, RFC 2449 section 8).

use core::fmt;

use bytes::Bytes;

use crate::text::ServerText;

/// A `+OK` from the server, with its text.
///
/// `Display` writes the text, or `+OK` if there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The text after `+OK`, including any response code.
    pub text: ServerText,
}

impl Status {
    /// Returns the response code. In a `+OK` reply, it is only informational.
    pub fn code(&self) -> Option<ResponseCode> {
        ResponseCode::parse(self.text.as_bytes())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_blank() {
            return f.write_str("+OK");
        }
        self.text.fmt(f)
    }
}

/// A `-ERR` from the server: its text, and the response code at the beginning of it.
///
/// `Display` writes the text, or `-ERR` if there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrReply {
    /// The response code (RFC 2449 section 8, RFC 3206). It is parsed even if the server does not
    /// advertise response codes.
    pub code: Option<ResponseCode>,
    /// The text after `-ERR`, including any response code.
    pub text: ServerText,
}

impl ErrReply {
    /// Returns whether its response code is permanent.
    pub(crate) fn is_permanent(&self) -> bool {
        self.code.as_ref().is_some_and(ResponseCode::is_permanent)
    }

    /// Reads the code of a text. `shown` is the same text after redaction.
    pub(crate) fn read(text: &[u8], shown: ServerText) -> Self {
        // A known code is a constant, so it cannot contain credentials that the server echoes.
        let known = ResponseCode::parse(text).filter(|code| code.name().is_some());
        Self {
            code: known.or_else(|| ResponseCode::parse(shown.as_bytes())),
            text: shown,
        }
    }
}

impl fmt::Display for ErrReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_blank() {
            return f.write_str("-ERR");
        }
        self.text.fmt(f)
    }
}

/// A machine-readable reason at the start of a status text (RFC 2449 section 8, RFC 3206, RFC
/// 6856).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseCode {
    /// `IN-USE`: another session has locked the maildrop. The credentials are right.
    InUse,
    /// `LOGIN-DELAY`: the last login was too recent.
    LoginDelay,
    /// `SYS/TEMP`: a temporary failure.
    SysTemp,
    /// `SYS/PERM`: a permanent failure, which the administrator has to fix.
    SysPerm,
    /// `AUTH`: there is a problem with the credentials.
    Auth,
    /// `UTF8`: the message needs the `UTF8` command first.
    Utf8,
    /// Any other code, without brackets.
    Other(ServerText),
}

impl ResponseCode {
    /// Returns whether the same attempt would fail again (RFC 3206).
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(self, Self::SysPerm | Self::Auth)
    }

    /// Returns the code as the RFCs write it, if an RFC defines it.
    pub(crate) fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::InUse => "IN-USE",
            Self::LoginDelay => "LOGIN-DELAY",
            Self::SysTemp => "SYS/TEMP",
            Self::SysPerm => "SYS/PERM",
            Self::Auth => "AUTH",
            Self::Utf8 => "UTF8",
            Self::Other(_) => return None,
        })
    }

    /// Parses the code that a status text begins with, such as the `[IN-USE]` of `[IN-USE] another
    /// session has the maildrop`. Returns `None` if the text does not begin with a code; brackets
    /// later in the text are not a code. Codes are not case-sensitive.
    ///
    /// ```
    /// use pop3_proto::reply::ResponseCode;
    ///
    /// let code = ResponseCode::parse(b"[sys/temp] try again later");
    /// assert_eq!(code, Some(ResponseCode::SysTemp));
    /// assert_eq!(ResponseCode::SysTemp.to_string(), "[SYS/TEMP]");
    /// assert_eq!(ResponseCode::parse(b"busy [IN-USE]"), None);
    /// ```
    pub fn parse(text: &[u8]) -> Option<Self> {
        let inside = text.strip_prefix(b"[")?;
        let code = inside.get(..memchr::memchr(b']', inside)?)?;
        if code.is_empty() {
            return None;
        }
        // A known code with unknown levels below it is read as the known code.
        let is = |known: &[u8]| {
            code.get(..known.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(known))
                && matches!(code.get(known.len()), None | Some(b'/'))
        };
        Some(match () {
            () if is(b"IN-USE") => Self::InUse,
            () if is(b"LOGIN-DELAY") => Self::LoginDelay,
            () if is(b"SYS/TEMP") => Self::SysTemp,
            () if is(b"SYS/PERM") => Self::SysPerm,
            () if is(b"AUTH") => Self::Auth,
            () if is(b"UTF8") => Self::Utf8,
            () => Self::Other(ServerText::copy(code)),
        })
    }
}

impl fmt::Display for ResponseCode {
    /// Writes the code as a server does, in brackets: [`parse`](Self::parse) reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self) {
            (Some(name), _) => write!(f, "[{name}]"),
            (None, Self::Other(code)) => write!(f, "[{code}]"),
            (None, _) => Ok(()),
        }
    }
}

/// The first line of a reply, without its line end.
#[derive(Debug)]
pub(crate) enum StatusLine {
    Ok(Status),
    Err(ServerText),
    /// Neither.
    Other(ServerText),
}

impl StatusLine {
    pub(crate) fn read(mut line: Bytes) -> Self {
        let Some((ok, length)) = indicator(&line) else {
            return Self::Other(ServerText::copy(&line));
        };
        let text = line.split_off(line.len().min(length + 1));
        if ok {
            Self::Ok(Status {
                text: ServerText::new(text),
            })
        } else {
            Self::Err(ServerText::copy(&text))
        }
    }
}

/// Returns whether a line begins with `+OK` (true) or with `-ERR` (false), and the length of that
/// indicator. The indicator is a whole word and not case-sensitive: `+Okay` is not one.
pub(crate) fn indicator(line: &[u8]) -> Option<(bool, usize)> {
    let end = line.iter().position(|c| matches!(c, b' ' | b'\t'));
    let word = line.get(..end.unwrap_or(line.len()))?;
    let ok = word.eq_ignore_ascii_case(b"+OK");
    (ok || word.eq_ignore_ascii_case(b"-ERR")).then_some((ok, word.len()))
}
