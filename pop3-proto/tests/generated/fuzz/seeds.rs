//! Seeds for the fuzz targets, derived from the transcripts. The seeds of the clients and of TLS
//! are in other modules.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{plans, tls_seeds};
use pop3_proto::record::{Action, Operation as Op, Step, Transcript};
use pop3_testkit::fuzz::HIGH;
use pop3_testkit::transcripts::transcripts;

/// A name that includes the source of the seed, and its octets.
pub(crate) type Seed = (String, Vec<u8>);

/// Returns the seeds of each target.
pub(crate) fn all() -> BTreeMap<&'static str, Vec<Seed>> {
    let mut all: BTreeMap<&'static str, Vec<Seed>> = BTreeMap::new();
    let plans = plans::all().into_iter();
    let plans: Vec<Seed> = plans.map(|(name, plan)| (name, plan.encode())).collect();
    all.insert("async_client", plans.clone());
    all.insert("blocking_client", plans);
    all.insert("tls", tls_seeds::all());
    all.insert("sync_ledger", ledgers());
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

/// Returns ledgers without checksums, which the target adds: each line alone, and the first lines.
fn ledgers() -> Vec<Seed> {
    let text = include_str!("../../protocol/ledger.txt");
    let lines = text
        .lines()
        .skip(1)
        .filter_map(|line| line.rsplit_once(' '));
    let lines: Vec<_> = lines.map(|(fields, _)| fields).collect();
    let seed = |name: &str, lines: &[&str]| {
        let text = format!("\u{7}{}", lines.join("\n"));
        (name.to_owned(), text.into_bytes())
    };
    let mut seeds = Vec::new();
    let mut first = Vec::new();
    for (at, line) in lines.into_iter().enumerate() {
        first.push(line);
        seeds.push(seed(&format!("line-{at}"), &[line]));
        seeds.push(seed(&format!("first-{at}"), &first));
    }
    seeds
}

fn of(transcript: &Transcript) -> [(&'static str, Vec<Vec<u8>>); 7] {
    let script = script(transcript);
    let with = |head: &[u8], script: &[u8]| [head, script].concat();
    let bits = setup(transcript);
    let spoken = without_requests(&script);
    let mut login = vec![with(&[bits, method(transcript)], &spoken)];
    // A server that sends nothing is useful neither for a login nor for a session.
    login.retain(|_| spoken.iter().any(|octet| *octet < 0x80));
    let mut server = vec![with(&[1, 0], &client(transcript))];
    server.retain(|script| script.contains(&b'\n'));
    [
        ("connection", vec![with(&[bits, cut(&script)], &script)]),
        ("operations", vec![with(&[bits], &operations(&script))]),
        ("login", login),
        ("replies", replies(transcript)),
        ("unstuffing", bodies(transcript)),
        ("sasl", challenges(transcript)),
        ("server", server),
    ]
}

/// Returns how the conversation is partitioned: not at all, or in pieces. Seeds need both kinds.
fn cut(script: &[u8]) -> u8 {
    if script.len().is_multiple_of(2) {
        0x80
    } else {
        6
    }
}

/// Returns the setup octet that is closest to the settings of the transcript.
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

/// Encodes the conversation in the format that the targets read.
pub(crate) fn script(transcript: &Transcript) -> Vec<u8> {
    let mut script = Vec::new();
    let mut spoke = false;
    for step in &transcript.steps {
        let speaks = matches!(step.step, Step::Server(_));
        // Adjacent lines form one segment.
        if speaks && !spoke && script.last().is_some_and(|octet| *octet < 0x80) {
            script.push(0xe9);
        }
        spoke = speaks;
        match &step.step {
            Step::Server(octets) => octets.iter().for_each(|octet| say(*octet, &mut script)),
            Step::Request(action) | Step::Meanwhile(action) => script.push(match action {
                Action::Submit(op) => 0x80 + command(op),
                Action::Abandon { .. } => 0xae,
                _ => 0xaf,
            }),
            Step::EndOfFile => script.push(0xe0),
            Step::ReadFails(_) => script.push(0xe1),
            Step::WriteFails(_) => script.push(0xe2),
            Step::Tls => script.push(0xe3),
            Step::TlsWithBinding | Step::TlsWithEndPoint => script.push(0xe4),
            Step::TlsFails(_) => script.push(0xe5),
            Step::Wait(span) => {
                script.push(0xb0 + u8::try_from(span.as_secs() / 15).unwrap_or(15).min(15))
            }
            _ => {}
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

/// Returns the number of a command in `fuzz/src/commands.rs`.
fn command(op: &Op) -> u8 {
    match op {
        Op::Capa | Op::AuthMechanisms => 0,
        Op::Capabilities => 1,
        Op::StartTls => 2,
        Op::User(_) => 3,
        Op::Pass(_) => 4,
        Op::Apop(..) => 5,
        Op::Stat => 6,
        Op::List | Op::ListSalvaged => 7,
        Op::ListOne(_) => 8,
        Op::ListStreamed => 9,
        Op::Uidl | Op::UidlSalvaged => 10,
        Op::UidlOne(_) => 11,
        Op::UidlStreamed => 12,
        Op::Retr(1) => 13,
        Op::Retr(_) => 14,
        Op::Top(..) => 15,
        Op::Dele(_) => 16,
        Op::Noop => 17,
        Op::Rset => 18,
        Op::Quit => 19,
        // Raw commands with replies of the same shape.
        Op::Short(_) | Op::Utf8 | Op::SetLang(_) => 20,
        Op::Long(_) | Op::Lang => 21,
        Op::LongStreamed(_) => 22,
        Op::Login(_) => 24,
        Op::Confirm(_) => 25,
        // A later operation, which the targets do not have.
        _ => 17,
    }
}

/// Returns the script in which all events are polled and all pending octets are sent after every
/// octet.
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

/// Returns the script without the application's requests.
fn without_requests(script: &[u8]) -> Vec<u8> {
    let asks = |octet: &u8| !(0x80..0xa0).contains(octet);
    script.iter().copied().filter(asks).collect()
}

/// Returns the number of the transcript's login in `fuzz/src/login.rs`.
fn method(transcript: &Transcript) -> u8 {
    let lines = |step: &Step| match step {
        Step::Client(octets) => Some(String::from_utf8_lossy(octets).into_owned()),
        _ => None,
    };
    let lines: Vec<String> = transcript
        .steps
        .iter()
        .filter_map(|step| lines(&step.step))
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

/// Returns each run of server octets and the first command that it answers; the greeting answers
/// none.
fn segments(transcript: &Transcript) -> Vec<(Option<String>, Vec<u8>)> {
    let mut segments: Vec<(Option<String>, Vec<u8>)> = Vec::new();
    let (mut command, mut open) = (None, false);
    for step in &transcript.steps {
        match &step.step {
            Step::Client(octets) if open || command.is_none() => {
                command = Some(String::from_utf8_lossy(octets).trim_end().to_owned());
            }
            Step::Server(octets) => match segments.last_mut().filter(|_| open) {
                Some((_, segment)) => segment.extend_from_slice(octets),
                None => segments.push((command.clone(), octets.clone())),
            },
            _ => {}
        }
        open = matches!(step.step, Step::Server(_)) || open && !is_client(&step.step);
    }
    segments
}

fn is_client(step: &Step) -> bool {
    matches!(step, Step::Client(_))
}

/// Returns whether lines follow `+OK` to this command.
fn is_multi_line(command: &str) -> bool {
    let alone = matches!(command, "CAPA" | "LIST" | "UIDL" | "XTND LOG");
    alone || command.starts_with("RETR ") || command.starts_with("TOP ")
}

/// Returns the lines of a complete multi-line reply, with their terminator.
fn multi_line(reply: &[u8]) -> Option<&[u8]> {
    let status = reply.iter().position(|octet| *octet == b'\n')? + 1;
    let (line, lines) = reply.split_at(status);
    // The servers of the targets end their lines with CRLF.
    let ended = lines.ends_with(b"\n.\r\n") || lines == b".\r\n";
    (line.starts_with(b"+OK") && ended).then_some(lines)
}

fn replies(transcript: &Transcript) -> Vec<Vec<u8>> {
    let seed = |(command, segment): (Option<String>, Vec<u8>)| {
        let command = command.unwrap_or_default();
        let (verb, argument) = command.split_once(' ').unwrap_or((&command, ""));
        let which = match (verb, argument.is_empty()) {
            ("", _) => 0,
            ("CAPA", _) => 1,
            ("STAT", _) => 2,
            ("LIST", true) => 3,
            ("LIST", false) => 4,
            ("UIDL", true) => 5,
            ("UIDL", false) => 6,
            ("DELE", _) => 7,
            ("QUIT", _) => 8,
            ("XTND", _) if is_multi_line(&command) => 9,
            _ => return None,
        };
        let refused = segment.starts_with(b"-ERR") && segment.ends_with(b"\n");
        let whole = if is_multi_line(&command) {
            refused || multi_line(&segment).is_some()
        } else {
            segment.ends_with(b"\n")
        };
        whole.then(|| [&[0, which], &segment[..]].concat())
    };
    segments(transcript).into_iter().filter_map(seed).collect()
}

fn bodies(transcript: &Transcript) -> Vec<Vec<u8>> {
    let seed = |(command, segment): (Option<String>, Vec<u8>)| {
        let lines = multi_line(&segment).filter(|_| command.is_some_and(|it| is_multi_line(&it)));
        Some([&[1, 0], lines?].concat())
    };
    segments(transcript).into_iter().filter_map(seed).collect()
}

/// Returns what the server sends in a SASL exchange, if there is one.
fn challenges(transcript: &Transcript) -> Vec<Vec<u8>> {
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
        1 => 12,
        _ => return Vec::new(),
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
    if seed.len() > 1 {
        vec![seed]
    } else {
        Vec::new()
    }
}

/// Returns what the client sends.
fn client(transcript: &Transcript) -> Vec<u8> {
    let mut script = Vec::new();
    for step in &transcript.steps {
        match &step.step {
            Step::Client(octets) => octets.iter().for_each(|octet| say(*octet, &mut script)),
            Step::Tls | Step::TlsWithBinding | Step::TlsWithEndPoint => script.push(0xe3),
            Step::Server(_) if script.last().is_some_and(|octet| *octet < 0x80) => {
                script.push(0xe9)
            }
            _ => {}
        }
    }
    script
}
