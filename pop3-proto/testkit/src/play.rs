//! Acts a transcript out with the state machine.

use core::time::Duration;

use pop3_proto::{
    Channel, Config,
    config::{CapaPolicy, InitialResponse, Leniency, LfDot, Pipelining, StlsPolicy},
};

use crate::conversation::Conversation;
use crate::render;
use crate::surplus::is_late_surplus;
use crate::transcript::{Setting, Step, Transcript};

/// How the server's octets are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feeding {
    /// What stands together in the file comes at once.
    Whole,
    /// Octet by octet; the client's octets leave so too.
    Octets,
    /// In two pieces, cut before this octet of all that the server sends.
    CutAt(usize),
}

/// Which line ends the server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnds {
    AsWritten,
    BareLf,
}

/// Acts it out; says at which line it went otherwise.
pub fn play(
    transcript: &Transcript,
    leniency: Leniency,
    line_ends: LineEnds,
    feeding: Feeding,
) -> Result<(), String> {
    let (config, channel) = configure(&transcript.settings, leniency)?;
    let mut player = Player {
        client: Conversation::new(config, channel),
        feeding,
        line_ends,
        heard: 0,
        told: Vec::new(),
        flights: Vec::new(),
    };
    player.client.trickle = feeding == Feeding::Octets;
    let name = if leniency == Leniency::Strict {
        "strict"
    } else {
        "default"
    };
    let steps: Vec<_> = transcript
        .steps
        .iter()
        .filter(|step| step.under.as_ref().is_none_or(|under| under == name))
        .collect();
    let mut rest = steps.as_slice();
    while let Some(first) = rest.first() {
        // Steps of a kind that stand together happen together.
        let same =
            |step: &Step| core::mem::discriminant(step) == core::mem::discriminant(&first.what);
        let together = rest.iter().take_while(|step| same(&step.what)).count();
        let (block, behind) = rest.split_at(together);
        let block: Vec<&Step> = block.iter().map(|step| &step.what).collect();
        player
            .act(&block)
            .map_err(|what| format!("line {}, {feeding:?}: {what}", first.line))?;
        rest = behind;
    }
    player
        .nothing_left()
        .map_err(|what| format!("at the end, {feeding:?}: {what}"))?;
    if player.client.connection.phase() == pop3_proto::Phase::Closed {
        player.client.assert_over();
    }
    Ok(())
}

#[derive(Debug)]
struct Player {
    client: Conversation,
    feeding: Feeding,
    line_ends: LineEnds,
    /// Octets that the server has sent.
    heard: usize,
    told: Vec<String>,
    flights: Vec<String>,
}

impl Player {
    fn act(&mut self, block: &[&Step]) -> Result<(), String> {
        match block.first() {
            Some(Step::Client(_)) => return self.client_sent(block),
            Some(Step::Told(_)) => return self.was_told(block),
            Some(Step::Stands { .. }) => {
                return block.iter().try_for_each(|step| self.stands(step));
            }
            Some(Step::Server(_) | Step::Ask { .. }) => self.nothing_left()?,
            // What happens may stand directly behind what the server sends.
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
                Step::Server(_) | Step::Client(_) | Step::Told(_) | Step::Stands { .. } => {}
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
            Feeding::CutAt(position) => position.checked_sub(self.heard),
            Feeding::Whole | Feeding::Octets => None,
        };
        self.heard += octets.len();
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
        self.told.extend(
            self.client
                .reported()
                .into_iter()
                .filter(|told| !bare_lf || told != "quirk BareLineFeed"),
        );
        self.flights.extend(self.client.batches());
        Ok(())
    }

    /// The client sent these lines and no more; where nothing is cut, in one flight.
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
        let sent = if self.feeding == Feeding::Whole && !self.flights.is_empty() {
            self.flights.remove(0)
        } else {
            core::mem::take(&mut self.flights).concat()
        };
        same(&sent, &expected)
    }

    fn was_told(&mut self, block: &[&Step]) -> Result<(), String> {
        if self.feeding != Feeding::Whole && self.is_late_surplus(block) {
            self.told.clear();
            return Ok(());
        }
        for step in block {
            let Step::Told(expected) = step else { continue };
            if self.told.is_empty() {
                return Err(format!("was not told: {expected}"));
            }
            let told = self.told.remove(0);
            match self.line_ends {
                LineEnds::AsWritten => same(&told, expected)?,
                // Bodies keep the line ends that they came with.
                LineEnds::BareLf => same(
                    &told.replace("\\r\\n", "\\n"),
                    &expected.replace("\\r\\n", "\\n"),
                )?,
            }
        }
        Ok(())
    }

    /// Whether the end of a reply was reported before octets came that make it fail where nothing is
    /// cut.
    fn is_late_surplus(&self, block: &[&Step]) -> bool {
        let lf = |told: &str| match self.line_ends {
            LineEnds::AsWritten => told.to_owned(),
            LineEnds::BareLf => told.replace("\\r\\n", "\\n"),
        };
        let expected = block.iter().filter_map(|step| match step {
            Step::Told(expected) => Some(lf(expected)),
            _ => None,
        });
        let expected: Vec<_> = expected.collect();
        let told: Vec<_> = self.told.iter().map(|told| lf(told)).collect();
        is_late_surplus(&expected, &told)
    }

    fn stands(&self, step: &Step) -> Result<(), String> {
        let Step::Stands { what, how } = step else {
            return Ok(());
        };
        let stands = render::standing(&self.client.connection, what)?;
        same(&stands, how)
    }

    fn nothing_left(&mut self) -> Result<(), String> {
        match (self.told.first(), self.flights.first()) {
            (None, None) => Ok(()),
            (Some(told), _) => Err(format!("told as well: {told}")),
            (None, Some(flight)) => Err(format!("sent as well: {flight:?}")),
        }
    }
}

fn same(got: &str, expected: &str) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    Err(format!("\n  expected {expected:?}\n  got      {got:?}"))
}

/// How many octets the server sends in all.
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

fn configure(settings: &[Setting], leniency: Leniency) -> Result<(Config, Channel), String> {
    let mut config = Config::default();
    config.leniency = leniency;
    let mut channel = Channel::Plain;
    for Setting { name, value } in settings {
        let number = || {
            value
                .parse::<usize>()
                .map_err(|_| format!("no number: {name} {value}"))
        };
        match (name.as_str(), value.as_str()) {
            ("channel", "plain") => channel = Channel::Plain,
            ("channel", "implicit-tls") => channel = Channel::ImplicitTls,
            ("channel", "trusted") => channel = Channel::TrustedByCaller,
            ("allow-insecure-login", "") => config.allow_insecure_login = true,
            ("stls", "off") => config.stls = StlsPolicy::Off,
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
            _ => return Err(format!("no setting: {name} {value}")),
        }
    }
    Ok((config, channel))
}

fn seconds(n: usize) -> Duration {
    Duration::from_secs(n as u64)
}
