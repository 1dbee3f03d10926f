//! Maildrops with messages that are difficult for a line parser.

use fastrand::Rng;
use pop3_proto::config::Leniency;

/// A message as the server stores it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) unique_id: String,
    pub(crate) octets: Vec<u8>,
}

impl Message {
    /// Returns what RETR sends: a final CRLF is added where there is none.
    pub(crate) fn sent(&self) -> Vec<u8> {
        with_final_crlf(&self.octets)
    }

    /// Returns what TOP sends: the header, the empty line, and this many lines of the body.
    pub(crate) fn top(&self, lines: u32) -> Vec<u8> {
        let (mut header, mut left) = (true, lines);
        let mut top = Vec::new();
        for line in self.octets.split_inclusive(|octet| *octet == b'\n') {
            if !header && left == 0 {
                break;
            }
            top.extend_from_slice(line);
            if !header {
                left -= 1;
            } else if matches!(line, b"\r\n" | b"\n") {
                header = false;
            }
        }
        with_final_crlf(&top)
    }
}

fn with_final_crlf(octets: &[u8]) -> Vec<u8> {
    let lacks = !octets.is_empty() && !octets.ends_with(b"\r\n");
    [octets, if lacks { b"\r\n" } else { b"" }].concat()
}

/// Lines that resemble something else, or have unusual line ends. The first three end in a bare LF.
const LINES: [&[u8]; 16] = [
    b"bare LF\n",
    b".\n",
    b"\n",
    b"\r\n",
    b".\r\n",
    b"..\r\n",
    b".dot\r\n",
    b"+OK 1 120\r\n",
    b"-ERR no\r\n",
    b"\r",
    b"\r\r\n",
    b".\rx\r\n",
    b"\0\xff\x80 octets\r\n",
    b"QUIT\r\n",
    b"Subject: hello\r\n",
    b"a line of ordinary length, of which mail has many\r\n",
];

/// By default, a message whose first line ends in a bare LF is read as one whose lines all do. The
/// server does not stuff dots after bare LFs, so these lines come after lines that end in CRLF.
const BARE: usize = 3;

/// Returns up to eight messages: some empty, some without a final line end, sometimes a large one.
pub(crate) fn maildrop(rng: &mut Rng, large: bool, leniency: Leniency) -> Vec<Message> {
    let messages = rng.usize(0..=8);
    (1..=messages)
        .map(|number| {
            let mut octets = Vec::new();
            let mut lines = &LINES[BARE..];
            if rng.bool() {
                octets.extend_from_slice(b"From: a@example.org\r\nSubject: mail\r\n\r\n");
                lines = &LINES;
            }
            if leniency == Leniency::Strict {
                lines = &LINES;
            }
            for _ in 0..rng.usize(0..12) {
                octets.extend_from_slice(lines[rng.usize(..lines.len())]);
            }
            if large && rng.u8(..32) == 0 {
                octets.extend(b"0123456789 abcdefghij\r\n".repeat(rng.usize(..6000)));
            }
            if rng.u8(..4) == 0 {
                octets.extend_from_slice(b"no line end");
            }
            Message {
                unique_id: format!("uid-{number}-{}", rng.alphanumeric()),
                octets,
            }
        })
        .collect()
}
