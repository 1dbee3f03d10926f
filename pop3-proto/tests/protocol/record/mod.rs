//! Recordings of sessions, and their replay.

mod language;
mod recordings;
