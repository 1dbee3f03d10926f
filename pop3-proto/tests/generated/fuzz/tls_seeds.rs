//! Seeds for the target `tls`. TLS records differ from run to run, so a seed describes what happens
//! to the records, not their octets.

use super::seeds::{Seed, script};
use pop3_proto::record::{Action, Operation, Step as Played};
use pop3_testkit::fuzz::script::{Step, encode};
use pop3_testkit::transcripts::transcripts;

/// The bits of the first octet.
const STLS: u8 = 1;
const TLS_1_2: u8 = 2;
const NO_SERVER: u8 = 4;
const BINDING: u8 = 8;
const LARGE_BUFFER: u8 = 0x10;

/// Returns all seeds by name. Seeds whose names contain `honest` are not tampered with; only the
/// partition of the octets varies.
pub(crate) fn all() -> Vec<Seed> {
    let mut all = Vec::new();
    let modes = [0, STLS].into_iter().flat_map(|start| {
        let others = [0, TLS_1_2, BINDING, LARGE_BUFFER];
        others.into_iter().map(move |other| start | other)
    });
    for mode in modes {
        let mut add = |name: &str, steps: &[Step]| {
            let seed = [&[mode], &encode(steps)[..]].concat();
            all.push((format!("{name}-{mode:02x}"), seed));
        };
        add("honest", &[Step::Pause]);
        add("honest-in-pieces", &pieces(300));
        let mut midway = pieces(6);
        midway.extend([Step::Tls { exporter: true }, Step::Pause]);
        add("keys-changed", &midway);
        midway.truncate(midway.len() - 2);
        midway.extend([Step::Tls { exporter: false }, Step::Pause]);
        add("server-says-close-notify", &midway);
        midway.truncate(midway.len() - 2);
        midway.extend([Step::AbandonLast(3), Step::Pause]);
        add("bit-changed", &midway);
        midway.truncate(midway.len() - 2);
        midway.extend([Step::AbandonOne(7), Step::Pause]);
        add("octets-dropped", &midway);
        midway.truncate(midway.len() - 2);
        midway.extend([Step::WriteFails, Step::Pause]);
        add("write-fails", &midway);
        midway.truncate(midway.len() - 2);
        midway.extend([Step::Wait(60), Step::Pause]);
        add("handshake-takes-too-long", &midway);
    }
    all.extend(injections());
    all.push((
        "http-instead-of-tls".into(),
        garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ));
    all.push((
        "alert-instead-of-tls".into(),
        garbage(b"\x15\x03\x01\x00\x02\x02\x28"),
    ));
    all.push(("pop3-instead-of-tls".into(), garbage(b"+OK ready\r\n")));
    all
}

/// Passes the octets of server and client in small pieces, then everything that remains.
fn pieces(rounds: usize) -> Vec<Step> {
    let round = [Step::Send(30), Step::Submit(5)];
    let mut steps: Vec<Step> = round.iter().cycle().take(2 * rounds).cloned().collect();
    if rounds > 100 {
        steps.push(Step::Pause);
    }
    steps
}

/// Returns the cleartext of transcripts with STLS, sent by an attacker between client and server.
fn injections() -> impl Iterator<Item = Seed> {
    let upgrades = transcripts().into_iter().filter(|(_, transcript)| {
        let mut steps = transcript.steps.iter();
        let upgrade = Played::Request(Action::Submit(Operation::StartTls));
        steps.any(|line| line.step == upgrade)
    });
    upgrades.map(|(path, transcript)| {
        let name = path.rsplit('/').next().unwrap_or(&path);
        let script = script(&transcript);
        let said = script
            .into_iter()
            .filter(|octet| !(0x80..0xb0).contains(octet));
        let seed = [STLS].into_iter().chain(said).collect();
        (format!("cleartext-{name}"), seed)
    })
}

/// Octets that are not TLS, without a server.
fn garbage(octets: &[u8]) -> Vec<u8> {
    [&[NO_SERVER], octets].concat()
}
