//! Recordings of sessions, and their replay.

mod errors;
mod hostile;
mod language;
mod recordings;
mod secrets;
mod shrinking;
mod user;
