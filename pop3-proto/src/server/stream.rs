//! Renders replies in blocks: the body of a reply is rendered only as far as there is room.

use alloc::vec::Vec;

use bytes::Bytes;
use memchr::memmem;

use super::maildrop::lacks_final_crlf;
use super::view::View;

/// A block of this many octets is sent before anything is added to it.
pub(super) const BLOCK: usize = 64 * 1024;

/// The reply to one command, before it is written.
pub(super) struct Answer {
    /// The status line, without CRLF.
    pub(super) status: Vec<u8>,
    /// The lines after it, in a multi-line reply.
    pub(super) body: Option<Body>,
}

impl Answer {
    /// Creates a reply of one line.
    pub(super) fn line(status: impl Into<Vec<u8>>) -> Self {
        Self {
            status: status.into(),
            body: None,
        }
    }

    /// Creates a multi-line reply.
    pub(super) fn long(status: impl Into<Vec<u8>>, body: Body) -> Self {
        Self {
            status: status.into(),
            body: Some(body),
        }
    }
}

/// The part of a multi-line reply that is not written yet.
pub(super) enum Body {
    /// Text to be dot-stuffed, and how many octets of it are written.
    Text { octets: Bytes, written: usize },
    /// A scan or unique-id listing of all messages from this index on.
    Listing { column: Column, next: usize },
    /// The rest of a reply that a fault has changed. It is sent as it is.
    Altered { octets: Bytes, written: usize },
}

/// The value in a listing for each message.
#[derive(Clone, Copy)]
pub(super) enum Column {
    Size,
    UniqueId,
}

impl Body {
    pub(super) fn text(octets: Bytes) -> Self {
        Self::Text { octets, written: 0 }
    }

    pub(super) fn listing(column: Column) -> Self {
        Self::Listing { column, next: 0 }
    }

    /// Adds to the block until it is full. Returns whether the end was reached.
    pub(super) fn render(&mut self, block: &mut Vec<u8>, view: &View) -> bool {
        let all = match self {
            Self::Text { octets, written } => render_text(octets, written, block),
            Self::Listing { column, next } => render_listing(*column, next, block, view),
            Self::Altered { octets, written } => return render_raw(octets, written, block),
        };
        if all {
            block.extend_from_slice(TERMINATOR);
        }
        all
    }
}

/// The line that ends a multi-line reply.
pub(super) const TERMINATOR: &[u8] = b".\r\n";

/// Adds octets as they are.
fn render_raw(octets: &[u8], written: &mut usize, block: &mut Vec<u8>) -> bool {
    let rest = octets.get(*written..).unwrap_or_default();
    let room = BLOCK.saturating_sub(block.len());
    let part = rest.get(..room).unwrap_or(rest);
    block.extend_from_slice(part);
    *written += part.len();
    part.len() == rest.len()
}

/// Adds text with dot-stuffing (RFC 1939 section 3). It copies the text from one stuffed dot to the
/// next, not line by line.
///
/// Only CRLF ends a line. A dot after a bare LF is data: a client that complies with the RFC would
/// not remove a second one.
fn render_text(octets: &[u8], written: &mut usize, block: &mut Vec<u8>) -> bool {
    let line_start = memmem::Finder::new(b"\r\n.");
    while block.len() < BLOCK {
        let (before, rest) = octets.split_at_checked(*written).unwrap_or((octets, &[]));
        let Some(first) = rest.first() else {
            if lacks_final_crlf(octets) {
                block.extend_from_slice(b"\r\n");
            }
            return true;
        };
        if *first == b'.' && (before.is_empty() || before.ends_with(b"\r\n")) {
            block.extend_from_slice(b"..");
            *written += 1;
            continue;
        }
        // The CR was the last octet of the previous block.
        if *first == b'\n' && before.ends_with(b"\r") {
            block.push(b'\n');
            *written += 1;
            continue;
        }
        let window = rest.get(..BLOCK - block.len()).unwrap_or(rest);
        let run = line_start
            .find(window)
            .and_then(|cr| window.get(..cr + 2))
            .unwrap_or(window);
        block.extend_from_slice(run);
        *written += run.len();
    }
    false
}

fn render_listing(column: Column, next: &mut usize, block: &mut Vec<u8>, view: &View) -> bool {
    while block.len() < BLOCK {
        let Some((index, message)) = view.next(*next) else {
            return true;
        };
        *next = index + 1;
        push_number(block, view.number(index));
        block.push(b' ');
        match column {
            Column::Size => push_number(block, message.listed_size()),
            Column::UniqueId => view.push_unique_id(block, message),
        }
        block.extend_from_slice(b"\r\n");
    }
    false
}

/// Adds decimal digits, the last one first, and reverses them: `format!` would allocate for each of
/// a million lines.
fn push_number(block: &mut Vec<u8>, mut number: u64) {
    let start = block.len();
    loop {
        block.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(digits) = block.get_mut(start..) {
        digits.reverse();
    }
}
