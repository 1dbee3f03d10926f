//! Questions before anything is fetched. After wrong answers, they show whether the server always
//! answers like this, or whether a message was the cause: no message can have forged these answers.

use alloc::string::String;

use super::Run;
use super::session::Stage;
use crate::error::{Error, Unconfirmed};
use crate::sync::ask::Question;
use crate::verb::Verb;

impl Run {
    /// Asks the questions.
    pub(super) fn probe(&mut self) {
        let sizes = self.ledger.server().inconsistent_sizes.is_none();
        let Some(session) = &mut self.session else {
            return;
        };
        session.confirmation = None;
        session.ask_all(alloc::vec![Question::Confirm { sizes }]);
        session.stage = Stage::Probing;
    }

    /// Judges the answers.
    pub(super) fn probed(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        let error = match session.confirmation.take() {
            Some(Err(error)) if error.is_fatal() => error,
            Some(_) => {
                session.probed = true;
                self.link.probes = false;
                return self.make_plan();
            }
            None => return,
        };
        let mut server = self.ledger.server();
        let Error::Unconfirmed(why) = &error else {
            return;
        };
        match &**why {
            Unconfirmed::WrongAnswer {
                verb: Verb::List, ..
            } if server.inconsistent_sizes.is_none() => {
                server.inconsistent_sizes = Some(self.today);
            }
            Unconfirmed::WrongAnswer { .. } | Unconfirmed::CutShort(Error::Protocol(_)) => {
                server.unconfirmable = Some(self.today);
                self.link.probes = false;
            }
            _ => return,
        }
        // The session has ended, but something was learnt.
        session.struck = true;
        session.progress = true;
        let mut lines = String::new();
        self.ledger.learn_server(server, &mut lines);
        session.record(lines);
    }
}
