//! The command lines that a server received, without their secrets.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::command::trim_line_end;
use super::input::Line;

/// Lines behind so many are not kept.
const LINES: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct Log {
    lines: Vec<String>,
}

impl Log {
    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    pub(super) fn record(&mut self, line: &Line) {
        if self.lines.len() < LINES {
            self.lines.push(match line {
                Line::Whole(line) => redact(&String::from_utf8_lossy(trim_line_end(line))),
                Line::TooLong => "<line too long>".to_string(),
            });
        }
    }
}

/// Takes the password or digest away. A line that only looks like such a command loses its arguments too: it may hold a
/// password with a typing error before it. AUTH is no command of this server, but a client may still try it.
fn redact(line: &str) -> String {
    const REDACTED: &str = "<redacted>";
    let starts_with = |keyword: &str| {
        line.trim_start()
            .get(..keyword.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(keyword))
    };
    if starts_with("PASS") {
        return format!("PASS {REDACTED}");
    }
    if starts_with("APOP") || starts_with("AUTH") {
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
