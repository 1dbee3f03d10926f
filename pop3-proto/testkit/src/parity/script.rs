//! Splits a transcript into the actions of the server, those of the application, and the expected
//! reports.

use pop3_proto::config::Leniency;

use pop3_proto::record::{self, Line, Operation as Op, Setting, Step, Transcript};

use super::rule::Rule;

#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) settings: Vec<Setting>,
    pub(super) security: Security,
    pub(super) server: Vec<Action>,
    pub(super) application: Vec<Turn>,
    /// The expected report about the greeting, if the server sends one.
    pub(super) greeting: Option<String>,
    /// The expected reports about operations: label and text, with the chunks of a body joined.
    pub(super) reported: Vec<(String, String)>,
    pub(super) quirks: Vec<String>,
    /// The final error, which every later operation gets.
    pub(super) end: Option<String>,
}

/// The security layer of the conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Security {
    /// TLS, if it is started.
    #[default]
    Real,
    /// TLS with a server whose certificate has a different name.
    WrongName,
    /// TLS by the caller, with an exporter for channel binding. The test connection itself is in
    /// cleartext.
    Exporter,
    /// The same, with the hash of a certificate for channel binding.
    EndPoint,
}

/// An action of the server.
#[derive(Debug)]
pub(super) enum Action {
    /// Sends octets, after the application has received this many reports. Also waits until all
    /// expected octets of the client were received, unless the client may have sent more.
    Say {
        octets: Vec<u8>,
        after: usize,
        more: bool,
    },
    Receive(Vec<u8>),
    HangUp {
        after: usize,
    },
    Handshake,
}

/// An action of the application.
#[derive(Debug)]
pub(super) enum Turn {
    /// Submits these operations together.
    Ask(Vec<Asked>),
    /// Checks the state of the client.
    Look { what: String, how: String },
    /// Waits until unsolicited octets are received.
    Listen,
}

#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) op: Op,
    pub(super) label: String,
}

impl Script {
    pub(super) fn of(transcript: &Transcript, leniency: Leniency) -> Result<Self, Rule> {
        let here = |line: &&Line| line.under.is_none_or(|under| under == leniency);
        let mut reader = Reader::default();
        reader.script.settings = transcript.settings.clone();
        for step in transcript.steps.iter().filter(here) {
            reader.read(&step.step)?;
        }
        reader.finish()
    }

    fn pipelines(&self) -> bool {
        let says = |action: &Action, word: &[u8]| match action {
            Action::Say { octets, .. } => octets.windows(word.len()).any(|octets| octets == word),
            _ => false,
        };
        self.server
            .iter()
            .any(|action| says(action, b"\nPIPELINING"))
            || (self.settings.iter()).any(|it| it.name == "pipelining" && it.value == "always")
    }
}

#[derive(Debug, Default)]
struct Reader {
    script: Script,
    greeted: bool,
    /// Operations that the transcript requests before the greeting. They are submitted as soon as
    /// there is a client.
    early: Vec<Asked>,
    /// Labels of operations that are not complete.
    under_way: Vec<String>,
    /// The number of reports, except chunks of bodies.
    reported: usize,
    /// The value of `reported` when the client last sent octets.
    reported_when_received: usize,
    /// Whether the client sent a command by itself while no operation was in progress. A real
    /// client sends such a command with the next operation, in one batch if possible.
    by_itself: bool,
    /// Whether the server has closed the connection and the application has not detected it yet.
    over: bool,
    last: Last,
}

/// The kind of the previous step: adjacent steps of one kind are merged.
#[derive(Debug, Default, PartialEq, Eq)]
enum Last {
    Server,
    Ask,
    #[default]
    Other,
}

impl Reader {
    fn read(&mut self, step: &Step) -> Result<(), Rule> {
        let last = std::mem::take(&mut self.last);
        match step {
            Step::Server(octets) => {
                self.says(octets, last == Last::Server);
                self.last = Last::Server;
            }
            Step::Client(octets) => {
                self.reported_when_received = self.reported;
                self.by_itself = self.greeted && self.under_way.is_empty();
                self.script.server.push(Action::Receive(octets.clone()));
            }
            Step::Request(record::Action::Submit(Op::ListSalvaged | Op::UidlSalvaged)) => {
                return Err(Rule::ActsOnTheConnection);
            }
            Step::Request(record::Action::Submit(op)) => {
                let (op, label) = (op.clone(), op.label());
                self.asks(Asked { op, label }, last == Last::Ask)?;
                self.last = Last::Ask;
            }
            Step::Reported(text) => self.report(text)?,
            Step::State { what, how } => {
                // The application can check the state only between operations.
                if self.greeted && self.under_way.is_empty() {
                    let (what, how) = (what.clone(), how.clone());
                    self.script.application.push(Turn::Look { what, how });
                }
            }
            Step::EndOfFile => {
                let after = self.after();
                self.script.server.push(Action::HangUp { after });
                self.over = true;
            }
            Step::Tls => self.script.server.push(Action::Handshake),
            Step::TlsFails(_) => {
                self.script.server.push(Action::Handshake);
                self.script.security = Security::WrongName;
            }
            // After STLS, real TLS is used. Its channel binding has other values, which matters only
            // if the login uses it.
            Step::TlsWithBinding | Step::TlsWithEndPoint if self.greeted => {
                self.script.server.push(Action::Handshake);
            }
            Step::TlsWithBinding => self.script.security = Security::Exporter,
            Step::TlsWithEndPoint => self.script.security = Security::EndPoint,
            Step::Request(record::Action::AbandonAll | record::Action::Abandon { .. }) => {
                return Err(Rule::Abandons);
            }
            Step::ReadFails(_) | Step::WriteFails(_) => return Err(Rule::BreaksTheSocket),
            Step::Wait(_) => return Err(Rule::Waits),
            Step::Meanwhile(_) => return Err(Rule::AsksMeanwhile),
            _ => return Err(Rule::ActsOnTheConnection),
        }
        Ok(())
    }

    /// Returns how many reports the server must wait for. It does not have to wait if the client
    /// has sent octets after the last report.
    fn after(&self) -> usize {
        if self.reported > self.reported_when_received {
            self.reported
        } else {
            0
        }
    }

    fn says(&mut self, line: &[u8], on: bool) {
        if let (true, Some(Action::Say { octets, .. })) = (on, self.script.server.last_mut()) {
            octets.extend_from_slice(line);
            return;
        }
        let more = std::mem::take(&mut self.by_itself);
        self.script.server.push(Action::Say {
            octets: line.to_vec(),
            after: self.after(),
            more,
        });
        if self.greeted && self.under_way.is_empty() && !more {
            self.script.application.push(Turn::Listen);
        }
    }

    fn asks(&mut self, asked: Asked, together: bool) -> Result<(), Rule> {
        let idle = self.under_way.is_empty();
        self.under_way.push(asked.label.clone());
        if !self.greeted {
            self.early.push(asked);
            return Ok(());
        }
        match self.script.application.last_mut() {
            Some(Turn::Ask(group)) if together => group.push(asked),
            _ if !idle => return Err(Rule::AsksMeanwhile),
            _ => {
                self.ends();
                self.script.application.push(Turn::Ask(vec![asked]));
            }
        }
        Ok(())
    }

    fn ends(&mut self) {
        if std::mem::take(&mut self.over) && self.greeted {
            self.script.application.push(Turn::Listen);
        }
    }

    fn report(&mut self, text: &str) -> Result<(), Rule> {
        if text.contains("NoSeed") {
            return Err(Rule::WithoutRandomness);
        }
        if text.starts_with("greeting: ") {
            self.script.greeting = Some(text.to_owned());
            self.greeted = true;
            self.reported += 1;
            if !self.early.is_empty() {
                let early = std::mem::take(&mut self.early);
                self.script.application.push(Turn::Ask(early));
            }
        } else if let Some(quirk) = text.strip_prefix("quirk ") {
            // A client lists each quirk once.
            if !self.script.quirks.iter().any(|it| it == quirk) {
                self.script.quirks.push(quirk.to_owned());
            }
        } else if text == "closed" {
            self.script.end = Some("closed Finished".to_owned());
        } else if let Some(why) = text.strip_prefix("closed: ") {
            self.script.end = Some(why.to_owned());
        } else {
            self.report_on(text);
        }
        Ok(())
    }

    /// Records the report about an operation.
    fn report_on(&mut self, text: &str) {
        let words = |label: &str| text.strip_prefix(label)?.strip_prefix(": ");
        let found = (self.under_way.iter().enumerate())
            .find_map(|(index, label)| Some((index, label.clone(), words(label)?)));
        let (index, label, words) = found.unwrap_or_else(|| panic!("not requested: {text}"));
        if !words.starts_with("opened") && !words.starts_with("body ") {
            self.under_way.remove(index);
        }
        if let Some(more) = words.strip_prefix("body \"") {
            let mut before = self.script.reported.iter_mut().rev();
            let before = before.find(|(of, _)| *of == label);
            if let Some((_, body)) = before.filter(|(_, words)| words.starts_with("body ")) {
                body.pop();
                body.push_str(more);
                return;
            }
        } else {
            self.reported += 1;
        }
        self.script.reported.push((label, words.to_owned()));
    }

    fn finish(mut self) -> Result<Script, Rule> {
        if !self.under_way.is_empty() {
            return Err(Rule::EndsUnderWay);
        }
        self.ends();
        let mixed = |turn: &Turn| match turn {
            Turn::Ask(group) => group.windows(2).any(|pair| match pair {
                [one, other] => {
                    (one.is_streamed() || other.is_streamed()) && !one.is_of_a_kind_with(other)
                }
                _ => false,
            }),
            _ => false,
        };
        if self.script.pipelines() && self.script.application.iter().any(mixed) {
            return Err(Rule::StreamsAmongOthers);
        }
        Ok(self.script)
    }
}

impl Asked {
    pub(super) fn is_streamed(&self) -> bool {
        matches!(
            self.op,
            Op::Retr(_) | Op::Top(..) | Op::ListStreamed | Op::UidlStreamed | Op::LongStreamed(_)
        )
    }

    /// Returns whether one call can submit both operations. This is possible if neither is
    /// streamed, or if both are the same streamed command.
    pub(super) fn is_of_a_kind_with(&self, other: &Self) -> bool {
        match (&self.op, &other.op) {
            (Op::Retr(_), Op::Retr(_)) | (Op::Top(..), Op::Top(..)) => true,
            _ => !self.is_streamed() && !other.is_streamed(),
        }
    }
}
