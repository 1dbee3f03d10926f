//! Parses the parts of command lines that the other modules need.

/// Takes the place of a command for the greeting.
pub(crate) const GREETING: &[u8] = b"(greeting)";

/// Returns the keyword in upper case, as the client writes it.
pub(crate) fn verb(line: &[u8]) -> &[u8] {
    line.split(|octet| *octet == b' ').next().unwrap_or(line)
}

/// Returns the message number after the keyword.
pub(crate) fn number(line: &[u8]) -> Option<u32> {
    let argument = line.split(|octet| *octet == b' ').nth(1)?;
    std::str::from_utf8(argument).ok()?.parse().ok()
}

/// Returns whether lines up to a terminator follow a `+OK` to this command.
pub(crate) fn is_long(line: &[u8]) -> bool {
    match verb(line) {
        b"CAPA" | b"RETR" | b"TOP" => true,
        b"LIST" | b"UIDL" => number(line).is_none(),
        _ => false,
    }
}

/// Returns whether the line is part of a login or an upgrade, so that only an exchange can have
/// sent it.
pub(crate) fn is_of_exchange(line: &[u8]) -> bool {
    matches!(verb(line), b"STLS" | b"USER" | b"PASS" | b"APOP" | b"AUTH")
}

/// Returns whether the line is a command outside logins and upgrades. A line for which both
/// functions return false is a response to a challenge.
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

/// Splits a reply into its first line, without the line end, and the rest.
pub(crate) fn split_reply(reply: &[u8]) -> (&[u8], &[u8]) {
    let end = reply.iter().position(|octet| *octet == b'\n');
    let (status, rest) = reply.split_at(end.map_or(reply.len(), |end| end + 1));
    let status = status.strip_suffix(b"\n").unwrap_or(status);
    (status.strip_suffix(b"\r").unwrap_or(status), rest)
}
