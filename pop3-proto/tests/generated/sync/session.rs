//! The model of one session with a server, at the level of a `Run`.

use std::fmt::Write as _;

use pop3_proto::MessageNumber;
use pop3_proto::command::Verb;
use pop3_proto::error::{Closed, Error, ProtocolError, Unconfirmed};
use pop3_proto::internals::model;
use pop3_proto::reply::{QuitOutcome, Reply, Status};
use pop3_proto::sync::{Answer, Ask, Get};

use super::fault::Fault;
use super::mail::{FORGED, Message};

/// What a command that retrieves a message gets.
#[derive(Debug)]
pub(super) enum Got {
    Text(&'static str),
    /// The text, and then an error instead of the rest.
    Part(&'static str, Error),
    Error(Error),
}

/// A session with the server.
#[derive(Debug, Clone)]
pub(super) struct Session {
    list: Vec<Message>,
    marked: Vec<usize>,
    dead: Option<Error>,
    /// The replies that were sent and not read, if replies are shifted.
    shifted: Option<Vec<&'static str>>,
    has_uidl: bool,
    has_list: bool,
    fault: Fault,
    first_run: bool,
    /// What was committed and must be taken from the maildrop.
    pub(super) committed: Option<Vec<usize>>,
}

impl Session {
    pub(super) fn new(list: Vec<Message>, fault: Fault, first_run: bool) -> Self {
        Self {
            list,
            marked: Vec::new(),
            dead: None,
            shifted: None,
            has_uidl: false,
            has_list: false,
            fault,
            first_run,
            committed: None,
        }
    }

    fn closed(&self, verb: Verb, number: Option<MessageNumber>) -> Error {
        Closed::Unanswered {
            verb,
            number,
            outstanding: 1,
            first_batch: false,
            last_err: None,
        }
        .into()
    }

    fn die(&mut self, error: Error) -> Error {
        self.dead = Some(error.clone());
        error
    }

    fn message(&self, number: MessageNumber) -> Option<&Message> {
        self.list.get(number.get() as usize - 1)
    }

    /// Answers a command.
    pub(super) fn ask(&mut self, ask: &Ask) -> Result<Answer, Error> {
        if let Some(error) = &self.dead {
            return Err(error.clone());
        }
        match ask.parts() {
            (Some(Verb::Stat), _) => {
                let octets: usize = self.list.iter().map(|it| it.text.octets()).sum();
                Ok(model::stat(self.list.len() as u32, octets as u64))
            }
            (Some(Verb::List), _) => self.sizes(),
            (Some(Verb::Uidl), None) => {
                self.refuses_listing(Verb::Uidl, Fault::NoUidl)?;
                self.has_uidl = true;
                Ok(model::unique_ids(self.uidl().as_bytes()).expect("a listing"))
            }
            (Some(Verb::Uidl), Some(number)) => {
                self.refuses_listing(Verb::Uidl, Fault::NoUidl)?;
                self.refuses_listing(Verb::Uidl, Fault::Unconfirmable)?;
                let refused = || model::refused(Verb::Uidl, Some(number), "no such message");
                model::unique_id(self.uidl().as_bytes(), number).ok_or_else(refused)
            }
            (Some(Verb::Dele), Some(number)) => self.delete(number),
            (Some(Verb::Quit), _) => self.quit(),
            (None, _) => self.confirm(ask.confirms_sizes()),
            other => panic!("the model does not know {other:?}"),
        }
    }

    fn refuses_listing(&self, verb: Verb, fault: Fault) -> Result<(), Error> {
        let empty = self.fault == Fault::EmptyRefused && self.list.is_empty();
        if self.fault == fault || empty {
            return Err(model::refused(verb, None, "no"));
        }
        Ok(())
    }

    fn sizes(&mut self) -> Result<Answer, Error> {
        self.refuses_listing(Verb::List, Fault::NoList)?;
        let mut lines = String::new();
        for (at, message) in self.list.iter().enumerate() {
            let octets = message.text.octets();
            let octets = match self.fault {
                Fault::Surplus(more) => octets + more,
                Fault::OtherSizes => octets + 7,
                Fault::TooLarge(serial) if serial == message.serial => octets + 10,
                Fault::TooSmall(serial) if serial == message.serial => octets - 10,
                _ => octets,
            };
            let _ = write!(lines, "{} {octets}\r\n", at + 1);
        }
        self.has_list = true;
        Ok(model::sizes(lines.as_bytes()).expect("a listing"))
    }

    fn uidl(&self) -> String {
        let mut lines = String::new();
        let mut before = None;
        for (at, message) in self.list.iter().enumerate() {
            let number = at + 1;
            let _ = match self.fault {
                Fault::IdsAreNumbers => write!(lines, "{number} {number}\r\n"),
                Fault::NoIds => write!(lines, "{number} \r\n"),
                Fault::NoIdFor(serial) if serial == message.serial => {
                    write!(lines, "{number} \r\n")
                }
                Fault::BadLineFor(serial) if serial == message.serial => {
                    write!(lines, "? what\r\n")
                }
                Fault::MissingLineFor(serial) if serial == message.serial => Ok(()),
                Fault::SharedId(serial) if before == Some(serial) => {
                    write!(lines, "{number} id-{serial}\r\n")
                }
                _ => write!(lines, "{number} id-{}\r\n", message.id),
            };
            before = Some(message.serial);
        }
        lines
    }

    fn confirm(&mut self, sizes: bool) -> Result<Answer, Error> {
        let cut_short = |cause| Error::from(Unconfirmed::CutShort(cause));
        match self.fault {
            _ if self.shifted.is_some() => {
                let wrong = model::wrong_answer(Verb::Uidl, MessageNumber::FIRST, "what");
                Err(self.die(wrong))
            }
            Fault::BreaksAtConfirm => {
                let closed = self.closed(Verb::Uidl, Some(MessageNumber::FIRST));
                Err(self.die(cut_short(closed)))
            }
            Fault::OtherSizes if sizes && self.has_list => {
                let wrong = model::wrong_answer(Verb::List, MessageNumber::FIRST, "1 1");
                Err(self.die(wrong))
            }
            Fault::Unconfirmable => Err(Unconfirmed::Unsupported(None).into()),
            _ if !self.has_uidl && !self.has_list => Err(Unconfirmed::NoListing.into()),
            _ => Ok(model::confirmed()),
        }
    }

    fn delete(&mut self, number: MessageNumber) -> Result<Answer, Error> {
        let serial = self.message(number).expect("a listed message").serial;
        match self.fault {
            Fault::DeleRefused(at) if at == serial => {
                return Err(model::refused(Verb::Dele, Some(number), "no"));
            }
            Fault::BreaksAtDele(at, commits) if at == serial => {
                if commits {
                    self.committed = Some(std::mem::take(&mut self.marked));
                }
                let closed = self.closed(Verb::Dele, Some(number));
                return Err(self.die(closed));
            }
            _ => {}
        }
        assert!(!self.marked.contains(&serial), "deleted twice: {number}");
        self.marked.push(serial);
        Ok(Answer::new(Reply::Status(Status::default())))
    }

    fn quit(&mut self) -> Result<Answer, Error> {
        let marked = std::mem::take(&mut self.marked);
        let (outcome, commits) = match self.fault {
            _ if marked.is_empty() => (QuitOutcome::Committed(Status::default()), true),
            Fault::QuitRefused(commits) => (QuitOutcome::Refused(Default::default()), commits),
            Fault::QuitUnanswered(commits) => (QuitOutcome::Unknown, commits),
            Fault::KeepsDeleted | Fault::KeepsDeletedAndBreaksIn(_) => {
                (QuitOutcome::Committed(Status::default()), false)
            }
            _ => (QuitOutcome::Committed(Status::default()), true),
        };
        if commits {
            self.committed = Some(marked);
        }
        self.dead = Some(Closed::Finished.into());
        Ok(Answer::new(Reply::Quit(outcome)))
    }

    /// Ends the session without `QUIT`.
    pub(super) fn drop(&mut self) {
        if self.fault == Fault::CommitsOnDrop {
            self.committed = Some(std::mem::take(&mut self.marked));
        }
    }

    /// Returns whether it ended with `QUIT`.
    pub(super) fn has_quit(&self) -> bool {
        self.dead == Some(Closed::Finished.into())
    }

    /// Answers `RETR` or `TOP`. `expected` is the header that the client knows for the unique-id.
    /// If the client does not verify, it sees that header.
    pub(super) fn get(
        &mut self,
        get: &Get,
        verifies: bool,
        expected: impl Fn(u32) -> Option<&'static str>,
    ) -> Got {
        if let Some(error) = &self.dead {
            return Got::Error(error.clone());
        }
        let number = get.number();
        let message = self.message(number).expect("a listed message").clone();
        if get.is_header_only() {
            match (self.top(number, &message, expected(message.id)), verifies) {
                (Got::Text(header), false) => Got::Text(expected(message.id).unwrap_or(header)),
                (got, _) => got,
            }
        } else {
            self.retrieve(number, &message)
        }
    }

    fn top(
        &mut self,
        number: MessageNumber,
        message: &Message,
        expected: Option<&'static str>,
    ) -> Got {
        let header = message.text.header();
        if let Some(shifted) = &mut self.shifted {
            shifted.push(header);
            return Got::Text(shifted.remove(0));
        }
        match self.fault {
            Fault::CutLater(_) if !self.first_run => {
                Got::Error(model::refused(Verb::Top, Some(number), "what?"))
            }
            Fault::NoTop => Got::Error(model::refused(Verb::Top, Some(number), "what?")),
            Fault::TopRefused(at) if at == message.serial => {
                Got::Error(model::refused(Verb::Top, Some(number), "no"))
            }
            Fault::TopShifted(at) if at == message.serial => {
                self.shifted = Some(vec![header]);
                Got::Text(expected.unwrap_or(FORGED.header()))
            }
            Fault::TopBreaks(at) if at == message.serial => {
                let closed = self.closed(Verb::Top, Some(number));
                Got::Error(self.die(closed))
            }
            _ => Got::Text(header),
        }
    }

    fn retrieve(&mut self, number: MessageNumber, message: &Message) -> Got {
        let text = message.text;
        if let Some(shifted) = &mut self.shifted {
            shifted.push(text.whole);
            return Got::Text(shifted.remove(0));
        }
        let truncated = Closed::Truncated {
            verb: Verb::Retr,
            number: Some(number),
            outstanding: 1,
            first_batch: false,
            lf_dot: false,
            last_err: None,
        };
        let is = |at| at == message.serial;
        match self.fault {
            Fault::CutLater(at) if is(at) && !self.first_run => Got::Text(text.half()),
            Fault::Cut(at) if is(at) => Got::Text(text.half()),
            Fault::Shift(at) if is(at) => {
                self.shifted = Some(vec![FORGED.whole]);
                Got::Text(text.half())
            }
            Fault::Surplused(at) if is(at) => {
                let surplus = ProtocolError::Surplus {
                    verb: Verb::Retr,
                    number: Some(number),
                    got: Default::default(),
                };
                Got::Part(text.half(), self.die(surplus.into()))
            }
            Fault::BreaksIn(at) | Fault::KeepsDeletedAndBreaksIn(at) if is(at) => {
                Got::Part(text.half(), self.die(truncated.into()))
            }
            Fault::BreaksBefore(at) if is(at) => {
                let closed = self.closed(Verb::Retr, Some(number));
                Got::Error(self.die(closed))
            }
            Fault::Refused(at) if is(at) => {
                Got::Error(model::refused(Verb::Retr, Some(number), "no"))
            }
            Fault::ClosesAfterEach => {
                self.dead = Some(Closed::Idle { last_err: None }.into());
                Got::Text(text.whole)
            }
            _ => Got::Text(text.whole),
        }
    }
}
