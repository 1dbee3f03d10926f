//! What all faults at one place do together.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::maildrop::StoredMessage;
use super::{Action, Alteration, End, Fault, Place, Subject};

/// The effects of the faults at one place.
#[derive(Default)]
pub(in crate::server) struct Effects {
    pub(in crate::server) refusal: Option<String>,
    pub(in crate::server) end: Option<End>,
    pub(in crate::server) delivered: Vec<StoredMessage>,
    pub(in crate::server) remove_only: Option<usize>,
    pub(in crate::server) alterations: Vec<Alteration>,
}

impl Effects {
    /// Returns the delays among the alterations.
    pub(in crate::server) fn delays(&self) -> impl Iterator<Item = Duration> {
        self.alterations
            .iter()
            .filter_map(|alteration| match alteration {
                Alteration::Delay(time) => Some(*time),
                _ => None,
            })
    }

    /// Visits a place with all faults.
    pub(in crate::server) fn at(
        place: Place,
        message: Subject<'_>,
        session: usize,
        faults: &[Fault],
    ) -> Self {
        let mut effects = Self::default();
        let here = |fault: &&Fault| fault.is_at(place, message, session);
        for action in faults.iter().filter(here).filter_map(Fault::visit) {
            match action.clone() {
                // The first one decides, if there are several.
                Action::Refuse(text) => drop(effects.refusal.get_or_insert(text)),
                Action::Disconnect(end) => drop(effects.end.get_or_insert(end)),
                Action::Deliver(message) => effects.delivered.push(message),
                Action::RemoveOnly(most) => drop(effects.remove_only.get_or_insert(most)),
                Action::Alter(alteration) => effects.alterations.push(alteration),
            }
        }
        effects
    }
}
