//! Seeds for the fuzz targets, made of the transcripts.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::common::{Op, Step, Transcript, transcripts};
use super::pop3_fuzz::HIGH;

/// A name that tells where it is from, and octets.
pub(crate) type Seed = (String, Vec<u8>);

/// The seeds of each target that has any.
pub(crate) fn all() -> BTreeMap<&'static str, Vec<Seed>> {
    let mut all: BTreeMap<&'static str, Vec<Seed>> = BTreeMap::new();
    for (path, transcript) in transcripts() {
        let name = path.rsplit('/').next().unwrap_or(&path);
        for (target, seeds) in of(&transcript) {
            let numbered = (0..)
                .zip(seeds)
                .map(|(n, seed)| (format!("{name}-{n}"), seed));
            all.entry(target).or_default().extend(numbered);
        }
    }
    all
}

fn of(transcript: &Transcript) -> [(&'static str, Vec<Vec<u8>>); 7] {
    let script = script(transcript);
    let with = |head: &[u8], script: &[u8]| [head, script].concat();
    let bits = setup(transcript);
    let spoken = without_requests(&script);
    [
        ("connection", vec![with(&[bits, 0], &script)]),
        ("operations", vec![with(&[bits], &operations(&script))]),
        ("login", vec![with(&[bits, method(transcript)], &spoken)]),
        ("replies", replies(transcript)),
        ("unstuffing", bodies(transcript)),
        ("sasl", vec![challenges(transcript)]),
        ("server", vec![with(&[1, 0], &client(transcript))]),
    ]
}

/// The octet that comes nearest to how the client is set up.
fn setup(transcript: &Transcript) -> u8 {
    let mut bits = 0x20;
    for setting in &transcript.settings {
        match (setting.name.as_str(), setting.value.as_str()) {
            ("channel", "trusted") => bits &= !0x60,
            ("channel", "implicit-tls") => bits |= 0x60,
            ("stls", "off") => bits = bits & !0x60 | 0x40,
            ("pipelining", "always") => bits |= 4,
            ("pipelining", "never") => bits |= 8,
            ("capa", "never") | ("initial-response", "never") => bits |= 0x10,
            ("keep-alive" | "total", _) => bits |= 0x80,
            (limit, _) if limit.contains('-') => bits |= 2,
            _ => {}
        }
    }
    bits
}

/// The conversation as the targets read it.
fn script(transcript: &Transcript) -> Vec<u8> {
    let mut script = Vec::new();
    let mut spoke = false;
    for step in &transcript.steps {
        let speaks = matches!(step.what, Step::Server(_));
        // What stands together comes together.
        if speaks && !spoke && script.last().is_some_and(|octet| *octet < 0x80) {
            script.push(0xe9);
        }
        spoke = speaks;
        match &step.what {
            Step::Server(octets) => octets.iter().for_each(|octet| say(*octet, &mut script)),
            Step::Ask { op, .. } => script.push(0x80 + command(op)),
            Step::Abandon => script.push(0xaf),
            Step::EndOfFile => script.push(0xe0),
            Step::Reset => script.push(0xe1),
            Step::WriteFails => script.push(0xe2),
            Step::Tls => script.push(0xe3),
            Step::TlsWithBinding => script.push(0xe4),
            Step::TlsFails => script.push(0xe5),
            Step::Wait(seconds) => {
                script.push(0xb0 + u8::try_from(seconds / 15).unwrap_or(15).min(15))
            }
            Step::Client(_) | Step::Told(_) | Step::Stands { .. } => {}
        }
    }
    script
}

fn say(octet: u8, script: &mut Vec<u8>) {
    if octet >= 0x80 {
        script.push(HIGH);
    }
    script.push(octet);
}

/// The number of a command in `fuzz/src/commands.rs`.
fn command(op: &Op) -> u8 {
    match op {
        Op::Capa | Op::AuthMechanisms => 0,
        Op::Capabilities => 1,
        Op::StartTls => 2,
        Op::User(_) => 3,
        Op::Pass(_) => 4,
        Op::Apop(..) => 5,
        Op::Stat => 6,
        Op::List => 7,
        Op::ListOne(_) => 8,
        Op::ListStreamed => 9,
        Op::Uidl => 10,
        Op::UidlOne(_) => 11,
        Op::UidlStreamed => 12,
        Op::Retr(1) => 13,
        Op::Retr(_) => 14,
        Op::Top(..) => 15,
        Op::Dele(_) => 16,
        Op::Noop => 17,
        Op::Rset => 18,
        Op::Quit => 19,
        Op::Short(_) => 20,
        Op::Long(_) => 21,
        Op::LongStreamed(_) => 22,
        Op::Login(_) => 24,
        Op::Confirm(_) => 25,
    }
}

/// The same for who looks after every octet: all events are taken and all octets sent in between.
fn operations(script: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut literal = false;
    for octet in script {
        all.push(*octet);
        let escape = *octet == HIGH && !literal;
        if !literal && !escape && (*octet >= 0x80 || *octet == b'\n') {
            all.extend([0xe7, 0xdf]);
        }
        literal = escape;
    }
    all
}

/// What the server says, and what happens, without what the application asks for.
fn without_requests(script: &[u8]) -> Vec<u8> {
    let asks = |octet: &u8| !(0x80..0xa0).contains(octet);
    script.iter().copied().filter(asks).collect()
}

/// The number of the login in `fuzz/src/login.rs` that a transcript is about.
fn method(transcript: &Transcript) -> u8 {
    let lines = |step: &Step| match step {
        Step::Client(octets) => Some(String::from_utf8_lossy(octets).into_owned()),
        _ => None,
    };
    let lines: Vec<String> = transcript
        .steps
        .iter()
        .filter_map(|step| lines(&step.what))
        .collect();
    let says = |verb: &str| lines.iter().any(|line| line.starts_with(verb));
    let verbs = [
        "AUTH SCRAM-SHA-512",
        "AUTH SCRAM-SHA-256",
        "AUTH SCRAM-SHA-1",
        "AUTH PLAIN",
        "USER",
        "AUTH LOGIN",
        "AUTH CRAM-MD5",
        "APOP",
        "AUTH OAUTHBEARER",
        "AUTH XOAUTH2",
        "AUTH EXTERNAL",
        "AUTH ANONYMOUS",
    ];
    let number = verbs.iter().position(|verb| says(verb));
    number.and_then(|n| u8::try_from(n).ok()).unwrap_or(12)
}

/// What the server says at once, and the last request before it.
fn segments(transcript: &Transcript) -> Vec<(Option<&Op>, Vec<u8>)> {
    let mut segments: Vec<(Option<&Op>, Vec<u8>)> = Vec::new();
    let (mut asked, mut open) = (None, false);
    for step in &transcript.steps {
        match &step.what {
            Step::Ask { op, .. } => asked = Some(op),
            Step::Server(octets) => match segments.last_mut().filter(|_| open) {
                Some((_, segment)) => segment.extend_from_slice(octets),
                None => segments.push((asked, octets.clone())),
            },
            _ => {}
        }
        open = matches!(step.what, Step::Server(_));
    }
    segments
}

fn replies(transcript: &Transcript) -> Vec<Vec<u8>> {
    let seed = |(op, segment): (Option<&Op>, Vec<u8>)| {
        let which = match op.map(command) {
            None => 0,
            Some(0..=2) => 1,
            Some(6) => 2,
            Some(7 | 9) => 3,
            Some(8) => 4,
            Some(10 | 12) => 5,
            Some(11) => 6,
            Some(16) => 7,
            Some(19) => 8,
            Some(21 | 22) => 9,
            _ => return None,
        };
        Some([&[0, which], &segment[..]].concat())
    };
    segments(transcript).into_iter().filter_map(seed).collect()
}

fn bodies(transcript: &Transcript) -> Vec<Vec<u8>> {
    let seed = |(op, segment): (Option<&Op>, Vec<u8>)| {
        let streamed = matches!(op.map(command)?, 7 | 9 | 10 | 12..=15 | 21 | 22);
        let status = segment.iter().position(|octet| *octet == b'\n')? + 1;
        let (_, body) = segment.split_at_checked(status).filter(|_| streamed)?;
        Some([&[1, 0], body].concat())
    };
    segments(transcript).into_iter().filter_map(seed).collect()
}

fn challenges(transcript: &Transcript) -> Vec<u8> {
    let which = match method(transcript) {
        0 => 9,
        2 => 8,
        3 | 4 => 0,
        5 => 2,
        6 => 3,
        8 => 6,
        9 => 7,
        10 => 4,
        11 => 5,
        _ => 12,
    };
    let mut seed = vec![which];
    for (_, segment) in segments(transcript) {
        for line in segment.split_inclusive(|octet| *octet == b'\n') {
            let challenge = line.strip_prefix(b"+ ").map(<[u8]>::trim_ascii_end);
            if let Some(challenge) = challenge.and_then(|line| STANDARD.decode(line).ok()) {
                seed.extend([&challenge[..], b"\n"].concat());
            }
        }
    }
    seed
}

/// What the client says.
fn client(transcript: &Transcript) -> Vec<u8> {
    let mut script = Vec::new();
    for step in &transcript.steps {
        match &step.what {
            Step::Client(octets) => octets.iter().for_each(|octet| say(*octet, &mut script)),
            Step::Tls | Step::TlsWithBinding => script.push(0xe3),
            Step::Server(_) if script.last().is_some_and(|octet| *octet < 0x80) => {
                script.push(0xe9)
            }
            _ => {}
        }
    }
    script
}
