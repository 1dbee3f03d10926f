//! The reader that collects a header from the chunks of a message.

use pop3_proto::reply::{HeaderEnd, HeaderReader};

/// Returns the result of a message in one chunk, after checking that every split into two chunks,
/// and single octets, have the same result.
fn read(message: &[u8], budget: usize) -> (Vec<u8>, HeaderEnd, u64, u64) {
    let in_chunks = |chunks: &[&[u8]]| {
        let mut reader = HeaderReader::new(budget);
        chunks.iter().for_each(|chunk| reader.push(chunk));
        let (body, discarded) = (reader.body(), reader.discarded());
        let (header, end) = reader.finish();
        assert_eq!(end == HeaderEnd::Message, !{
            let mut reader = HeaderReader::new(budget);
            reader.push(message);
            reader.has_ended()
        });
        (header.to_vec(), end, body, discarded)
    };
    let whole = in_chunks(&[message]);
    for at in 0..=message.len() {
        let (head, tail) = message.split_at(at);
        assert_eq!(in_chunks(&[head, tail]), whole, "cut at {at}");
    }
    let octets: Vec<&[u8]> = message.chunks(1).collect();
    assert_eq!(in_chunks(&octets), whole);
    whole
}

#[test]
fn header_ends_after_its_blank_line() {
    for (message, header) in [
        ("A: b\r\n\r\nbody\r\n\r\n", "A: b\r\n\r\n"),
        ("A: b\n\nbody\n", "A: b\n\n"),
        ("A: b\r\n\nbody", "A: b\r\n\n"),
        ("A: b\n\r\nbody", "A: b\n\r\n"),
        ("\r\nbody\r\n", "\r\n"),
        ("\n", "\n"),
        ("A: b\r\n \r\nC: d\r\n\r\n", "A: b\r\n \r\nC: d\r\n\r\n"),
        ("A: b\r\r\n\r\n", "A: b\r\r\n\r\n"),
        ("A: b\r\n\r\r\n\r\nbody", "A: b\r\n\r\r\n\r\n"),
    ] {
        let (octets, end, body, discarded) = read(message.as_bytes(), 1000);
        assert_eq!(octets, header.as_bytes());
        assert_eq!(end, HeaderEnd::BlankLine, "{message:?}");
        assert_eq!(body as usize, message.len() - header.len());
        assert_eq!(discarded, body);
    }
}

#[test]
fn message_without_blank_line_is_all_header() {
    for message in ["", "A: b\r\n", "A: b", "A: b\r", "A: b\r\n\r", "\r"] {
        let (octets, end, body, discarded) = read(message.as_bytes(), 1000);
        assert_eq!(octets, message.as_bytes());
        assert_eq!((end, body, discarded), (HeaderEnd::Message, 0, 0));
    }
}

#[test]
fn budget_cuts_the_header_after_a_line() {
    let message = b"A: 1\r\nB: 2\r\n\r\nbody";
    for budget in 0..20 {
        let (octets, end, body, discarded) = read(message, budget);
        let (expected, cut): (&[u8], usize) = match budget {
            0..6 => (&message[..budget], budget),
            6..12 => (b"A: 1\r\n", budget),
            12..14 => (b"A: 1\r\nB: 2\r\n", budget),
            _ => (b"A: 1\r\nB: 2\r\n\r\n", 14),
        };
        assert_eq!(octets, expected, "{budget}");
        assert_eq!(end == HeaderEnd::Budget, budget < 14, "{budget}");
        // The body is counted even if the header was cut before it.
        assert_eq!(body, 4, "{budget}");
        assert_eq!(discarded as usize, message.len() - cut, "{budget}");
    }
}

#[test]
fn memory_is_bounded_by_the_budget() {
    let mut reader = HeaderReader::new(100);
    for _ in 0..1000 {
        reader.push(&[b'x'; 1000]);
    }
    let discarded = reader.discarded();
    let (header, end) = reader.finish();
    assert_eq!((header.len(), end), (100, HeaderEnd::Budget));
    assert_eq!(discarded, 1_000_000 - 100);
}
