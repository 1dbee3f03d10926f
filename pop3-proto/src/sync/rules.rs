//! The rules of a synchronisation: what to fetch, and what to delete.

/// What is fetched, and what is deleted. The default fetches everything and deletes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Rules {
    /// Which messages are deleted from the server. Only messages that are safely stored ever are.
    pub delete: Delete,
    /// Messages that `LIST` states with more octets are not fetched.
    pub max_size: Option<u64>,
    /// Of messages that `LIST` states with more octets, only the header is fetched.
    pub headers_above: Option<u64>,
    /// How many messages one run fetches at most.
    pub max_messages: Option<u32>,
    /// How many octets one run fetches at most, by the sizes in the server's listing.
    pub max_octets: Option<u64>,
    /// Which messages are fetched first.
    pub order: Order,
    /// Whether unknown messages are recorded as known instead of being fetched. For the first run
    /// in a mailbox whose mail is already elsewhere. They are never deleted.
    pub adopt: bool,
    /// Whether a message may be deleted even if it has fewer octets than `LIST` states. For
    /// servers that count sizes in a way of their own.
    pub sizes_are_advice: bool,
    /// Whether the run ends after the plan was made.
    pub dry_run: bool,
    /// How often a failed connection or login is tried again if the error may pass.
    pub retries: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            delete: Delete::Never,
            max_size: None,
            headers_above: None,
            max_messages: None,
            max_octets: None,
            order: Order::OldestFirst,
            adopt: false,
            sizes_are_advice: false,
            dry_run: false,
            retries: 0,
        }
    }
}

/// Which messages are deleted from the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Delete {
    /// None.
    #[default]
    Never,
    /// Those that are stored.
    WhenStored,
    /// Those that are stored and were first seen at least this many days ago.
    AfterDays(u16),
}

/// Which messages are fetched first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Order {
    /// Those with the lowest numbers.
    #[default]
    OldestFirst,
    /// Those with the highest numbers.
    NewestFirst,
}
