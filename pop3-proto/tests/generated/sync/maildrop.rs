//! The model of a maildrop.

use pop3_proto::command::Verb;
use pop3_proto::error::Error;
use pop3_proto::internals::model;
use pop3_proto::sync::Day;

use super::fault::{Event, Fault};
use super::mail::{EQUAL, Message, SAME_HEADER, Text};
use super::session::Session;

/// A maildrop, and what was ever in it.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) messages: Vec<Message>,
    /// All messages that were ever in the maildrop.
    pub(super) ever: Vec<Message>,
    /// The messages that another client has deleted.
    pub(super) taken: Vec<usize>,
    next_id: u32,
    /// Whether the last session of this run ended with `QUIT`.
    pub(super) quitted: bool,
}

impl Server {
    pub(super) fn new(texts: Vec<Text>, today: Day) -> Self {
        let mut server = Self {
            messages: Vec::new(),
            ever: Vec::new(),
            taken: Vec::new(),
            next_id: 0,
            quitted: false,
        };
        for text in texts {
            server.arrive(text, None, today);
        }
        server
    }

    fn arrive(&mut self, text: Text, id: Option<u32>, today: Day) {
        let message = Message {
            serial: self.ever.len(),
            id: id.unwrap_or(self.next_id),
            arrived: today,
            text,
        };
        self.next_id += 1;
        self.messages.push(message.clone());
        self.ever.push(message);
    }

    /// Lets an event happen. Returns how many days pass.
    pub(super) fn happen(&mut self, event: Event, today: Day) -> u16 {
        let gone = |it: &&Message| self.messages.iter().all(|there| there.serial != it.serial);
        let free = self.ever.iter().find(gone).map(|it| it.id);
        match event {
            Event::Nothing => {}
            Event::Arrives => self.arrive(EQUAL[4], None, today),
            Event::ReusesId => self.arrive(EQUAL[4], free, today),
            Event::ReusesIdAndHeader => self.arrive(SAME_HEADER, free, today),
            Event::CopyArrives => {
                if let Some(first) = self.ever.first() {
                    self.arrive(first.text, None, today);
                }
            }
            Event::Renumbers => {
                for message in &mut self.messages {
                    message.id = self.next_id;
                    self.next_id += 1;
                }
            }
            Event::OtherDeletes => {
                if !self.messages.is_empty() {
                    self.taken.push(self.messages.remove(0).serial);
                }
            }
            Event::MonthPasses => return 35,
        }
        0
    }

    /// Opens a session.
    pub(super) fn dial(&mut self, fault: Fault, first_run: bool) -> Result<Session, Error> {
        let refused = |text| Err(model::refused(Verb::Pass, None, text));
        match fault {
            Fault::InUse if std::mem::take(&mut self.quitted) => {
                return refused("[IN-USE] maildrop is locked");
            }
            Fault::LoginRefused => return refused("[SYS/TEMP] try again"),
            _ => {}
        }
        Ok(Session::new(self.messages.clone(), fault, first_run))
    }

    /// Returns the header that a client expects of the message with this unique-id: that of the
    /// first one that had it.
    pub(super) fn expected(&self, id: u32) -> Option<&'static str> {
        let first = self.ever.iter().find(|it| it.id == id)?;
        Some(first.text.header())
    }
}
