//! Recognises other services by the first octets that they send.

/// Returns what sent these first octets, if they show it.
pub(crate) fn service(octets: &[u8]) -> Option<Service> {
    let begins = |text: &[u8]| {
        octets
            .get(..text.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(text))
    };
    let line = octets.split(|octet| *octet == b'\n').next();
    let contains =
        |word: &[u8]| line.is_some_and(|line| memchr::memmem::find(line, word).is_some());
    let found = if begins(b"+OK") || begins(b"-ERR") {
        Service::Pop3
    } else if begins(b"220") && contains(b"FTP") {
        Service::Other("an FTP server")
    } else if begins(b"220") || begins(b"554") || begins(b"421") {
        Service::Other("an SMTP server")
    } else if begins(b"* OK") || begins(b"* PREAUTH") || begins(b"* BYE") {
        Service::Other("an IMAP server")
    } else if begins(b"SSH-") {
        Service::Other("an SSH server")
    } else if begins(b"HTTP/") || begins(b"<html") || begins(b"<!doctype html") {
        Service::Other("a web server (HTTP)")
    } else {
        return None;
    };
    Some(found)
}

/// A service that was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// POP3.
    Pop3,
    /// Another one, with an article.
    Other(&'static str),
}
