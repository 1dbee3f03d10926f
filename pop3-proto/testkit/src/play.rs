//! Plays a transcript with the state machine.

use core::time::Duration;

use pop3_proto::{
    Channel, Config,
    config::{CapaPolicy, InitialResponse, Leniency, LfDot, Pipelining, StlsPolicy, Utf8Policy},
};

use crate::conversation::Conversation;
use crate::observed::Records;
use crate::render;
use crate::surplus::is_late_surplus;
use crate::transcript::{Setting, Step, Transcript};

/// How the server's octets are split into segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feeding {
    /// Consecutive `S:` lines are received in one segment.
    Whole,
    /// One octet at a time, also for the octets that the client sends.
    Octets,
    /// In two pieces, cut before this octet of all octets that the server sends.
    CutAt(usize),
}

/// The line ends that the server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnds {
    AsWritten,
    BareLf,
}

/// Plays a transcript. An error contains the line at which the client deviated from it.
pub fn play(
    transcript: &Transcript,
    leniency: Leniency,
    line_ends: LineEnds,
    feeding: Feeding,
) -> Result<(), String> {
    play_observed(transcript, leniency, line_ends, feeding, None).map(drop)
}

/// The octets of a transcript that was played.
#[derive(Debug, Default)]
pub struct Octets {
    pub sent: Vec<u8>,
    pub received: Vec<u8>,
}

/// Plays a transcript with an observer.
pub fn play_observed(
    transcript: &Transcript,
    leniency: Leniency,
    line_ends: LineEnds,
    feeding: Feeding,
    records: Option<&Records>,
) -> Result<Octets, String> {
    let (config, channel) = configure(&transcript.settings, leniency)?;
    let mut player = Player {
        client: Conversation::new(config, channel),
        feeding,
        line_ends,
        reported: Vec::new(),
        batches: Vec::new(),
        received: Vec::new(),
    };
    if let Some(records) = records {
        let observer = Box::new(records.clone());
        player.client.connection.set_observer(observer);
    }
    player.client.trickle = feeding == Feeding::Octets;
    let name = if leniency == Leniency::Strict {
        "strict"
    } else {
        "lenient"
    };
    let steps: Vec<_> = transcript
        .steps
        .iter()
        .filter(|step| step.under.as_ref().is_none_or(|under| under == name))
        .collect();
    let mut rest = steps.as_slice();
    while let Some(first) = rest.first() {
        // Play consecutive steps of one kind together.
        let same =
            |step: &Step| core::mem::discriminant(step) == core::mem::discriminant(&first.what);
        let together = rest.iter().take_while(|step| same(&step.what)).count();
        let (block, following) = rest.split_at(together);
        let block: Vec<&Step> = block.iter().map(|step| &step.what).collect();
        player
            .act(&block)
            .map_err(|what| format!("line {}, {feeding:?}: {what}", first.line))?;
        rest = following;
    }
    player
        .nothing_left()
        .map_err(|what| format!("at the end, {feeding:?}: {what}"))?;
    if player.client.connection.phase() == pop3_proto::Phase::Closed {
        player.client.assert_over();
    }
    Ok(Octets {
        sent: player.client.transmitted,
        received: player.received,
    })
}

#[derive(Debug)]
struct Player {
    client: Conversation,
    feeding: Feeding,
    line_ends: LineEnds,
    reported: Vec<String>,
    batches: Vec<String>,
    /// All octets that the server has sent.
    received: Vec<u8>,
}

impl Player {
    fn act(&mut self, block: &[&Step]) -> Result<(), String> {
        match block.first() {
            Some(Step::Client(_)) => return self.client_sent(block),
            Some(Step::Reported(_)) => return self.was_reported(block),
            Some(Step::State { .. }) => {
                return block.iter().try_for_each(|step| self.has_state(step));
            }
            Some(Step::Server(_) | Step::Ask { .. }) => self.nothing_left()?,
            // There is nothing to check before other steps.
            _ => {}
        }
        if let Some(Step::Server(_)) = block.first() {
            let octets: Vec<u8> = block
                .iter()
                .filter_map(|step| match step {
                    Step::Server(octets) => Some(octets.as_slice()),
                    _ => None,
                })
                .collect::<Vec<_>>()
                .concat();
            self.server(&octets);
            return self.look();
        }
        for step in block {
            match step {
                Step::Ask { op, label } => self.client.ask_op(op, label),
                Step::Abandon => self.client.abandon(),
                Step::EndOfFile => self.client.eof(),
                Step::Reset => self.client.reset(),
                Step::WriteFails => self.client.write_fails(),
                Step::Tls => self.client.tls(),
                Step::TlsWithBinding => self.client.tls_with_binding(),
                Step::TlsFails => self.client.tls_fails(),
                Step::Wait(seconds) => self.client.wait(*seconds),
                Step::Server(_) | Step::Client(_) | Step::Reported(_) | Step::State { .. } => {}
            }
        }
        self.look()
    }

    fn server(&mut self, octets: &[u8]) {
        let lf_only;
        let octets = match self.line_ends {
            LineEnds::AsWritten => octets,
            LineEnds::BareLf => {
                lf_only = without_cr(octets);
                &lf_only
            }
        };
        let cut = match self.feeding {
            Feeding::CutAt(position) => position.checked_sub(self.received.len()),
            Feeding::Whole | Feeding::Octets => None,
        };
        self.received.extend_from_slice(octets);
        match cut.and_then(|cut| octets.split_at_checked(cut)) {
            Some((head, tail)) => {
                self.client.server(head);
                self.client.server(tail);
            }
            None => self.client.server(octets),
        }
    }

    fn look(&mut self) -> Result<(), String> {
        let bare_lf = self.line_ends == LineEnds::BareLf;
        self.reported.extend(
            self.client
                .reported()
                .into_iter()
                .filter(|event| !bare_lf || event != "quirk BareLineFeed"),
        );
        self.batches.extend(self.client.batches());
        Ok(())
    }

    /// Checks that the client sent exactly these lines, and in one batch if nothing is cut.
    fn client_sent(&mut self, block: &[&Step]) -> Result<(), String> {
        let expected: Vec<u8> = block
            .iter()
            .filter_map(|step| match step {
                Step::Client(octets) => Some(octets.as_slice()),
                _ => None,
            })
            .collect::<Vec<_>>()
            .concat();
        let expected = String::from_utf8_lossy(&expected).into_owned();
        let sent = if self.feeding == Feeding::Whole && !self.batches.is_empty() {
            self.batches.remove(0)
        } else {
            core::mem::take(&mut self.batches).concat()
        };
        same(&sent, &expected)
    }

    fn was_reported(&mut self, block: &[&Step]) -> Result<(), String> {
        if self.feeding != Feeding::Whole && self.is_late_surplus(block) {
            self.reported.clear();
            return Ok(());
        }
        for step in block {
            let Step::Reported(expected) = step else {
                continue;
            };
            if self.reported.is_empty() {
                return Err(format!("not reported: {expected}"));
            }
            let reported = self.reported.remove(0);
            match self.line_ends {
                LineEnds::AsWritten => same(&reported, expected)?,
                // Bodies keep the line ends that the server sent.
                LineEnds::BareLf => same(
                    &reported.replace("\\r\\n", "\\n"),
                    &expected.replace("\\r\\n", "\\n"),
                )?,
            }
        }
        Ok(())
    }

    /// Returns whether the only difference is that a reply ended successfully, because the octets
    /// after it were received later. If they are received together with the reply, the reply fails.
    fn is_late_surplus(&self, block: &[&Step]) -> bool {
        let lf = |event: &str| match self.line_ends {
            LineEnds::AsWritten => event.to_owned(),
            LineEnds::BareLf => event.replace("\\r\\n", "\\n"),
        };
        let expected = block.iter().filter_map(|step| match step {
            Step::Reported(expected) => Some(lf(expected)),
            _ => None,
        });
        let expected: Vec<_> = expected.collect();
        let reported: Vec<_> = self.reported.iter().map(|event| lf(event)).collect();
        is_late_surplus(&expected, &reported)
    }

    fn has_state(&self, step: &Step) -> Result<(), String> {
        let Step::State { what, how } = step else {
            return Ok(());
        };
        let state = render::state(&self.client.connection, what)?;
        same(&state, how)
    }

    fn nothing_left(&mut self) -> Result<(), String> {
        match (self.reported.first(), self.batches.first()) {
            (None, None) => Ok(()),
            (Some(event), _) => Err(format!("also reported: {event}")),
            (None, Some(batch)) => Err(format!("also sent: {batch:?}")),
        }
    }
}

fn same(got: &str, expected: &str) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    Err(format!("\n  expected {expected:?}\n  got      {got:?}"))
}

/// Returns the number of octets that the server sends.
pub fn octets_of_server(transcript: &Transcript) -> usize {
    transcript
        .steps
        .iter()
        .map(|step| match &step.what {
            Step::Server(octets) => octets.len(),
            _ => 0,
        })
        .sum()
}

fn without_cr(octets: &[u8]) -> Vec<u8> {
    let mut rest = octets.iter().peekable();
    let mut kept = Vec::new();
    while let Some(octet) = rest.next() {
        if *octet != b'\r' || rest.peek() != Some(&&b'\n') {
            kept.push(*octet);
        }
    }
    kept
}

/// Returns the settings that the head of a transcript names.
pub(crate) fn configure(
    settings: &[Setting],
    leniency: Leniency,
) -> Result<(Config, Channel), String> {
    let mut config = Config::default();
    config.leniency = leniency;
    let mut channel = Channel::Plain;
    for Setting { name, value } in settings {
        let number = || {
            value
                .parse::<usize>()
                .map_err(|_| format!("not a number: {name} {value}"))
        };
        match (name.as_str(), value.as_str()) {
            ("channel", "plain") => channel = Channel::Plain,
            ("channel", "implicit-tls") => channel = Channel::ImplicitTls,
            ("channel", "trusted") => channel = Channel::TrustedByCaller,
            ("allow-insecure-login", "") => config.allow_insecure_login = true,
            ("stls", "off") => config.stls = StlsPolicy::Off,
            ("utf8", "") => config.utf8 = Utf8Policy::Auto,
            ("capa", "never") => config.capa = CapaPolicy::Never,
            ("initial-response", "never") => {
                config.initial_response = InitialResponse::Never;
            }
            ("lf-dot", "ends-reply") => config.lf_dot = LfDot::EndsReply,
            ("pipelining", "always") => config.pipelining = Pipelining::Always,
            ("pipelining", "never") => config.pipelining = Pipelining::Never,
            ("keep-alive", _) => config.keep_alive = Some(seconds(number()?)),
            ("total", _) => config.timeouts.total = Some(seconds(number()?)),
            ("challenges", _) => config.limits.challenges = number()?,
            ("challenge-octets", _) => config.limits.challenge_octets = number()?,
            ("line-limit", _) => config.limits.line = number()?,
            ("capability-lines", _) => config.limits.capability_lines = number()?,
            ("listing-entries", _) => config.limits.listing_entries = number()?,
            ("listing-line", _) => config.limits.listing_line = number()?,
            ("listing-octets", _) => config.limits.listing_octets = number()?,
            _ => return Err(format!("no such setting: {name} {value}")),
        }
    }
    Ok((config, channel))
}

fn seconds(n: usize) -> Duration {
    Duration::from_secs(n as u64)
}
