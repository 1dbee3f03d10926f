//! Transcripts as data: the steps of a conversation, and the parser of their language.

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::str::FromStr;

use super::step::{self, Action, Step};
use crate::config::Leniency;
use crate::operation::Problem;

/// A conversation between an application, a connection and a server.
///
/// It is parsed from text, and `Display` writes the text. The [module](crate::record) describes the language.
///
/// ```
/// use pop3_proto::record::Transcript;
///
/// let transcript: Transcript = "\
/// set channel trusted
/// S: +OK ready
/// = greeting: \"ready\"
/// > quit
/// C: QUIT
/// S: +OK bye
/// = quit: committed \"bye\"
/// = closed
/// "
/// .parse()?;
/// assert_eq!(transcript.steps.len(), 7);
/// # Ok::<(), pop3_proto::record::ParseError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transcript {
    /// The comments before the first other line, without `# `.
    pub comments: Vec<String>,
    /// The settings of the connection.
    pub settings: Vec<Setting>,
    /// The ways to play it. If there are none, it can be played in every way.
    pub only: Vec<Only>,
    /// What happened, in order.
    pub steps: Vec<Line>,
}

/// A setting of the connection: a name and a value, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The name, such as `channel`.
    pub name: String,
    /// The value, such as `trusted`.
    pub value: String,
}

/// A restriction on how a transcript is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// Only under [`Leniency::Strict`].
    Strict,
    /// Only under [`Leniency::Lenient`].
    Lenient,
    /// Only with the line ends that it contains.
    CrLf,
    /// Only with its segments as they are.
    Whole,
}

impl Only {
    const NAMES: [(Self, &'static str); 4] = [
        (Self::Strict, "strict"),
        (Self::Lenient, "lenient"),
        (Self::CrLf, "crlf"),
        (Self::Whole, "whole"),
    ];

    pub(super) fn name(self) -> &'static str {
        let mut names = Self::NAMES.into_iter();
        let found = names.find(|(only, _)| *only == self);
        found.map_or("", |(_, name)| name)
    }
}

/// A step, with the number of its line in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The number of the line, from 1; 0 if it is not from a file.
    pub number: usize,
    /// The leniency under which the step applies, if it does not apply under both.
    pub under: Option<Leniency>,
    /// The step.
    pub step: Step,
}

impl From<Step> for Line {
    /// Creates a line that is not from a file.
    fn from(step: Step) -> Self {
        Self {
            number: 0,
            under: None,
            step,
        }
    }
}

/// An error in the text of a transcript: the line, and what to change there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
#[non_exhaustive]
pub struct ParseError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// How many files may include one another.
const DEPTH: usize = 8;

/// Returns the text of a file that a transcript includes, or why it cannot be read.
pub type Include<'a> = &'a dyn Fn(&str) -> Result<String, String>;

impl Transcript {
    /// Parses a text. `include` returns the text of the files that it includes.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for the first line that is not understood, or whose file cannot be included.
    pub fn parse_with(text: &str, include: Include<'_>) -> Result<Self, ParseError> {
        Self::parse_nested(text, include, DEPTH)
    }

    fn parse_nested(text: &str, include: Include<'_>, depth: usize) -> Result<Self, ParseError> {
        let mut transcript = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let read = transcript.read(number, line, include, depth);
            read.map_err(|problem| ParseError {
                line: number,
                problem,
            })?;
        }
        Ok(transcript)
    }

    /// Returns whether the transcript has this restriction.
    pub fn is_only(&self, restriction: Only) -> bool {
        self.only.contains(&restriction)
    }

    /// Returns whether the transcript can be played under this leniency.
    pub fn permits(&self, leniency: Leniency) -> bool {
        match leniency {
            Leniency::Strict => !self.is_only(Only::Lenient),
            Leniency::Lenient => !self.is_only(Only::Strict),
        }
    }

    /// Returns how many octets the server sends.
    pub fn server_octets(&self) -> usize {
        let octets = self.steps.iter().map(|line| match &line.step {
            Step::Server(octets) => octets.len(),
            _ => 0,
        });
        octets.sum()
    }

    fn read(
        &mut self,
        number: usize,
        line: &str,
        include: Include<'_>,
        depth: usize,
    ) -> Result<(), Problem> {
        let (under, line) = conditional(line);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let step = match word {
            "" => return Ok(()),
            "#" => {
                if self.steps.is_empty() && self.settings.is_empty() && self.only.is_empty() {
                    self.comments.push(rest.to_owned());
                }
                return Ok(());
            }
            "set" => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                let setting = Setting {
                    name: name.to_owned(),
                    value: value.to_owned(),
                };
                setting.check()?;
                self.settings.push(setting);
                return Ok(());
            }
            "only" => {
                self.only.push(rest.parse()?);
                return Ok(());
            }
            "include" => return self.include(number, rest, include, depth),
            "S:" => Step::Server(step::wire_line(rest)?),
            "C:" => Step::Client(step::wire_line(rest)?),
            ">" => Step::Request(Action::parse(rest)?),
            ">>" if self.follows_octets() => Step::Meanwhile(Action::parse(rest)?),
            ">>" => return Err(Problem::Meanwhile),
            "=" => Step::Reported(rest.to_owned()),
            "?" => step::state(rest)?,
            "!" => step::happening(rest)?,
            _ => return Err(Problem::Line(line.chars().take(40).collect())),
        };
        self.steps.push(Line {
            number,
            under,
            step,
        });
        Ok(())
    }

    fn include(
        &mut self,
        number: usize,
        name: &str,
        include: Include<'_>,
        depth: usize,
    ) -> Result<(), Problem> {
        let refuse = |reason: String| Problem::Include {
            name: name.to_owned(),
            reason,
        };
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| refuse("too many files include one another".into()))?;
        let text = include(name).map_err(refuse)?;
        let included =
            Self::parse_nested(&text, include, depth).map_err(|error| refuse(error.to_string()))?;
        self.settings.extend(included.settings);
        self.only.extend(included.only);
        let steps = included.steps.into_iter();
        self.steps.extend(steps.map(|line| Line { number, ..line }));
        Ok(())
    }

    /// Returns whether the last input was octets from the server.
    fn follows_octets(&self) -> bool {
        let mut inputs = self.steps.iter().rev().filter(|line| line.step.is_input());
        inputs
            .find(|line| !matches!(line.step, Step::Meanwhile(_)))
            .is_some_and(|line| matches!(line.step, Step::Server(_)))
    }
}

/// Parses the condition at the start of a line.
fn conditional(line: &str) -> (Option<Leniency>, &str) {
    let split = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "));
    match split {
        Some(("strict", rest)) => (Some(Leniency::Strict), rest),
        Some(("lenient", rest)) => (Some(Leniency::Lenient), rest),
        _ => (None, line),
    }
}

impl FromStr for Transcript {
    type Err = ParseError;

    /// Parses a text that includes no other file.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse_with(text, &|_| Err("no files can be included here".into()))
    }
}

impl FromStr for Only {
    type Err = Problem;

    fn from_str(name: &str) -> Result<Self, Problem> {
        let mut names = Self::NAMES.into_iter();
        let found = names.find(|(_, known)| *known == name);
        found
            .map(|(only, _)| only)
            .ok_or_else(|| Problem::Restriction(name.to_owned()))
    }
}
