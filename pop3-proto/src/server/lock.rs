//! The lock of a maildrop, which sessions on clones of one configuration share.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

/// A lock that at most one session has (RFC 1939 section 4).
#[derive(Clone, Debug, Default)]
pub(super) struct MaildropLock(Arc<AtomicBool>);

/// The lock is released when this is dropped.
#[derive(Debug)]
pub(super) struct Locked(Arc<AtomicBool>);

impl MaildropLock {
    /// Returns the lock, unless another session has it.
    pub(super) fn acquire(&self) -> Option<Locked> {
        let was_locked = self.0.swap(true, Ordering::AcqRel);
        (!was_locked).then(|| Locked(Arc::clone(&self.0)))
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
