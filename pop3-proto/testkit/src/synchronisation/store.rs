//! A store in memory, which checks the order of the steps.

use std::collections::BTreeMap;

use pop3_proto::sync::{Day, Keep, Ledger, Report, Rules, Run, ToStore};

/// Files and the ledger of one mailbox.
#[derive(Debug, Default)]
pub struct Store {
    staged: BTreeMap<String, Vec<u8>>,
    /// The file that is being written.
    open: Option<String>,
    pub published: Vec<Vec<u8>>,
    pub ledger: String,
}

impl Store {
    pub fn keep(&mut self, what: &Keep) {
        self.open = None;
        match what {
            Keep::Recover(names) => {
                let staged = std::mem::take(&mut self.staged);
                let named = |name: &String| names.iter().any(|it| it.as_str() == name);
                let kept = staged.into_iter().filter(|(name, _)| named(name));
                self.published.extend(kept.map(|(_, text)| text));
            }
            Keep::Stage(names) => {
                let staged = |name: &str| self.staged.contains_key(name);
                assert!(names.iter().all(|name| staged(name.as_str())), "{names:?}");
            }
            Keep::Discard(names) => {
                for name in names {
                    assert!(self.staged.remove(name.as_str()).is_some(), "{name}");
                }
            }
            Keep::Record(lines) => self.ledger.push_str(lines),
            Keep::Publish(names) => {
                for name in names {
                    let text = self.staged.remove(name.as_str());
                    self.published.push(text.expect("a staged file"));
                }
            }
        }
    }

    /// Starts the file of a message; none if the message is only looked at.
    pub fn begin(&mut self, to: Option<ToStore>) {
        self.open = to.map(|to| to.name.to_string());
        if let Some(name) = &self.open {
            assert!(
                self.staged.insert(name.clone(), Vec::new()).is_none(),
                "{name}"
            );
        }
    }

    pub fn write(&mut self, chunk: &[u8]) {
        match &self.open {
            Some(name) => self.staged.get_mut(name).unwrap().extend_from_slice(chunk),
            None => assert!(chunk.is_empty()),
        }
    }

    /// Returns the ledger that the lines describe.
    pub fn load(&self) -> Ledger {
        let mut reader = Ledger::reader(0);
        reader.feed(Ledger::HEADER.as_bytes()).unwrap();
        reader.feed(self.ledger.as_bytes()).unwrap();
        let (ledger, loaded) = reader.finish().unwrap();
        assert_eq!((loaded.damaged, loaded.torn), (0, false), "{}", self.ledger);
        ledger
    }

    /// Starts a run.
    pub fn run(&self, rules: Rules, day: u16) -> Run {
        Run::new(self.load(), rules, Day::new(day), super::seed())
    }

    /// Ends a run. Its ledger must be the one that the lines describe.
    pub fn finish(&self, mut run: Run) -> Report {
        for note in run.notes() {
            eprintln!("{note}");
        }
        let (ledger, report) = run.finish();
        assert_eq!(entries(&ledger), entries(&self.load()), "{}", self.ledger);
        report
    }
}

fn entries(ledger: &Ledger) -> Vec<String> {
    let entries = ledger.entries();
    let mut entries: Vec<_> = entries
        .map(|(id, entry)| format!("{id:?} {entry:?}"))
        .collect();
    entries.sort();
    entries
}
