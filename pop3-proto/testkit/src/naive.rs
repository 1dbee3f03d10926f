//! Reads multi-line replies line by line and octet by octet, as RFC 1939 says, without the
//! library's code and optimizations. Tests compare the results with those of the library.

use core::str::FromStr;

/// Which line ends are accepted. This depends on the server's status lines, except under strict
/// rules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lines {
    /// Only CRLF ends a line (strict rules).
    CrLf,
    /// A status line of the server ended in CRLF. In a reply whose first line ends in LF, LF ends a
    /// line until a line ends in CRLF, and the terminator is `.` CRLF. Otherwise only CRLF ends a
    /// line.
    Either,
    /// The server's status lines ended in a bare LF, so `.` LF is a terminator too.
    Lf,
}

/// Returns the reply before its terminator without dot-stuffing, and what follows the terminator,
/// if there is one. Without a terminator, the reply includes an incomplete last line.
pub fn read(octets: &[u8], mut lines: Lines) -> (Vec<u8>, Option<&[u8]>) {
    let (mut body, mut rest) = (Vec::new(), octets);
    while !rest.is_empty() {
        let line = line(rest, lines).unwrap_or(rest);
        rest = &rest[line.len()..];
        match (line, lines) {
            (b".\r\n", _) | (b".\n", Lines::Lf) => return (body, Some(rest)),
            // This line comes from the message's sender. A server that writes CRLF has not stuffed
            // it, because it does not treat a bare LF as a line end.
            (b".\n", Lines::Either) => body.extend_from_slice(line),
            _ => body.extend_from_slice(line.strip_prefix(b".").unwrap_or(line)),
        }
        if lines == Lines::Either && line.ends_with(b"\r\n") {
            lines = Lines::CrLf;
        }
    }
    (body, None)
}

/// Returns the wire format of a message (RFC 1939 section 3). Only CRLF ends a line. A line that
/// begins with a dot gets a second dot. A last line without CRLF gets one.
pub fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for octet in message {
        if *octet == b'.' && (wire.is_empty() || wire.ends_with(b"\r\n")) {
            wire.push(b'.');
        }
        wire.push(*octet);
    }
    if !message.is_empty() && !message.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// Returns whether the first line end is a bare LF.
pub fn begins_with_lf(octets: &[u8]) -> bool {
    line(octets, Lines::Lf).is_some_and(|line| !line.ends_with(b"\r\n"))
}

/// Returns whether octets may follow a multi-line reply when no other reply is awaited. Allowed are
/// blank lines, except under strict rules, and then one line that begins with `-ERR`, or the
/// beginning of one.
pub fn may_follow(mut octets: &[u8], lines: Lines) -> bool {
    for _ in 0..8 {
        let blank = octets.strip_prefix(b"\n").or(octets.strip_prefix(b"\r\n"));
        match blank.filter(|_| lines != Lines::CrLf) {
            Some(rest) => octets = rest,
            None if octets == b"\r" && lines != Lines::CrLf => return true,
            None => break,
        }
    }
    let line = line(octets, Lines::Lf).unwrap_or(octets);
    let begun = line.len().min(4);
    let begins = octets[..begun].eq_ignore_ascii_case(&b"-ERR"[..begun]);
    let whole_word = line.get(4).is_none_or(|next| b" \t\n".contains(next))
        || line[4..]
            .strip_prefix(b"\r")
            .is_some_and(|rest| rest == b"" || rest == b"\n");
    line.len() == octets.len() && begins && whole_word
}

/// Returns the first line, if it is complete.
fn line(octets: &[u8], lines: Lines) -> Option<&[u8]> {
    let ends = |index: &usize| {
        octets[*index] == b'\n' && (lines != Lines::CrLf || octets[..*index].ends_with(b"\r"))
    };
    let end = (0..octets.len()).find(ends)?;
    Some(&octets[..=end])
}

/// Returns the first line without its line end, and what follows it, if it is complete.
pub fn first_line(octets: &[u8], lines: Lines) -> Option<(&[u8], &[u8])> {
    let line = line(octets, lines)?;
    let rest = &octets[line.len()..];
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest))
}

/// Returns all complete lines without their line ends.
pub fn lines(mut octets: &[u8], lines: Lines) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while let Some((line, rest)) = first_line(octets, lines) {
        all.push(line);
        octets = rest;
    }
    all
}

/// Returns the capabilities of a complete reply: its lines, except blank ones.
pub fn capabilities(body: &[u8], lines: Lines) -> Vec<&[u8]> {
    let mut all = self::lines(body, lines);
    all.retain(|line| line.iter().any(|octet| !b" \t".contains(octet)));
    all
}

/// The entries of a listing: the numbers, and their values if there are any.
pub type Listed = Vec<(u32, Option<Vec<u8>>)>;

/// Returns the sizes in a complete reply to `LIST`, or `None` if it is malformed.
pub fn sizes(body: &[u8], lines: Lines) -> Option<Listed> {
    let entry = |(number, text): (u32, &[u8])| {
        let (size, rest) = digits(text);
        let is_size = !size.is_empty() && rest.first().is_none_or(|next| b" \t".contains(next));
        let size = if size.is_empty() { b"0" } else { size };
        // A number that is too large for a size is malformed, regardless of what follows it.
        let size = parsed::<u64>(size)?.to_string().into_bytes();
        (is_size || lines != Lines::CrLf).then_some((number, is_size.then_some(size)))
    };
    entries(body, lines)?.into_iter().map(entry).collect()
}

/// Returns the unique-ids in a complete reply to `UIDL`, or `None` if it is malformed.
pub fn unique_ids(body: &[u8], lines: Lines) -> Option<Listed> {
    let strict = lines == Lines::CrLf;
    let entry = |(number, id): (u32, &[u8])| {
        let ordinary = (1..=70).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic);
        let tolerated = id.len() <= 512 && !id.iter().any(u8::is_ascii_control);
        let id = (!id.is_empty()).then(|| id.to_vec());
        (ordinary || (tolerated && !strict)).then_some((number, id))
    };
    entries(body, lines)?.into_iter().map(entry).collect()
}

/// Returns the numbers of a listing, and what follows each of them.
fn entries(body: &[u8], lines: Lines) -> Option<Vec<(u32, &[u8])>> {
    let strict = lines == Lines::CrLf;
    let (mut all, mut with_status) = (Vec::new(), 0);
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        let bare = match line.split_at_checked(4) {
            Some((status, rest)) if status.eq_ignore_ascii_case(b"+OK ") => rest,
            _ => line,
        };
        with_status += usize::from(bare.len() < line.len());
        let (number, rest) = digits(bare);
        let number = parsed(number).filter(|number| *number > 0)?;
        if !b" \t\r\n".contains(rest.first()?) || (strict && !line.ends_with(b"\r\n")) {
            return None;
        }
        all.push((number, trimmed(rest)));
    }
    // Either all lines begin with a status indicator, or none. An indicator on some lines only is a
    // stray reply.
    if with_status > 0 && (strict || with_status < all.len()) {
        return None;
    }
    let twice = |(number, text)| {
        let mut same = all.iter().filter(move |(other, _)| *other == number);
        same.any(|(_, other)| *other != text)
    };
    (!all.iter().copied().any(twice)).then_some(all)
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|it| it.is_ascii_digit()).count())
}

fn parsed<N: FromStr>(digits: &[u8]) -> Option<N> {
    String::from_utf8_lossy(digits).parse().ok()
}

/// Removes surrounding blanks and the line end.
pub fn trimmed(mut text: &[u8]) -> &[u8] {
    while let Some((b' ' | b'\t', rest)) = text.split_first() {
        text = rest;
    }
    while let Some((b' ' | b'\t' | b'\r' | b'\n', rest)) = text.split_last() {
        text = rest;
    }
    text
}
