//! The command lines that a server received, without their secrets.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::auth::OfferedMechanism;
use super::command::trim_line_end;
use super::input::ClientLine;

/// The replacement for a secret.
const REDACTED: &str = "<redacted>";

/// The maximum number of lines. Further lines are not kept.
const LINES: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct Log {
    lines: Vec<String>,
    /// The status line of the reply to each line.
    replies: Vec<String>,
}

impl Log {
    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    pub(super) fn replies(&self) -> &[String] {
        &self.replies
    }

    /// Records the reply to the last line.
    pub(super) fn record_reply(&mut self, status: &[u8]) {
        if self.replies.len() < self.lines.len() {
            let status = String::from_utf8_lossy(status).into_owned();
            self.replies.push(status);
        }
    }

    pub(super) fn record_command(&mut self, line: &ClientLine) {
        self.record(line, redact);
    }

    /// Records a line inside an exchange. The line that cancels it contains no secret.
    pub(super) fn record_response(&mut self, line: &ClientLine) {
        self.record(line, |line| match line {
            "*" => line.to_string(),
            _ => REDACTED.to_string(),
        });
    }

    fn record(&mut self, line: &ClientLine, redact: fn(&str) -> String) {
        if self.lines.len() < LINES {
            self.lines.push(match line {
                ClientLine::Whole(line) => redact(&String::from_utf8_lossy(trim_line_end(line))),
                ClientLine::TooLong => "<line too long>".to_string(),
            });
        }
    }
}

/// Removes the password or digest. The arguments of a line that only resembles such a command are
/// removed, too: it may contain a password after a misspelled keyword.
fn redact(line: &str) -> String {
    let starts_with = |keyword: &str| {
        line.trim_start()
            .get(..keyword.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(keyword))
    };
    if starts_with("PASS") {
        return format!("PASS {REDACTED}");
    }
    if starts_with("AUTH") {
        return redact_auth(line);
    }
    if starts_with("APOP") {
        let mut words = line.split_ascii_whitespace();
        let shown = [words.next(), words.next()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        return if words.next().is_some() {
            format!("{shown} {REDACTED}")
        } else {
            shown
        };
    }
    line.to_string()
}

/// Keeps the name of a mechanism. Any other word in its place may be the secret itself in base64.
fn redact_auth(line: &str) -> String {
    let mut words = line.split_ascii_whitespace();
    let keyword = words
        .next()
        .filter(|word| word.eq_ignore_ascii_case("AUTH"))
        .unwrap_or(REDACTED);
    let shown = match words.next() {
        Some(name) if is_mechanism(name) => format!("{keyword} {name}"),
        Some(_) => return format!("{keyword} {REDACTED}"),
        None => keyword.to_string(),
    };
    match words.next() {
        Some(_) => format!("{shown} {REDACTED}"),
        None => shown,
    }
}

/// Returns whether this is a known name in any case, or one in upper-case letters as RFC 4422
/// section 3.1 requires.
fn is_mechanism(name: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_');
    OfferedMechanism::named(name).is_some() || (name.len() <= 20 && name.bytes().all(allowed))
}
