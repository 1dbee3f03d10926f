//! What the connection does, told by subject: each file is about one.

#[path = "../common/mod.rs"]
mod common;

mod abandon;
mod abandon_many;
mod bad_input;
mod blank_lines;
mod bodies;
mod capabilities;
mod commands;
mod confirm;
mod end;
mod engine;
mod first_batch;
mod greeting;
mod helpers;
mod last_err;
mod legality;
mod listings;
mod memory;
mod queue;
mod quit;
mod redaction;
mod retry;
mod secrets;
mod sizes;
mod surplus;
mod texts;
mod timers;
mod total_and_keep_alive;
mod values;
