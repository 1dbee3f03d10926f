//! Runs the server side with any client. Its replies must not depend on how the input is split. No
//! client may log in without the secret, and nothing may be deleted without `QUIT`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use pop3_proto::server::{Maildrop, Server};

use super::attacker::account;
use super::script::{Step, said, steps};
use super::{SECRET, contains};

/// The maximum number of octets that wait to be sent, with room for one more line.
const OUTPUT: usize = (64 << 10) + 512;

/// Runs an input: an octet for the setup, one for the size of the pieces, then a
/// [script](super::script) whose segments are sent by the client.
pub fn server(data: &[u8]) -> usize {
    let Some((&[bits, piece], script)) = data.split_first_chunk() else {
        return 0;
    };
    let steps = steps(script);
    let (whole, cut) = (
        play(bits, &steps, usize::MAX),
        play(bits, &steps, usize::from(piece) + 1),
    );
    assert_eq!(whole, cut);
    whole.check(&steps);
    whole.log.len()
}

/// The result of a session.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    said: Vec<u8>,
    log: Vec<String>,
    expunged: usize,
    left: usize,
    shown: String,
}

fn play(bits: u8, steps: &[Step], piece: usize) -> Outcome {
    let mut server = new(bits);
    let mut said = Vec::new();
    send(&mut server, &mut said);
    for step in steps {
        match step {
            // Nothing is sent before a segment ends, because the client's next octets depend on it.
            Step::Server(segment) => {
                for piece in segment.chunks(piece) {
                    server.receive(piece);
                }
            }
            // Request more octets than may wait to be sent.
            Step::Submit(_) if said.len() < 1 << 20 => {
                let lines = b"RETR 1\r\n".repeat(8);
                lines.chunks(piece).for_each(|piece| server.receive(piece));
            }
            Step::Eof => server.handle_eof(),
            Step::Tls { .. } => server.tls_established(),
            _ => {}
        }
        send(&mut server, &mut said);
    }
    server.handle_eof();
    assert!(server.is_closed() && !server.wants_write() && !server.wants_read());
    Outcome {
        said,
        log: server.log().to_vec(),
        expunged: server.expunged().len(),
        left: server.maildrop().len(),
        shown: format!("{server:?}"),
    }
}

fn new(bits: u8) -> Server {
    let config = account()
        .keep_log(true)
        .stls(bits & 1 != 0)
        .allow_plaintext_login(bits & 2 == 0)
        .capa(bits & 4 == 0)
        .max_command_octets(if bits & 8 == 0 { 255 } else { 40 });
    let long = "a line of a long message\r\n.\r\n".repeat(if bits & 0x10 == 0 { 1 } else { 900 });
    let mail = Maildrop::from_iter([("uid-1", long), ("uid-2", ".\n.hello".to_owned())]);
    if bits & 0x20 == 0 {
        Server::new(config, mail)
    } else {
        Server::implicit_tls(config, mail)
    }
}

fn send(server: &mut Server, said: &mut Vec<u8>) {
    while server.wants_write() {
        let octets = server.transmit();
        assert!(octets.len() <= OUTPUT);
        let count = octets.len();
        said.extend_from_slice(octets);
        server.transmitted(count);
    }
}

impl Outcome {
    fn check(&self, steps: &[Step]) {
        assert!(self.said.starts_with(b"+OK ") && self.said.ends_with(b"\r\n"));
        assert_eq!(self.expunged + self.left, 2);
        if self.expunged > 0 {
            let quit = self
                .log
                .iter()
                .any(|line| line.eq_ignore_ascii_case("QUIT"));
            assert!(quit && self.said.ends_with(b"+OK bye\r\n"));
            assert!(knows_the_secret(steps), "{self:?}");
        }
        for line in &self.log {
            let secret = line.to_ascii_uppercase().starts_with("PASS ") && line.contains(SECRET);
            assert!(!secret, "{line}");
        }
        assert!(!self.shown.contains(SECRET));
    }
}

/// Returns whether the client sends the secret, or a mechanism that requires none. Digests are
/// ignored, because a fuzzer cannot guess them.
fn knows_the_secret(steps: &[Step]) -> bool {
    let said = said(steps);
    let upper = said.to_ascii_uppercase();
    let without = [&b"EXTERNAL"[..], b"ANONYMOUS"];
    without.iter().any(|name| contains(&upper, name))
        || contains(&said, SECRET.as_bytes())
        || (0..3).any(|before| {
            let octets = [&b"\0\0\0"[..before], SECRET.as_bytes()].concat();
            let encoded = STANDARD_NO_PAD.encode(octets);
            contains(&said, &encoded.as_bytes()[4..12])
        })
}
