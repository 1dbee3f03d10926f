//! Parses transcripts, which are conversations in text files. `transcripts/README.md` describes the
//! format.

use crate::op::{Op, unescape};

/// A conversation to play.
#[derive(Debug, Clone)]
pub struct Transcript {
    pub settings: Vec<Setting>,
    pub steps: Vec<Marked<Step>>,
    /// Restrictions on how it is played: `strict`, `lenient`, `crlf`, `whole`.
    pub only: Vec<String>,
}

/// A setting of the client: a name and a value, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub value: String,
}

/// A step, with its line number in the file.
#[derive(Debug, Clone)]
pub struct Marked<T> {
    pub line: usize,
    /// `strict` or `lenient` if the step applies only under this leniency.
    pub under: Option<String>,
    pub what: T,
}

/// One step of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `S:`: the server sends this.
    Server(Vec<u8>),
    /// `C:`: the client has sent this.
    Client(Vec<u8>),
    /// `>`: the application requests an operation.
    Ask { op: Op, label: String },
    /// `> abandon`: the application abandons all its requests.
    Abandon,
    /// `=`: the client reported this event.
    Reported(String),
    /// `?`: the state of the client is this.
    State { what: String, how: String },
    /// `! eof`.
    EndOfFile,
    /// `! reset`.
    Reset,
    /// `! write fails`.
    WriteFails,
    /// `! tls`.
    Tls,
    /// `! tls 1.3`: TLS with channel-binding data.
    TlsWithBinding,
    /// `! tls fails`.
    TlsFails,
    /// `! wait SECONDS`.
    Wait(u64),
}

/// Returns whether the file has this restriction.
pub fn only(transcript: &Transcript, restriction: &str) -> bool {
    transcript.only.iter().any(|only| only == restriction)
}

impl Transcript {
    /// Parses a file. `include` returns the text of the files that it includes.
    pub fn parse(
        text: &str,
        include: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        let mut transcript = Self {
            settings: Vec::new(),
            steps: Vec::new(),
            only: Vec::new(),
        };
        for (number, line) in (1..).zip(text.lines()) {
            transcript
                .read(number, line, include)
                .map_err(|what| format!("line {number}: {what}"))?;
        }
        Ok(transcript)
    }

    fn read(
        &mut self,
        number: usize,
        line: &str,
        include: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<(), String> {
        let (under, line) = match line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("] "))
        {
            Some((under @ ("strict" | "lenient"), rest)) => (Some(under.to_owned()), rest),
            _ => (None, line),
        };
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let step = match word {
            "" | "#" => return Ok(()),
            "set" => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                self.settings.push(Setting {
                    name: name.to_owned(),
                    value: value.to_owned(),
                });
                return Ok(());
            }
            "only" => {
                self.only.push(rest.to_owned());
                return Ok(());
            }
            "include" => {
                let included = Self::parse(&include(rest)?, include)
                    .map_err(|what| format!("{rest}: {what}"))?;
                self.settings.extend(included.settings);
                self.only.extend(included.only);
                self.steps
                    .extend(included.steps.into_iter().map(|step| Marked {
                        line: number,
                        ..step
                    }));
                return Ok(());
            }
            "S:" => Step::Server(wire_line(rest)?),
            "C:" => Step::Client(wire_line(rest)?),
            ">" if rest == "abandon" => Step::Abandon,
            ">" => Step::Ask {
                op: Op::parse(rest)?,
                label: Op::label(rest).to_owned(),
            },
            "=" => Step::Reported(rest.to_owned()),
            "?" => {
                let (what, how) = rest.split_once(": ").ok_or("no `: `")?;
                Step::State {
                    what: what.to_owned(),
                    how: how.to_owned(),
                }
            }
            "!" => happening(rest)?,
            _ => return Err(format!("not understood: {line}")),
        };
        self.steps.push(Marked {
            line: number,
            under,
            what: step,
        });
        Ok(())
    }
}

/// Returns the octets of a line on the wire: adds CR LF unless the line ends in a backslash.
fn wire_line(text: &str) -> Result<Vec<u8>, String> {
    let trailing = text.len() - text.trim_end_matches('\\').len();
    if trailing % 2 == 1 {
        return unescape(text.strip_suffix('\\').unwrap_or(text));
    }
    let mut octets = unescape(text)?;
    octets.extend_from_slice(b"\r\n");
    Ok(octets)
}

fn happening(text: &str) -> Result<Step, String> {
    Ok(match text {
        "eof" => Step::EndOfFile,
        "reset" => Step::Reset,
        "write fails" => Step::WriteFails,
        "tls" => Step::Tls,
        "tls 1.3" => Step::TlsWithBinding,
        "tls fails" => Step::TlsFails,
        _ => match text.strip_prefix("wait ").map(str::parse) {
            Some(Ok(seconds)) => Step::Wait(seconds),
            _ => return Err(format!("no such step: {text}")),
        },
    })
}
