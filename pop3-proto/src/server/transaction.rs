//! The commands of the TRANSACTION state (RFC 1939 sections 5 and 7).

use alloc::format;
use alloc::vec::Vec;

use bytes::Bytes;
use memchr::memchr_iter;

use super::command::Mail;
use super::stream::{Answer, Body, Column};
use super::view::View;

/// Returns the reply to one command, or the text of the `-ERR`.
pub(super) fn transact(command: Mail, view: &mut View) -> Result<Answer, &'static str> {
    Ok(match command {
        Mail::Stat => {
            let (messages, octets) = view.left();
            Answer::line(format!("+OK {messages} {octets}"))
        }
        Mail::List(None) => Answer {
            body: Some(Body::listing(Column::Size)),
            ..contents(view)
        },
        Mail::List(Some(number)) => Answer::line(format!(
            "+OK {number} {}",
            view.message(number)?.listed_size()
        )),
        Mail::Uidl(None) => Answer::long("+OK", Body::listing(Column::UniqueId)),
        Mail::Uidl(Some(number)) => {
            let mut status = Vec::from(format!("+OK {number} "));
            view.push_unique_id(&mut status, view.message(number)?);
            Answer::line(status)
        }
        Mail::Retr(number) => {
            let message = view.message(number)?;
            Answer::long(
                format!("+OK {} octets", message.listed_size()),
                Body::text(message.octets().clone()),
            )
        }
        Mail::Top { number, lines } => Answer::long(
            "+OK",
            Body::text(top(view.message(number)?.octets(), lines)),
        ),
        Mail::Dele(number) => {
            view.delete(number)?;
            Answer::line(format!("+OK message {number} deleted"))
        }
        Mail::Noop => Answer::line("+OK"),
        Mail::Rset => {
            view.reset();
            contents(view)
        }
    })
}

/// Returns `+OK` with the number of messages and their size.
pub(super) fn contents(view: &View) -> Answer {
    let (messages, octets) = view.left();
    Answer::line(format!("+OK {messages} messages ({octets} octets)"))
}

/// Returns the header, the empty line after it, and this many lines of the body. A message without
/// an empty line is all header.
fn top(octets: &Bytes, lines: u64) -> Bytes {
    let mut line_ends = memchr_iter(b'\n', octets).map(|lf| lf + 1);
    let mut start = 0;
    let header = line_ends.by_ref().find(|end| {
        let line = octets.get(start..*end).unwrap_or_default();
        start = *end;
        matches!(line, b"\r\n" | b"\n")
    });
    let end = match (header, usize::try_from(lines).unwrap_or(usize::MAX)) {
        (Some(header), 0) => header,
        (Some(_), lines) => line_ends.nth(lines - 1).unwrap_or(octets.len()),
        (None, _) => octets.len(),
    };
    octets.slice(..end)
}
