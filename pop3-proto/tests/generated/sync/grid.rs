//! The scenarios that are enumerated.

use pop3_proto::internals::model::Rule;

use super::fault::{Event, Fault};
use super::left_out::LeftOut;
use super::mail::Population;
use super::scenario::{Scenario, Schedule};

const POPULATIONS: [Population; 7] = [
    Population::Distinct(1),
    Population::Distinct(2),
    Population::Distinct(3),
    Population::Copies(2),
    Population::Copies(3),
    Population::Sizes,
    Population::SameHeader,
];

/// Returns whether everything is combined with everything.
pub(super) fn is_full() -> bool {
    std::env::var_os("POP3_SYNC_ALL").is_some()
}

/// All populations with all rules.
pub(super) fn rules() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for population in POPULATIONS {
        for schedule in Schedule::ALL {
            scenarios.push(Scenario {
                population,
                schedule,
                fault: Fault::None,
                lasting: false,
                event: Event::Nothing,
                pause: 1,
            });
        }
    }
    scenarios
}

/// The scenarios that show what happens without a rule.
pub(super) fn of_rule(rule: LeftOut) -> Vec<Scenario> {
    let mut scenarios = match rule {
        LeftOut::RecordDeleting | LeftOut::Verify => events(),
        LeftOut::Run(Rule::Untaken) => return copies(),
        LeftOut::Run(Rule::Alone) => return top_breaks(),
        LeftOut::Run(_) | LeftOut::Confirm | LeftOut::SparesShort | LeftOut::UniqueNames => {
            faults()
        }
        _ => rules(),
    };
    scenarios.retain(|it| {
        matches!(it.population, Population::Distinct(2 | 4))
            || (it.population == Population::Distinct(3) && it.fault != Fault::None)
    });
    if rule == LeftOut::CloseTornLine {
        scenarios.retain(|it| matches!(it.schedule, Schedule::Never | Schedule::WhenStored));
    }
    scenarios.retain(|it| match rule {
        LeftOut::Confirm => matches!(it.fault, Fault::Shift(_) | Fault::TopShifted(_)),
        LeftOut::SparesShort => matches!(it.fault, Fault::Cut(_)),
        LeftOut::RecordDeleting | LeftOut::Verify => it.event == Event::ReusesId,
        LeftOut::Run(Rule::Longer) => matches!(it.fault, Fault::CutLater(_)),
        LeftOut::Run(Rule::Once) => matches!(it.fault, Fault::KeepsDeletedAndBreaksIn(_)),
        LeftOut::UniqueNames => matches!(it.fault, Fault::BreaksIn(_) | Fault::BreaksBefore(_)),
        _ => true,
    });
    scenarios
}

/// All faults at all positions, once and lasting.
pub(super) fn faults() -> Vec<Scenario> {
    let all = |(population, schedule): (Population, Schedule)| {
        let faults = Fault::all(population.len()).into_iter();
        faults.flat_map(move |fault| {
            [false, true].map(|lasting| Scenario {
                population,
                schedule,
                fault,
                lasting,
                event: Event::Nothing,
                pause: 1,
            })
        })
    };
    if is_full() {
        let schedules = Schedule::ALL.into_iter();
        let pairs = schedules.flat_map(|schedule| POPULATIONS.map(|it| (it, schedule)));
        return pairs.flat_map(all).collect();
    }
    let pairs = [
        (Population::Distinct(3), Schedule::WhenStored),
        (Population::Distinct(2), Schedule::Never),
        (Population::Copies(2), Schedule::WhenStored),
        (Population::SameHeader, Schedule::AfterDays),
        (Population::Sizes, Schedule::NeverThenWhenStored),
    ];
    let mut scenarios: Vec<_> = pairs.into_iter().flat_map(all).collect();
    // The third and the fourth message are fetched together.
    let four = all((Population::Distinct(4), Schedule::WhenStored));
    scenarios.extend(four.filter(|it| it.fault.is_at(2)));
    // These have the most runs.
    scenarios.retain(|it| it.lasting || it.schedule == Schedule::WhenStored);
    scenarios
}

/// Sessions that end while known mail is verified.
fn top_breaks() -> Vec<Scenario> {
    let mut scenarios = faults();
    scenarios.retain(|it| it.schedule == Schedule::NeverThenWhenStored && it.lasting);
    scenarios.retain(|it| matches!(it.fault, Fault::TopBreaks(_)));
    scenarios
}

/// Equal copies without unique-ids.
fn copies() -> Vec<Scenario> {
    let mut scenarios = faults();
    scenarios.retain(|it| matches!(it.population, Population::Copies(_)));
    scenarios.retain(|it| it.fault == Fault::NoIds);
    scenarios
}

/// All events between two runs, with all rules.
pub(super) fn events() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for event in Event::ALL {
        for population in POPULATIONS {
            for schedule in Schedule::ALL {
                for fault in [Fault::None, Fault::CommitsOnDrop, Fault::NoTop] {
                    for pause in [1, 0] {
                        scenarios.push(Scenario {
                            population,
                            schedule,
                            fault,
                            lasting: true,
                            event,
                            pause,
                        });
                    }
                }
            }
        }
    }
    scenarios.retain(|it| it.pause > 0 || it.schedule != Schedule::AfterDays);
    scenarios.retain(|it| it.pause > 0 || it.schedule != Schedule::NeverThenAfterDays);
    if !is_full() {
        scenarios.retain(is_typical);
    }
    scenarios
}

/// Returns whether a scenario with an event is enumerated always.
fn is_typical(it: &Scenario) -> bool {
    let simple = matches!(
        it.schedule,
        Schedule::Never
            | Schedule::WhenStored
            | Schedule::NeverThenWhenStored
            | Schedule::WhenStoredThenNever
    );
    match (it.population, it.fault, it.pause) {
        (Population::Distinct(2), Fault::None, 1) => true,
        (Population::Distinct(2), _, 1) => simple,
        (Population::Copies(2) | Population::SameHeader, Fault::None, 1) => simple,
        // On the same day, less is asked if nothing is to be deleted.
        (Population::Distinct(2), Fault::None, 0) => it.schedule == Schedule::Never,
        _ => false,
    }
}
