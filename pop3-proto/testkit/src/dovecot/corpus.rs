//! Messages for a maildrop, the same on every run. They contain everything that makes a POP3
//! response hard to parse.
//!
//! All lines end with CRLF, including the last one, so RETR must return exactly these octets. The
//! messages contain lone CR and NUL, because Dovecot returns them unchanged. They do not contain
//! two things that Dovecot (2.3.19 and 2.4.1) changes. It replaces a lone LF by CRLF. It does not
//! stuff a dot that is the first octet of a message.

/// The number of message kinds. A corpus of this many messages has one of each.
const KINDS: usize = 11;

/// The length of a long line, without its CRLF.
const LONG_LINE: usize = 100 * 1024;

/// The number of base64 digits in each line of an attachment.
const BASE64_LINE: usize = 76;

const BASE64_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const WORDS: &[&str] = &[
    "the", "harbour", "pilot", "asked", "whether", "seven", "letters", "had", "come", "by",
    "night", "and", "people", "answered", "until", "morning", "when", "a", "ship", "arrived.",
];

/// Returns the first `n` test messages. Message `i` is of kind `i % 11` and does not depend on `n`.
pub fn corpus(n: usize) -> Vec<Vec<u8>> {
    (0..n).map(message).collect()
}

/// Returns a message with a base64 attachment of this many octets, rounded up to a whole line.
/// Base64 makes the message a third larger.
pub fn attachment(octets: usize) -> Vec<u8> {
    attached(0, octets, &mut Random(0))
}

fn message(index: usize) -> Vec<u8> {
    let mut random = Random(index as u64 + 1);
    match index % KINDS {
        0 => plain_text(index, &mut random),
        1 => dots(index, &mut random),
        2 => lines(
            header(index, "Long line"),
            &[b"", &noise_text(LONG_LINE, &mut random), b"end"],
        ),
        3 => lines(
            header(index, "Latin-1"),
            &[
                b"Content-Type: text/plain; charset=iso-8859-1",
                b"Content-Transfer-Encoding: 8bit",
                b"",
                b"Gr\xfc\xdfe aus K\xf6ln, \xe0 bient\xf4t, \x80\x81\xfe\xff",
                &high_octets(&mut random),
            ],
        ),
        4 => lines(
            header(index, "Grüße, 你好, 🐟"),
            &[
                b"Content-Type: text/plain; charset=utf-8",
                b"Content-Transfer-Encoding: 8bit",
                b"",
                "Grüße aus Köln, до свидания, 再见, 🐟".as_bytes(),
                ".… a dot before three dots in one".as_bytes(),
            ],
        ),
        5 => lines(header(index, "Empty body"), &[b""]),
        6 => header(index, "Header only, not even the empty line"),
        7 => {
            let octets = 1_000 + random.below(20_000);
            attached(index, octets, &mut random)
        }
        8 => lines(
            Vec::new(),
            &[b"No header at all", b".", b"..", b"", b"", b""],
        ),
        9 => long_dotted_lines(index, &mut random),
        _ => lines(
            header(index, "Control octets"),
            &[
                b"",
                b"\r.",
                b"\r\r.\r",
                b".\r.",
                b".\r",
                b"\0",
                b".\0",
                &low_octets(&mut random),
                b"\r",
            ],
        ),
    }
}

/// Returns ordinary paragraphs of text.
fn plain_text(index: usize, random: &mut Random) -> Vec<u8> {
    let mut mail = lines(header(index, "Letters"), &[b""]);
    for _ in 0..5 + random.below(60) {
        for _ in 0..random.below(13) {
            mail.extend_from_slice(random.pick(WORDS).as_bytes());
            mail.push(b' ');
        }
        mail.extend_from_slice(b"\r\n");
    }
    mail
}

/// Returns lines that begin with one or more dots, with and without text after them.
fn dots(index: usize, random: &mut Random) -> Vec<u8> {
    let mut mail = lines(
        header(index, "Dots"),
        &[b"", b".", b"..", b"...", b".\t", b". ", b".QUIT"],
    );
    for count in [1, 2, 3, 10, 77, 998] {
        let mut line = vec![b'.'; count];
        mail = lines(mail, &[&line]);
        line.extend_from_slice(random.pick(WORDS).as_bytes());
        mail = lines(mail, &[&line, b"", b".", b""]);
    }
    // The response then ends with two lines of dots: the stuffed last line and the terminator.
    lines(mail, &[b"+OK", b"-ERR", b"."])
}

/// Returns long lines that begin with a dot, with lengths around usual buffer sizes.
fn long_dotted_lines(index: usize, random: &mut Random) -> Vec<u8> {
    let mut mail = lines(header(index, "Long lines with dots"), &[b""]);
    for length in [
        510, 511, 512, 998, 4095, 4096, 8190, 8191, 8192, 16384, 65536,
    ] {
        let mut line = noise_text(length + random.below(3), random);
        if let Some(first) = line.first_mut() {
            *first = b'.';
        }
        mail = lines(mail, &[&line, b"."]);
    }
    mail
}

/// Returns a typical header, without the empty line that ends it.
fn header(index: usize, subject: &str) -> Vec<u8> {
    format!(
        "Return-Path: <anna@example.org>\r\n\
         Received: from mail.example.org (mail.example.org [192.0.2.1])\r\n\
         \tby mx.example.net with ESMTP id {index:08X};\r\n\
         \tTue, 1 Jul 2025 10:52:37 +0200\r\n\
         From: Anna <anna@example.org>\r\n\
         To: Boris <boris@example.net>\r\n\
         Subject: {subject}\r\n\
         Date: Tue, 1 Jul 2025 10:52:37 +0200\r\n\
         Message-ID: <{index}.test@example.org>\r\n"
    )
    .into_bytes()
}

/// Returns `mail` and these lines, each with a CRLF.
fn lines(mut mail: Vec<u8>, lines: &[&[u8]]) -> Vec<u8> {
    for line in lines {
        mail.extend_from_slice(line);
        mail.extend_from_slice(b"\r\n");
    }
    mail
}

/// Returns printable ASCII, including dots, without line ends.
fn noise_text(length: usize, random: &mut Random) -> Vec<u8> {
    (0..length).map(|_| b' ' + random.octet() % 95).collect()
}

/// Returns octets from 0x80 to 0xff, each of them several times.
fn high_octets(random: &mut Random) -> Vec<u8> {
    (0..2_000).map(|_| 0x80 | random.octet()).collect()
}

/// Returns octets below 0x20, except LF.
fn low_octets(random: &mut Random) -> Vec<u8> {
    (0..2_000)
        .map(|_| random.octet() % 0x20)
        .filter(|&octet| octet != b'\n')
        .collect()
}

/// Returns a message with text and an attachment.
fn attached(index: usize, octets: usize, random: &mut Random) -> Vec<u8> {
    let mut mail = header(index, "With an attachment");
    mail.extend_from_slice(
        b"MIME-Version: 1.0\r\n\
          Content-Type: multipart/mixed; boundary=\"=_part\"\r\n\
          \r\n\
          --=_part\r\n\
          Content-Type: text/plain; charset=us-ascii\r\n\
          \r\n\
          See the attachment.\r\n\
          --=_part\r\n\
          Content-Type: application/octet-stream; name=\"data.bin\"\r\n\
          Content-Disposition: attachment; filename=\"data.bin\"\r\n\
          Content-Transfer-Encoding: base64\r\n\
          \r\n",
    );
    // Any digits are valid base64, and full lines need no padding.
    let rows = octets.div_ceil(BASE64_LINE / 4 * 3);
    mail.reserve(rows * (BASE64_LINE + 2) + 20);
    for _ in 0..rows {
        mail.extend((0..BASE64_LINE).map(|_| random.pick(BASE64_DIGITS)));
        mail.extend_from_slice(b"\r\n");
    }
    mail.extend_from_slice(b"--=_part--\r\n");
    mail
}

/// A linear congruential generator (Knuth's MMIX): of poor quality, but the same everywhere.
struct Random(u64);

impl Random {
    /// Returns a number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // Do not use the low bits, because they have a short period.
        (self.0 >> 33) as usize % limit
    }

    fn octet(&mut self) -> u8 {
        self.below(256) as u8
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = self.below(from.len());
        *from.get(index).expect("index is under the length")
    }
}
