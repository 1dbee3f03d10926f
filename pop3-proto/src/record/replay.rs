//! Replays transcripts: compares what the connection does with what the transcript contains.

use alloc::string::String;
use alloc::vec::Vec;

use super::deviation::{Deviation, Difference};
use super::driver::{Driver, Planned};
use super::player::{Player, separator, state};
use super::settings::configure;
use super::step::Step;
use super::surplus::is_late_surplus;
use super::transcript::{Line, Only, Transcript};
use crate::config::Leniency;
use crate::connection::Connection;
use crate::error::Error;
use crate::event::Event;

/// How the server's octets are split into segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Feeding {
    /// Consecutive `S:` lines are received in one segment.
    #[default]
    Whole,
    /// One octet at a time, also for the octets that the client sends.
    Octets,
    /// In two pieces, cut before this octet of all octets that the server sends.
    CutAt(usize),
}

/// The line ends that the server uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LineEnds {
    /// Those of the transcript.
    #[default]
    AsWritten,
    /// A bare LF instead of each CR LF.
    BareLf,
}

/// Replays transcripts without a network: creates a connection, passes to it what a transcript
/// contains, and compares what it does.
///
/// A replay is deterministic. It needs no clock: `! wait` lines advance the time.
///
/// ```
/// use pop3_proto::record::{Feeding, Replay, Transcript};
///
/// let transcript: Transcript = "\
/// S: +OK ready
/// = greeting: \"ready\"
/// ! wait 1
/// S: -ERR idle for too long
/// ! eof
/// = closed: closed UnsolicitedErr \"idle for too long\"
/// "
/// .parse()?;
///
/// let replayed = Replay::new().fed(Feeding::Octets).run(&transcript)?;
/// assert_eq!(replayed.events.len(), 2);
/// assert!(replayed.connection.error().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Replay {
    leniency: Option<Leniency>,
    feeding: Feeding,
    line_ends: LineEnds,
}

/// The result of a replay.
#[derive(Debug)]
#[non_exhaustive]
pub struct Replayed {
    /// The connection at the end.
    pub connection: Connection,
    /// All events, in order. The adjacent chunks of a body are one event.
    pub events: Vec<Event>,
    /// All octets that were sent.
    pub sent: Vec<u8>,
    /// All octets that were received.
    pub received: Vec<u8>,
    /// The inputs of the transcript, and what the connection did.
    pub transcript: Transcript,
}

impl Replayed {
    /// Returns the fatal error of the session, if there was one.
    pub fn error(&self) -> Option<&Error> {
        self.connection.error()
    }
}

/// Replays a transcript as it is written, under the leniency for which it was written.
///
/// # Errors
///
/// The first [`Deviation`].
pub fn replay(transcript: &Transcript) -> Result<Replayed, Deviation> {
    Replay::new().run(transcript)
}

impl Replay {
    /// Creates a replay of transcripts as they are written.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the leniency. By default it is [`Leniency::Lenient`], unless the transcript has
    /// [`Only::Strict`].
    #[must_use]
    pub fn under(mut self, leniency: Leniency) -> Self {
        self.leniency = Some(leniency);
        self
    }

    /// Sets how the server's octets are split into segments.
    #[must_use]
    pub fn fed(mut self, feeding: Feeding) -> Self {
        self.feeding = feeding;
        self
    }

    /// Sets the line ends of the server.
    #[must_use]
    pub fn with_line_ends(mut self, line_ends: LineEnds) -> Self {
        self.line_ends = line_ends;
        self
    }

    fn leniency_for(&self, transcript: &Transcript) -> Leniency {
        self.leniency
            .unwrap_or(if transcript.is_only(Only::Strict) {
                Leniency::Strict
            } else {
                Leniency::Lenient
            })
    }

    fn player(&self, transcript: &Transcript) -> Result<Player, Deviation> {
        let leniency = self.leniency_for(transcript);
        let (config, channel) = configure(&transcript.settings, leniency).map_err(|problem| {
            let what = Difference::Setting(problem);
            Deviation { line: None, what }
        })?;
        let driver = Driver::new(config, channel);
        Ok(Player::new(driver, self.feeding, self.line_ends))
    }

    fn lines<'t>(&self, transcript: &'t Transcript) -> Vec<&'t Line> {
        let leniency = self.leniency_for(transcript);
        let applies = |line: &&Line| line.under.is_none_or(|under| under == leniency);
        transcript.steps.iter().filter(applies).collect()
    }

    /// Replays a transcript.
    ///
    /// # Errors
    ///
    /// The first [`Deviation`].
    pub fn run(&self, transcript: &Transcript) -> Result<Replayed, Deviation> {
        self.run_with(transcript, |_| {})
    }

    /// Replays a transcript with a connection that this function prepares, for example with an
    /// [`Observer`](crate::observe::Observer).
    ///
    /// # Errors
    ///
    /// The first [`Deviation`].
    pub fn run_with(
        &self,
        transcript: &Transcript,
        prepare: impl FnOnce(&mut Connection),
    ) -> Result<Replayed, Deviation> {
        let mut player = self.player(transcript)?;
        prepare(&mut player.driver.connection);
        let lines = self.lines(transcript);
        let mut rest = lines.as_slice();
        while let Some((first, block, following)) = next_block(rest) {
            let number = (first.number > 0).then_some(first.number);
            let steps: Vec<&Step> = block.iter().map(|line| &line.step).collect();
            let checked = match &first.step {
                Step::Client(_) => player.client_sent(&steps),
                Step::Reported(_) => player.was_reported(&steps),
                Step::State { .. } => steps.iter().try_for_each(|step| player.has_state(step)),
                Step::Meanwhile(_) => Ok(()),
                Step::Server(_) | Step::Request(_) => {
                    let next = following.first().map(|line| &line.step);
                    player
                        .nothing_left()
                        .and_then(|()| player.play(&steps, planned(following), next))
                }
                // There is nothing to check before other inputs.
                _ => player.play(&steps, Vec::new(), None),
            };
            checked.map_err(|what| Deviation { line: number, what })?;
            rest = following;
        }
        let left = player.nothing_left();
        left.map_err(|what| Deviation { line: None, what })?;
        let mut replayed = Replayed::of(player);
        replayed.transcript = transcript.clone();
        Ok(replayed)
    }

    /// Plays the inputs of a transcript, and returns the transcript with what the connection did:
    /// the `C:` and `=` lines are written anew, the `?` lines and what applies only under another
    /// leniency are left out.
    ///
    /// # Errors
    ///
    /// A [`Deviation`] if the inputs are impossible, such as a TLS handshake where none is due.
    pub fn observe(&self, transcript: &Transcript) -> Result<Replayed, Deviation> {
        self.observe_with(transcript, |_| {})
    }

    /// Plays the inputs of a transcript with a connection that this function prepares.
    ///
    /// # Errors
    ///
    /// As for [`observe`](Replay::observe).
    pub fn observe_with(
        &self,
        transcript: &Transcript,
        prepare: impl FnOnce(&mut Connection),
    ) -> Result<Replayed, Deviation> {
        let mut player = self.player(transcript)?;
        prepare(&mut player.driver.connection);
        let lines = self.lines(transcript);
        let mut written = Written::default();
        let mut rest = lines.as_slice();
        while let Some((first, block, following)) = next_block(rest) {
            rest = following;
            if !first.step.is_input() || matches!(first.step, Step::Meanwhile(_)) {
                continue;
            }
            let number = (first.number > 0).then_some(first.number);
            let steps: Vec<&Step> = block.iter().map(|line| &line.step).collect();
            let next = following.first().map(|line| &line.step);
            written.separate(&player, &steps);
            let played = player.play(&steps, planned(following), next);
            played.map_err(|what| Deviation { line: number, what })?;
            written.append(steps.into_iter().cloned().collect());
            written.append(player.take_steps());
        }
        let mut replayed = Replayed::of(player);
        replayed.transcript = Transcript {
            comments: transcript.comments.clone(),
            settings: transcript.settings.clone(),
            only: transcript.only.clone(),
            steps: written.finish(),
        };
        Ok(replayed)
    }
}

impl Replayed {
    pub(super) fn of(mut player: Player) -> Self {
        player.look();
        Self {
            connection: player.driver.connection,
            events: player.events,
            sent: player.sent,
            received: player.received,
            transcript: Transcript::default(),
        }
    }
}

/// The steps that are written during an observation.
#[derive(Debug, Default)]
pub(super) struct Written {
    steps: Vec<Step>,
}

impl Written {
    /// Separates adjacent inputs from those before them, if these are of the same kind and would
    /// otherwise be played together.
    pub(super) fn separate(&mut self, player: &Player, block: &[&Step]) {
        let kinds = self.steps.last().zip(block.first());
        let same = kinds.is_some_and(|(last, first)| {
            core::mem::discriminant(last) == core::mem::discriminant(*first)
        });
        if same {
            self.steps.push(separator(&player.driver));
        }
    }

    pub(super) fn append(&mut self, steps: Vec<Step>) {
        self.steps.extend(steps);
    }

    pub(super) fn finish(self) -> Vec<Line> {
        self.steps.into_iter().map(Line::from).collect()
    }
}

/// Returns the first line, the adjacent lines of its kind, and the rest.
fn next_block<'a, 't>(lines: &'a [&'t Line]) -> Option<(&'t Line, &'a [&'t Line], &'a [&'t Line])> {
    let first = *lines.first()?;
    let same =
        |line: &&&Line| core::mem::discriminant(&line.step) == core::mem::discriminant(&first.step);
    let together = lines.iter().take_while(same).count();
    let (block, rest) = lines.split_at_checked(together)?;
    Some((first, block, rest))
}

/// Returns what the application does while the segment before these lines is parsed.
fn planned(following: &[&Line]) -> Vec<Planned> {
    let mut planned = Vec::new();
    let (mut events, mut octets) = (0, 0);
    for line in following {
        match &line.step {
            Step::Reported(text) => {
                events += 1;
                octets = body_octets(text);
            }
            Step::Meanwhile(action) => planned.push(Planned {
                events,
                octets,
                action: action.clone(),
            }),
            step if step.is_input() => break,
            _ => {}
        }
    }
    planned
}

/// Returns how many octets the chunk of a body has in this event; 0 if it is another event.
fn body_octets(text: &str) -> usize {
    let Some((_, quoted)) = text.split_once(": body \"") else {
        return 0;
    };
    let mut octets = 0;
    let mut rest = quoted.strip_suffix('"').unwrap_or(quoted).chars();
    while let Some(c) = rest.next() {
        if c == '\\' && rest.next() == Some('x') {
            rest.nth(1);
        }
        octets += 1;
    }
    octets
}

impl Player {
    /// Checks that the client sent exactly these lines, and in one batch if nothing is cut.
    fn client_sent(&mut self, block: &[&Step]) -> Result<(), Difference> {
        let expected: Vec<&[u8]> = block
            .iter()
            .filter_map(|step| match step {
                Step::Client(octets) => Some(octets.as_slice()),
                _ => None,
            })
            .collect();
        let expected = expected.concat();
        let whole = self.feeding == Feeding::Whole;
        let first = if whole {
            self.batches.pop_front()
        } else {
            None
        };
        let sent = match first {
            Some(batch) => batch,
            None => self.batches.drain(..).flatten().collect(),
        };
        if sent == expected {
            return Ok(());
        }
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Err(Difference::Sent {
            expected: text(&expected),
            got: text(&sent),
        })
    }

    fn was_reported(&mut self, block: &[&Step]) -> Result<(), Difference> {
        if self.feeding != Feeding::Whole && self.is_late_surplus(block) {
            self.reported.clear();
            return Ok(());
        }
        for expected in block.iter().filter_map(|step| step.reported()) {
            let got = self.reported.pop_front();
            let same = match (&got, self.line_ends) {
                (Some(got), LineEnds::AsWritten) => got == expected,
                // Bodies keep the line ends that the server sent.
                (Some(got), LineEnds::BareLf) => with_lf(got) == with_lf(expected),
                (None, _) => false,
            };
            if !same {
                let expected = expected.into();
                return Err(Difference::Reported { expected, got });
            }
        }
        Ok(())
    }

    /// Returns whether the only difference is that a reply ended successfully, because the octets
    /// after it were received later. If they are received together with the reply, the reply fails.
    fn is_late_surplus(&self, block: &[&Step]) -> bool {
        let lf = |event: &str| match self.line_ends {
            LineEnds::AsWritten => event.into(),
            LineEnds::BareLf => with_lf(event),
        };
        let expected = block.iter().filter_map(|step| step.reported());
        let expected: Vec<String> = expected.map(lf).collect();
        let reported: Vec<String> = self.reported.iter().map(|event| lf(event)).collect();
        is_late_surplus(&expected, &reported)
    }

    fn has_state(&self, step: &Step) -> Result<(), Difference> {
        let Step::State { what, how } = step else {
            return Ok(());
        };
        let got = state(&self.driver, what).unwrap_or_default();
        if got == *how {
            return Ok(());
        }
        Err(Difference::State {
            what: what.clone(),
            expected: how.clone(),
            got,
        })
    }
}

fn with_lf(event: &str) -> String {
    event.replace("\\r\\n", "\\n")
}

impl Step {
    fn reported(&self) -> Option<&str> {
        match self {
            Self::Reported(event) => Some(event),
            _ => None,
        }
    }
}
