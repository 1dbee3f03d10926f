//! What a command line says, as far as the other parts have to know.

/// What stands in the place of a command for the greeting.
pub(crate) const GREETING: &[u8] = b"(greeting)";

/// The keyword in upper case, as all of ours are written.
pub(crate) fn verb(line: &[u8]) -> &[u8] {
    line.split(|octet| *octet == b' ').next().unwrap_or(line)
}

/// The message number behind the keyword.
pub(crate) fn number(line: &[u8]) -> Option<u32> {
    let argument = line.split(|octet| *octet == b' ').nth(1)?;
    std::str::from_utf8(argument).ok()?.parse().ok()
}

/// Whether a `+OK` to this is followed by lines up to a terminator.
pub(crate) fn is_long(line: &[u8]) -> bool {
    match verb(line) {
        b"CAPA" | b"RETR" | b"TOP" => true,
        b"LIST" | b"UIDL" => number(line).is_none(),
        _ => false,
    }
}

/// Whether it begins a login or an upgrade, or is part of one: what only exchanges send.
pub(crate) fn is_of_exchange(line: &[u8]) -> bool {
    matches!(verb(line), b"STLS" | b"USER" | b"PASS" | b"APOP" | b"AUTH")
}

/// Whether it is a command of its own: all that belongs to no login and no upgrade. What is neither is a
/// response to a challenge.
pub(crate) fn is_plain(line: &[u8]) -> bool {
    matches!(
        verb(line),
        b"CAPA"
            | b"STAT"
            | b"LIST"
            | b"UIDL"
            | b"RETR"
            | b"TOP"
            | b"DELE"
            | b"NOOP"
            | b"RSET"
            | b"QUIT"
    )
}

/// The first line of a reply without its end, and all behind it.
pub(crate) fn split_reply(reply: &[u8]) -> (&[u8], &[u8]) {
    let end = reply.iter().position(|octet| *octet == b'\n');
    let (status, rest) = reply.split_at(end.map_or(reply.len(), |end| end + 1));
    let status = status.strip_suffix(b"\n").unwrap_or(status);
    (status.strip_suffix(b"\r").unwrap_or(status), rest)
}
