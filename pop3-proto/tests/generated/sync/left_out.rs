//! The rules of a run, each of which can be left out. Then the checker must find a failure.

use pop3_proto::internals::model::Rule;

/// A rule that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeftOut {
    // The store.
    /// Sync staged files before anything else.
    SyncStaged,
    /// Sync the ledger before files are published.
    SyncLedger,
    /// Sync the folder after files were published, before the next batch is recorded.
    SyncPublished,
    /// At the start, publish the staged files that the ledger names.
    PublishNamed,
    /// At the start, remove the other staged files.
    RemoveUnnamed,
    /// Close a torn line of the ledger before the next one is appended.
    CloseTornLine,
    /// Give each fetch a name of its own.
    UniqueNames,

    // The order.
    /// Record before files are published.
    RecordBeforePublish,
    /// Publish before `DELE`.
    PublishBeforeDelete,
    /// Record "stored" at all.
    RecordStored,
    /// Record "deleting" before `DELE`.
    RecordDeleting,

    // The confirmation.
    /// Confirm what was received.
    Confirm,
    /// Compare the header before known mail is deleted.
    Verify,
    /// Delete nothing that has fewer octets than listed.
    SparesShort,

    /// A rule that only the run itself can leave out.
    Run(Rule),
}

impl LeftOut {
    pub(super) const ALL: [Self; 18] = [
        Self::SyncStaged,
        Self::SyncLedger,
        Self::SyncPublished,
        Self::PublishNamed,
        Self::RemoveUnnamed,
        Self::CloseTornLine,
        Self::UniqueNames,
        Self::RecordBeforePublish,
        Self::PublishBeforeDelete,
        Self::RecordStored,
        Self::RecordDeleting,
        Self::Confirm,
        Self::Verify,
        Self::SparesShort,
        Self::Run(Rule::Untaken),
        Self::Run(Rule::Longer),
        Self::Run(Rule::Alone),
        Self::Run(Rule::Once),
    ];
}
