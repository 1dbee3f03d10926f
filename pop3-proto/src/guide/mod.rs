//! Guides for people who know other libraries.
//!
//! * [`twisted`] maps each method, attribute and behaviour of Twisted's `AdvancedPOP3Client` to this
//!   library.
//! * [`sans_io`] maps the verbs of quinn-proto, rustls and h11.

pub mod twisted {
    #![doc = include_str!("twisted.md")]
    #[cfg(doc)]
    use crate::{
        Capabilities, Config, Connection, Dele, Error, Event, List, Login, MessageNumber, Phase,
        Quit, QuitOutcome, Retr, Stat, Top, Uidl, command, config, error, listing, login, reply,
    };
}

pub mod sans_io {
    #![doc = include_str!("sans_io.md")]
    #[cfg(doc)]
    use crate::{Connection, Event, error};
}
