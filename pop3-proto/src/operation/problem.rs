//! What is wrong with a line of a transcript.

use alloc::string::String;

use thiserror::Error as ThisError;

/// What is wrong with a line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Problem {
    /// The line begins with none of the words of the language.
    #[error(
        "unknown line \"{0}\": a line begins with S:, C:, >, >>, =, ?, !, set, only, include or #"
    )]
    Line(String),
    /// The operation after `>` is not known.
    #[error(
        "unknown operation \"{0}\": write the command in lower case with its arguments, such as \
         \"retr 1\", \"list\" or \"login USER PASSWORD\""
    )]
    Operation(String),
    /// The option of a login is not known or has no valid value.
    #[error(
        "invalid option \"{0}\" of a login: use only=, first=, each=, twisted, as=, binding=prefer, \
         binding=require, nonce=, iterations=LEAST..MOST or server=HOST:PORT"
    )]
    LoginOption(String),
    /// A login has too many or too few words.
    #[error("\"{0}\" needs the user name, then the secret if it has one, then the options")]
    LoginWords(String),
    /// A login method is not known.
    #[error(
        "unknown login method \"{0}\": use a name such as SCRAM-SHA-256, PLAIN, USER/PASS or APOP"
    )]
    Method(String),
    /// A number is expected.
    #[error("\"{0}\" is not a number in the range that is allowed here")]
    Number(String),
    /// 64 hexadecimal digits are expected.
    #[error("the key of a confirmation needs 64 hexadecimal digits, not \"{0}\"")]
    Key(String),
    /// A backslash is not followed by an escape.
    #[error(
        "unknown escape \"\\{0}\": use \\r, \\n, \\t, \\\\ or \\xNN with two hexadecimal digits"
    )]
    Escape(String),
    /// A text is not UTF-8 where it must be.
    #[error("\"{0}\" is not UTF-8 after its escapes are replaced")]
    NotUtf8(String),
    /// The line after `!` is not known.
    #[error(
        "unknown event \"! {0}\": use eof, reset, read fails KIND, write fails, tls, tls 1.2, tls 1.3, \
         tls fails or wait SECONDS"
    )]
    Happening(String),
    /// The line after `?` has no `: `, or the state is not known.
    #[error(
        "unknown state \"{0}\": write \"? WHAT: VALUE\", where WHAT is phase, capabilities, greeting, \
         utf8, language, plan or tls"
    )]
    State(String),
    /// The setting is not known or has no valid value.
    #[error("unknown setting \"{0}\": see the table of settings in pop3_proto::record")]
    Setting(String),
    /// The restriction is not known.
    #[error("unknown restriction \"only {0}\": use strict, lenient, crlf or whole")]
    Restriction(String),
    /// The file to include cannot be read.
    #[error("cannot include \"{name}\": {reason}")]
    Include {
        /// The name of the file.
        name: String,
        /// Why it cannot be included.
        reason: String,
    },
    /// A `>>` line does not follow octets from the server.
    #[error("\">>\" is possible only after S: lines: use \">\" here")]
    Meanwhile,
}
