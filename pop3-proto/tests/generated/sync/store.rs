//! The model of a store: staged and published files, and the ledger's file. What is not synced may
//! vanish in a crash.

use std::collections::BTreeMap;

use pop3_proto::sync::{FetchName, Keep, Ledger};

use super::left_out::LeftOut;

/// A staged file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Staged {
    text: String,
    synced: bool,
}

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    name: String,
    pub(super) text: String,
    /// Whether its content is synced.
    content: bool,
    /// Whether its name is synced.
    synced: bool,
}

/// The files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Store {
    staged: BTreeMap<String, Staged>,
    pub(super) published: Vec<Published>,
    /// Staged files whose removal is not synced.
    removed: Vec<(String, Staged)>,
    pub(super) ledger: String,
    /// How much of the ledger is synced.
    synced: usize,
    /// What the next append has to begin with.
    repair: &'static str,
}

/// How the machine stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crash {
    /// The program is killed: what was written is there.
    Kill,
    /// The power fails: what is not synced is lost.
    PowerCut,
    /// The same, and files that are not synced are there with a part of their content.
    Torn,
}

impl Store {
    /// Writes to a staged file.
    pub(super) fn write(&mut self, name: &str, text: &str) {
        let file = self.staged.entry(name.to_owned()).or_insert(Staged {
            text: String::new(),
            synced: false,
        });
        file.synced = false;
        file.text.push_str(text);
    }

    /// Creates a staged file, or empties it.
    pub(super) fn create(&mut self, name: &str) {
        self.staged.remove(name);
        self.write(name, "");
    }

    /// Returns the states of the store in which a crash during this step may leave it, before it
    /// has done all of it.
    pub(super) fn torn_states(&self, what: &Keep, left_out: Option<LeftOut>) -> Vec<Self> {
        let mut states = Vec::new();
        match what {
            Keep::Record(lines) => {
                let repair = self.repair;
                let text = format!("{repair}{lines}");
                let mut start = 0;
                for line in text.split_inclusive('\n') {
                    for end in [start + line.len() / 2, start + line.len()] {
                        if end > 0 && end < text.len() {
                            let mut state = self.clone();
                            state.ledger.push_str(&text[..end]);
                            state.synced = state.ledger.len();
                            states.push(state);
                        }
                    }
                    start += line.len();
                }
            }
            Keep::Publish(names) | Keep::Recover(names) => {
                let mut state = self.clone();
                for name in names.iter().take(names.len().saturating_sub(1)) {
                    state.publish(name.as_str());
                    states.push(state.clone());
                }
            }
            Keep::Discard(names) => {
                let mut state = self.clone();
                let first = names.iter().take(1).cloned().collect();
                state.keep(&Keep::Discard(first), left_out);
                states.push(state);
            }
            Keep::Stage(_) => {}
        }
        states
    }

    fn publish(&mut self, name: &str) {
        if let Some(file) = self.staged.remove(name) {
            self.published.push(Published {
                name: name.to_owned(),
                text: file.text,
                content: file.synced,
                synced: false,
            });
        }
    }

    fn sync_folder(&mut self) {
        self.removed.clear();
        for file in &mut self.published {
            file.synced = true;
        }
    }

    /// Does a step.
    pub(super) fn keep(&mut self, what: &Keep, left_out: Option<LeftOut>) {
        let leaves_out = |rule| left_out == Some(rule);
        match what {
            Keep::Recover(names) => {
                let named = |name: &str| names.iter().any(|it| it.as_str() == name);
                let all: Vec<_> = self.staged.keys().cloned().collect();
                for name in all {
                    let publish = if leaves_out(LeftOut::PublishNamed) {
                        false
                    } else {
                        named(&name) || leaves_out(LeftOut::RemoveUnnamed)
                    };
                    if publish {
                        self.publish(&name);
                    } else {
                        self.remove(&name);
                    }
                }
                self.sync_folder();
            }
            Keep::Stage(names) => {
                for name in names {
                    let file = self.staged.get_mut(name.as_str()).expect("a staged file");
                    file.synced = !leaves_out(LeftOut::SyncStaged);
                }
            }
            Keep::Discard(names) => names.iter().for_each(|name| self.remove(name.as_str())),
            Keep::Record(lines) => {
                self.ledger.push_str(self.repair);
                self.repair = "";
                self.ledger.push_str(lines);
                if !leaves_out(LeftOut::SyncLedger) {
                    self.synced = self.ledger.len();
                }
            }
            Keep::Publish(names) => {
                for name in names {
                    assert!(self.has_staged(name), "{name} is published, and not staged");
                    self.publish(name.as_str());
                }
                if !leaves_out(LeftOut::SyncPublished) {
                    self.sync_folder();
                }
            }
        }
    }

    fn has_staged(&self, name: &FetchName) -> bool {
        self.staged.contains_key(name.as_str())
    }

    fn remove(&mut self, name: &str) {
        if let Some(file) = self.staged.remove(name) {
            self.removed.push((name.to_owned(), file));
        }
    }

    /// Returns whether a crash can lose anything.
    pub(super) fn is_synced(&self) -> bool {
        self.removed.is_empty()
            && self.synced == self.ledger.len()
            && self.staged.values().all(|file| file.synced)
            && self
                .published
                .iter()
                .all(|file| file.synced && file.content)
    }

    /// Stops the machine.
    pub(super) fn crash(&mut self, how: Crash) {
        if how == Crash::Kill {
            return;
        }
        self.ledger.truncate(self.synced);
        let mut undone = std::mem::take(&mut self.removed);
        let (synced, not): (Vec<_>, Vec<_>) = std::mem::take(&mut self.published)
            .into_iter()
            .partition(|file| file.synced);
        self.published = synced;
        for file in not {
            let staged = Staged {
                text: file.text,
                synced: file.content,
            };
            undone.push((file.name, staged));
        }
        self.staged.extend(undone);
        if how == Crash::Torn {
            for file in self.published.iter_mut().filter(|file| !file.content) {
                file.text.truncate(file.text.len() / 2);
            }
        } else {
            self.published.retain(|file| file.content);
        }
        match how {
            Crash::Torn => {
                for file in self.staged.values_mut().filter(|file| !file.synced) {
                    file.text.truncate(file.text.len() / 2);
                }
            }
            _ => self.staged.retain(|_, file| file.synced),
        }
        for file in self.staged.values_mut() {
            file.synced = true;
        }
    }

    /// Reads the ledger.
    pub(super) fn load(&mut self, left_out: Option<LeftOut>) -> Result<Ledger, String> {
        // After a restart, everything that is there is on the disk.
        self.synced = self.ledger.len();
        self.sync_folder();
        for file in &mut self.published {
            file.content = true;
        }
        let mut reader = Ledger::reader(0);
        let read = reader.feed(self.ledger.as_bytes());
        let read = read.and_then(|()| reader.finish());
        let (ledger, loaded) = read.map_err(|error| error.to_string())?;
        self.repair = if self.ledger.is_empty() {
            Ledger::HEADER
        } else if loaded.torn && left_out != Some(LeftOut::CloseTornLine) {
            "\n"
        } else {
            ""
        };
        Ok(ledger)
    }
}
