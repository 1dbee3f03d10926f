//! Writes the transcript of a recording: plays its inputs with the credentials that replace the
//! real ones, and writes what the connection does.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::driver::{Driver, Planned};
use super::player::Player;
use super::replay::{Feeding, LineEnds, Replay, Written};
use super::scram::Exchange;
use super::settings::describe;
use super::step::{Action, Step};
use super::transcript::{Only, Transcript};
use crate::config::Leniency;
use crate::inputs::{Done, Input, Tape};
use crate::operation::{Given, Operation};
use crate::time::Instant;

/// The clock of a transcript follows that of the session only if it is this much late, so that not
/// every step is preceded by a short wait.
const TICK: Duration = Duration::from_secs(1);

/// How much later a deadline may be in the transcript than in the session.
const SLACK: Duration = Duration::from_millis(10);

/// A longer transcript is only played with its segments as they are, because the other ways take
/// too long.
const SHORT: usize = 64 << 10;

/// From this number of iterations on, a login with SCRAM is only played once.
const SLOW: u32 = 1_000;

/// Returns the transcript of a recording.
pub(super) fn write(tape: &Tape) -> Transcript {
    let driver = Driver::new(tape.config.clone(), tape.channel);
    let mut writer = Writer {
        player: Player::new(driver, Feeding::Whole, LineEnds::AsWritten),
        written: Written::default(),
        tape,
        octets: tape.stream.octets(),
        parsed: 0,
        group: Vec::new(),
        scram: Exchange::default(),
        password: Vec::new(),
        slow: false,
        failed: None,
    };
    writer.write();
    let mut transcript = Transcript {
        comments: comments(tape),
        settings: describe(&tape.config, tape.channel),
        only: Vec::new(),
        steps: writer.written.finish(),
    };
    if let Some(why) = &writer.failed {
        let why = format!("The rest could not be recorded: {why}.");
        transcript.comments.push(why);
    }
    transcript.only = restrictions(&transcript, tape.config.leniency, writer.slow);
    transcript
}

fn comments(tape: &Tape) -> Vec<String> {
    let version = env!("CARGO_PKG_VERSION");
    let mut comments = alloc::vec![format!("A session, recorded by pop3-proto {version}.")];
    let replaced = match (tape.kept.names, tape.kept.messages) {
        (false, false) => Some("User names, secrets and messages are replaced."),
        (true, false) => Some("Secrets and messages are replaced."),
        (false, true) => Some("User names and secrets are replaced."),
        (true, true) => Some("Secrets are replaced."),
    };
    comments.extend(replaced.map(ToOwned::to_owned));
    if tape.full {
        comments.push("It is not complete: the recording reached its limit.".to_owned());
    }
    comments
}

/// Returns how the transcript can be played, so that it can be used as a test.
fn restrictions(transcript: &Transcript, leniency: Leniency, slow: bool) -> Vec<Only> {
    let mut only = Vec::new();
    let play = |replay: Replay| replay.run(transcript).is_ok();
    let under = |leniency| Replay::new().under(leniency);
    let whole = slow || transcript.server_octets() > SHORT;
    match leniency {
        Leniency::Strict => only.push(Only::Strict),
        Leniency::Lenient if whole || !play(under(Leniency::Strict)) => only.push(Only::Lenient),
        Leniency::Lenient => {}
    }
    let lf = under(leniency).with_line_ends(LineEnds::BareLf);
    let octets = transcript.server_octets();
    let cuts = (1..octets).step_by(octets / 8 + 1).map(Feeding::CutAt);
    let pieces = [Feeding::Octets].into_iter().chain(cuts);
    let in_pieces = |feeding| play(under(leniency).fed(feeding));
    if whole || !play(lf.clone()) || !play(lf.fed(Feeding::Octets)) {
        only.push(Only::CrLf);
    }
    if whole || !{ pieces }.all(in_pieces) {
        only.push(Only::Whole);
    }
    only
}

struct Writer<'t> {
    player: Player,
    written: Written,
    tape: &'t Tape,
    /// All octets from the server.
    octets: Vec<u8>,
    /// How many of them were played.
    parsed: usize,
    /// What the application did since the last other input.
    group: Vec<Step>,
    scram: Exchange,
    /// The password of the last login.
    password: Vec<u8>,
    slow: bool,
    /// Why the recording cannot be played further.
    failed: Option<String>,
}

impl Writer<'_> {
    fn write(&mut self) {
        let mut at = 0;
        while let Some((now, input)) = self.tape.inputs.get(at) {
            at += 1;
            match input {
                Input::Action { action, .. } => {
                    let action = self.action(action);
                    self.group.push(Step::Request(action));
                }
                Input::Polled { .. } | Input::Sent | Input::Cancelled => self.flush(None),
                Input::Received { segment, unsent } => {
                    at = self.segment(*now, *segment, *unsent, at);
                }
                other => {
                    let step = step(other);
                    self.flush(step.as_ref());
                    self.wait(*now, matches!(other, Input::TimedOut));
                    if let Some(step) = step {
                        self.play(&[step], Vec::new(), None);
                    }
                }
            }
            if self.failed.is_some() {
                return;
            }
        }
        self.flush(None);
    }

    fn action(&mut self, done: &Done) -> Action {
        match done {
            Done::Submit { operation, .. } => {
                if let Operation::Login(login) = operation {
                    if let Given::Password(_, password) = &login.credentials {
                        self.password.clone_from(password);
                    }
                    let bounds = &login.policy.iterations;
                    self.slow |= login.nonce.is_some() && *bounds.end() >= SLOW;
                }
                Action::Submit(operation.clone())
            }
            // The first request of a transcript is 1.
            Done::Abandon { first, last } => Action::Abandon {
                first: first + 1,
                last: last + 1,
            },
            Done::Token(Some(token)) => Action::Token(token.clone()),
            Done::Token(None) => Action::NoToken,
            Done::Exceeded(limit) => Action::Exceeded(*limit),
            Done::Panicked => Action::Panicked,
            Done::KeepAlive(interval) => Action::KeepAlive(*interval),
        }
    }

    /// Plays what the application did.
    fn flush(&mut self, next: Option<&Step>) {
        if !self.group.is_empty() {
            let group = core::mem::take(&mut self.group);
            self.play(&group, Vec::new(), next);
        }
    }

    /// Plays a segment, and what the application did while it was parsed. Returns the position of
    /// the next input.
    fn segment(&mut self, now: Instant, segment: usize, unsent: bool, after: usize) -> usize {
        let mut planned = Vec::new();
        if unsent {
            // The octets were received before these requests were sent.
            for step in core::mem::take(&mut self.group) {
                if let Step::Request(action) = step {
                    planned.push(Planned {
                        events: 0,
                        octets: 0,
                        action,
                    });
                }
            }
        }
        self.flush(None);
        self.wait(now, false);
        let (mut at, mut end) = (after, after);
        let (mut events, mut octets) = (0, 0);
        let mut open = None;
        while let Some((_, input)) = self.tape.inputs.get(at) {
            at += 1;
            match input {
                Input::Polled { body } => {
                    match body {
                        Some((id, length)) if open == Some(*id) => octets += length,
                        Some((_, length)) => (events, octets) = (events + 1, *length),
                        None => (events, octets) = (events + 1, 0),
                    }
                    open = body.map(|(id, _)| id);
                    end = at;
                }
                Input::Action { action, busy: true } => {
                    let action = self.action(action);
                    planned.push(Planned {
                        events,
                        octets,
                        action,
                    });
                    open = None;
                    end = at;
                }
                _ => break,
            }
        }
        let to = self.tape.stream.end(segment);
        self.replace_signatures(to, end);
        let octets = self.octets.get(self.parsed..to).unwrap_or_default();
        let lines = octets.split_inclusive(|octet| *octet == b'\n');
        let steps: Vec<Step> = lines.map(|line| Step::Server(line.to_vec())).collect();
        self.parsed = to.max(self.parsed);
        if steps.is_empty() {
            // The octets were not parsed, so nothing is known about secrets in them.
            self.group
                .extend(planned.into_iter().map(|it| Step::Request(it.action)));
        } else {
            self.play(&steps, planned, None);
        }
        end
    }

    /// Replaces the signatures of SCRAM in the lines that begin before this position.
    fn replace_signatures(&mut self, to: usize, next: usize) {
        let mut start = self.parsed;
        let before = self.octets.get(..start).unwrap_or_default();
        if !matches!(before, [] | [.., b'\n']) {
            // The line began in an earlier segment.
            start = self.line_end(start);
        }
        while start < to {
            let end = self.line_end(start);
            let rest = self.tape.inputs.get(next..).unwrap_or_default();
            let answer = rest
                .iter()
                .find(|(_, input)| matches!(input, Input::Sent | Input::Cancelled));
            let accepted = matches!(answer, Some((_, Input::Sent)));
            if let Some(line) = self.octets.get_mut(start..end)
                && let Some(own) = self.scram.received(line, &self.password, accepted)
                && own.len() == line.len()
            {
                line.copy_from_slice(&own);
            }
            start = end;
        }
    }

    fn line_end(&self, start: usize) -> usize {
        let rest = self.octets.get(start..).unwrap_or_default();
        let found = memchr::memchr(b'\n', rest);
        found.map_or(self.octets.len(), |found| start + found + 1)
    }

    /// Lets the clock of the transcript follow that of the session. `exactly`: a deadline passed.
    fn wait(&mut self, now: Instant, exactly: bool) {
        let target = Instant::ORIGIN + now.duration_since(self.tape.start);
        let driver = &self.player.driver;
        let due = driver.connection.poll_timeout();
        let late = target.duration_since(driver.now);
        let span = if exactly {
            let due = due.map(|due| due.duration_since(driver.now));
            // The deadline may be a little later here, because the clock was late before.
            let due = due.filter(|due| *due > late && *due - late < SLACK + TICK);
            rounded(due.unwrap_or(late), true)
        } else if late < TICK {
            return;
        } else {
            let limit = due
                .map(|due| due.duration_since(driver.now))
                .filter(|due| !due.is_zero() && *due <= late);
            let before = limit.map(|due| due.saturating_sub(Duration::from_millis(1)));
            rounded(before.unwrap_or(late), false)
        };
        if !span.is_zero() || exactly {
            self.play(&[Step::Wait(span)], Vec::new(), None);
        }
    }

    fn play(&mut self, steps: &[Step], planned: Vec<Planned>, next: Option<&Step>) {
        let block: Vec<&Step> = steps.iter().collect();
        self.written.separate(&self.player, &block);
        if let Err(what) = self.player.play(&block, planned, next) {
            self.failed = Some(format!("{what}"));
            return;
        }
        self.written.append(steps.to_vec());
        let did = self.player.take_steps();
        for step in &did {
            if let Step::Client(line) = step {
                self.scram.sent(line);
            }
        }
        self.written.append(did);
    }
}

/// Returns the step for an input that is not of the application and has no octets.
fn step(input: &Input) -> Option<Step> {
    Some(match input {
        Input::EndOfFile => Step::EndOfFile,
        Input::ReadFails(kind) => Step::ReadFails(*kind),
        Input::WriteFails(kind) => Step::WriteFails(*kind),
        Input::Tls { exporter: true, .. } => Step::TlsWithBinding,
        Input::Tls {
            end_point: true, ..
        } => Step::TlsWithEndPoint,
        Input::Tls { .. } => Step::Tls,
        Input::TlsFails(kind) => Step::TlsFails(*kind),
        _ => return None,
    })
}

/// Rounds to milliseconds.
fn rounded(span: Duration, up: bool) -> Duration {
    let rest = Duration::from_nanos(u64::from(span.subsec_nanos() % 1_000_000));
    let down = span.saturating_sub(rest);
    if up && !rest.is_zero() {
        down + Duration::from_millis(1)
    } else {
        down
    }
}
