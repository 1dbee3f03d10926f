//! What can be wrong with the server of a scenario, and what happens between its runs.

/// A fault of the server. The position is the serial number of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,

    // The listings.
    /// The unique-ids are the numbers of the messages.
    IdsAreNumbers,
    /// `UIDL` names each message without a unique-id.
    NoIds,
    /// `UIDL` is refused.
    NoUidl,
    /// `UIDL` names this message without a unique-id.
    NoIdFor(usize),
    /// The line of `UIDL` about this message makes no sense.
    BadLineFor(usize),
    /// `UIDL` does not name this message.
    MissingLineFor(usize),
    /// This message and the next have the same unique-id.
    SharedId(usize),
    /// `LIST` is refused.
    NoList,
    /// `LIST` has this many octets too many for each message.
    Surplus(usize),
    /// `LIST` has ten octets too many for this message.
    TooLarge(usize),
    /// `LIST` has ten octets too few for this message.
    TooSmall(usize),
    /// `LIST n` has other sizes than `LIST`.
    OtherSizes,

    // The messages.
    /// The message ends in its middle, as if it were complete.
    Cut(usize),
    /// From the second run on, the message ends in its middle, and `TOP` is refused.
    CutLater(usize),
    /// The message ends in its middle. Its rest is read as the replies to the next commands, and
    /// the replies to these as those to later ones.
    Shift(usize),
    /// The same, and the rest is received together with the message.
    Surplused(usize),
    /// The connection ends in the middle of this message.
    BreaksIn(usize),
    /// The connection ends instead of this message.
    BreaksBefore(usize),
    /// The message is refused.
    Refused(usize),
    /// The connection ends after each message.
    ClosesAfterEach,

    // `TOP`.
    /// `TOP` is refused.
    NoTop,
    /// `TOP` is refused for this message.
    TopRefused(usize),
    /// `TOP` answers with the header that the client expects, whatever the message is, and the
    /// replies to the next commands are those to earlier ones.
    TopShifted(usize),
    /// The connection ends instead of a reply to `TOP` for this message.
    TopBreaks(usize),

    // The questions of a confirmation.
    /// The server answers none.
    Unconfirmable,
    /// The connection ends at them.
    BreaksAtConfirm,

    // The end of the session.
    /// `DELE` is refused for this message.
    DeleRefused(usize),
    /// The connection ends at the `DELE` of this message. If the flag is set, the server commits
    /// the earlier ones.
    BreaksAtDele(usize, bool),
    /// The server commits deletions whenever the connection ends.
    CommitsOnDrop,
    /// The server confirms `QUIT` and deletes nothing.
    KeepsDeleted,
    /// The same, and the connection ends in the middle of this message.
    KeepsDeletedAndBreaksIn(usize),
    /// `QUIT` is refused. If the flag is set, the deletions are done nevertheless.
    QuitRefused(bool),
    /// `QUIT` is not answered. If the flag is set, the deletions are done nevertheless.
    QuitUnanswered(bool),
    /// After `QUIT`, the next login is refused: the maildrop is in use.
    InUse,
    /// The login is refused.
    LoginRefused,
    /// The listings are refused when the mailbox is empty.
    EmptyRefused,
}

impl Fault {
    /// Returns the faults with this number of messages.
    pub(super) fn all(messages: usize) -> Vec<Self> {
        let mut all = vec![
            Self::None,
            Self::IdsAreNumbers,
            Self::NoIds,
            Self::NoUidl,
            Self::NoList,
            Self::Surplus(2),
            Self::Surplus(3),
            Self::OtherSizes,
            Self::ClosesAfterEach,
            Self::NoTop,
            Self::Unconfirmable,
            Self::BreaksAtConfirm,
            Self::CommitsOnDrop,
            Self::KeepsDeleted,
            Self::QuitRefused(false),
            Self::QuitRefused(true),
            Self::QuitUnanswered(false),
            Self::QuitUnanswered(true),
            Self::InUse,
            Self::LoginRefused,
            Self::EmptyRefused,
        ];
        for at in 0..messages {
            all.extend([
                Self::NoIdFor(at),
                Self::BadLineFor(at),
                Self::MissingLineFor(at),
                Self::TooLarge(at),
                Self::TooSmall(at),
                Self::Cut(at),
                Self::CutLater(at),
                Self::Shift(at),
                Self::Surplused(at),
                Self::BreaksIn(at),
                Self::BreaksBefore(at),
                Self::Refused(at),
                Self::TopRefused(at),
                Self::TopShifted(at),
                Self::TopBreaks(at),
                Self::DeleRefused(at),
                Self::KeepsDeletedAndBreaksIn(at),
                Self::BreaksAtDele(at, false),
                Self::BreaksAtDele(at, true),
            ]);
            if at + 1 < messages {
                all.push(Self::SharedId(at));
            }
        }
        all
    }

    /// Returns whether some messages have no unique-id that identifies them.
    pub(super) fn hides_ids(self) -> bool {
        let none = matches!(self, Self::IdsAreNumbers | Self::NoIds | Self::NoUidl);
        none || matches!(
            self,
            Self::NoIdFor(_) | Self::BadLineFor(_) | Self::SharedId(_)
        )
    }

    /// Returns whether this fault concerns the retrieval of this message.
    pub(super) fn is_at(self, serial: usize) -> bool {
        match self {
            Self::Cut(at)
            | Self::Shift(at)
            | Self::Surplused(at)
            | Self::BreaksIn(at)
            | Self::BreaksBefore(at)
            | Self::Refused(at) => at == serial,
            _ => false,
        }
    }

    /// Returns whether this fault, if it lasts, prevents the message from being fetched whole.
    pub(super) fn withholds(self, serial: usize) -> bool {
        match self {
            Self::Cut(at)
            | Self::CutLater(at)
            | Self::Shift(at)
            | Self::Surplused(at)
            | Self::BreaksIn(at)
            | Self::BreaksBefore(at)
            | Self::Refused(at)
            | Self::MissingLineFor(at)
            | Self::BadLineFor(at) => at == serial,
            Self::KeepsDeletedAndBreaksIn(at) => at == serial,
            Self::BreaksAtConfirm | Self::LoginRefused => true,
            _ => false,
        }
    }

    /// Returns whether this fault, even if it has ended, may leave a message that was stored on the
    /// server.
    pub(super) fn spares(self, serial: usize) -> bool {
        match self {
            // What is not confirmed is never deleted.
            Self::Unconfirmable | Self::ClosesAfterEach => true,
            _ => self.withholds(serial),
        }
    }

    /// Returns whether this fault, if it lasts, leaves a message that was stored on the server.
    pub(super) fn keeps(self, serial: usize) -> bool {
        match self {
            Self::DeleRefused(at) | Self::TooLarge(at) => at == serial,
            // Too few messages to learn how the server counts.
            Self::Surplus(_) => true,
            // All messages seem to be short.
            Self::OtherSizes => true,
            Self::KeepsDeletedAndBreaksIn(_) => true,
            Self::KeepsDeleted | Self::QuitRefused(false) | Self::QuitUnanswered(false) => true,
            Self::BreaksAtDele(..) => true,
            Self::TopShifted(at) | Self::TopBreaks(at) => at == serial,
            _ => self.spares(serial),
        }
    }
}

/// What happens between the first run (or its crash) and the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Nothing,
    /// A message arrives.
    Arrives,
    /// A message arrives with the unique-id of the first message that is gone.
    ReusesId,
    /// The same, and it has the same header and size as the first message of the scenario.
    ReusesIdAndHeader,
    /// An equal copy of the first message arrives.
    CopyArrives,
    /// All messages have new unique-ids.
    Renumbers,
    /// Another client deletes the first message.
    OtherDeletes,
    /// Five weeks pass.
    MonthPasses,
}

impl Event {
    pub(super) const ALL: [Self; 8] = [
        Self::Nothing,
        Self::Arrives,
        Self::ReusesId,
        Self::ReusesIdAndHeader,
        Self::CopyArrives,
        Self::Renumbers,
        Self::OtherDeletes,
        Self::MonthPasses,
    ];
}
