//! The embedded server, with a proxy in front of it that changes its answers.
//!
//! This is not the peer of `pop3_testkit::tls`: here a script has an answer for each line, and
//! there is no TLS, because a script cannot change TLS octets.

use std::vec::IntoIter;

use pop3_proto::Channel;
use pop3_proto::server::Server;
use pop3_testkit::wire;

use super::case::{Answer, Case};

pub(crate) struct Peer {
    server: Server,
    answers: IntoIter<Answer>,
    /// An incomplete line.
    line: Vec<u8>,
    /// The octets that the client has not read yet.
    pub(crate) out: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(case: &Case) -> Self {
        let (config, mail) = (case.server.config(), case.maildrop());
        let server = match case.client.channel {
            Channel::ImplicitTls => Server::implicit_tls(config, mail),
            _ => Server::new(config, mail),
        };
        let mut peer = Self {
            server,
            answers: case.answers.clone().into_iter(),
            line: Vec::new(),
            out: Vec::new(),
        };
        peer.answer(&[]);
        peer
    }

    /// Receives octets from the client and answers each complete line.
    pub(crate) fn receive(&mut self, octets: &[u8]) {
        for octet in octets {
            self.line.push(*octet);
            if *octet == b'\n' {
                let line = core::mem::take(&mut self.line);
                self.server.receive(&line);
                self.answer(&line);
            }
        }
    }

    fn answer(&mut self, line: &[u8]) {
        let proper = wire::say(&mut self.server, usize::MAX);
        let at = |place: u8| proper.len() * usize::from(place) / 256;
        let answer = match self.answers.next().unwrap_or(Answer::Proper) {
            Answer::Proper => proper,
            Answer::BareLf => without_cr(&proper),
            Answer::Refusal(words) => format!("-ERR {words}\r\n").into_bytes(),
            Answer::Echo(before) => {
                let status: &[u8] = match before.starts_with("+OK") {
                    true => b"",
                    false => b"-ERR ",
                };
                [status, before.as_bytes(), line.trim_ascii_end(), b"\r\n"].concat()
            }
            Answer::Instead(octets) => octets,
            Answer::Before(octets) => [octets, proper].concat(),
            Answer::After(octets) => [proper, octets].concat(),
            Answer::Cut(place) => proper[..at(place)].to_vec(),
            Answer::Changed(place, to) => {
                let mut changed = proper.clone();
                if let Some(octet) = changed.get_mut(at(place)) {
                    *octet = to;
                }
                changed
            }
        };
        self.out.extend_from_slice(&answer);
    }

    /// Completes the handshake, on the server side too if it was started there.
    pub(crate) fn tls(&mut self) {
        self.server.tls_established();
    }

    /// Returns whether the server closed the connection.
    pub(crate) fn is_closed(&self) -> bool {
        self.server.is_closed() && self.out.is_empty()
    }
}

fn without_cr(octets: &[u8]) -> Vec<u8> {
    let lines = octets.split(|octet| *octet == b'\n');
    let lines: Vec<_> = lines
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    lines.join(&b'\n')
}
