//! The reply to CAPA (RFC 2449).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::auth::Offer;
use super::config::ServerConfig;
use crate::verb::Verb;

/// Returns the lines, each with its CRLF.
pub(super) fn lines(config: &ServerConfig, offer: &Offer<'_>, stls: bool) -> String {
    let deviations = &config.deviations;
    if let Some(lines) = &deviations.capabilities {
        return joined(lines.iter().chain(&deviations.more_capabilities));
    }
    let mechanisms: Vec<_> = offer.listed().map(|name| format!(" {name}")).collect();
    let sasl = format!("SASL{}", mechanisms.concat());
    let implementation = format!("IMPLEMENTATION {}", config.implementation);
    let knows = |verb| config.knows(verb);
    let users = offer.accepts_passwords && knows(Verb::User) && knows(Verb::Pass);
    // RFC 2449 section 5: capabilities that are valid in AUTHORIZATION are announced in
    // TRANSACTION, too.
    let lines = [
        ("USER", users),
        (&sasl, !mechanisms.is_empty() && knows(Verb::Auth)),
        ("TOP", knows(Verb::Top)),
        ("UIDL", knows(Verb::Uidl)),
        ("RESP-CODES", true),
        ("AUTH-RESP-CODE", true),
        ("PIPELINING", config.pipelining),
        ("STLS", stls),
        (&implementation, true),
    ];
    let offered = lines.iter().filter(|(_, offered)| *offered);
    let lines = offered.map(|(line, _)| *line);
    joined(lines.chain(deviations.more_capabilities.iter().map(String::as_str)))
}

fn joined(lines: impl Iterator<Item = impl AsRef<str>>) -> String {
    lines
        .flat_map(|line| [String::from(line.as_ref()), "\r\n".into()])
        .collect()
}
