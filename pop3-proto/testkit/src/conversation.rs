//! Drives a client step by step, without a socket or a clock.

use core::time::Duration;

pub use pop3_proto::internals::Driver as Conversation;
use pop3_proto::{Channel, Config, config::Pipelining};

/// Returns a conversation with the default configuration.
pub fn trusted() -> Conversation {
    Conversation::new(Config::default(), Channel::TrustedByCaller)
}

/// Returns a logged-in conversation, with nothing in flight and no pending events.
pub fn logged_in_with(config: Config) -> Conversation {
    let mut session = Conversation::new(config, Channel::TrustedByCaller);
    session.server("+OK ready\r\n");
    session.ask("user alice");
    session.ask("pass secret");
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "USER alice\r\nPASS secret\r\n");
    session.reported();
    session
}

pub fn logged_in() -> Conversation {
    logged_in_with(Config::default())
}

/// Returns a logged-in conversation that pipelines.
pub fn pipelining() -> Conversation {
    let mut config = Config::default();
    config.pipelining = Pipelining::Always;
    logged_in_with(config)
}

/// Returns the seconds from now to the deadline.
pub fn left(session: &Conversation) -> Option<u64> {
    let due = session.connection.poll_timeout()?;
    Some(due.duration_since(session.now).as_secs())
}

/// Advances the clock and calls only `handle_timeout`.
pub fn sleep(session: &mut Conversation, seconds: u64) {
    session.now = session.now + Duration::from_secs(seconds);
    session.connection.handle_timeout(session.now);
}
