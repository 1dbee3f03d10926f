//! Ctrl-C: the first one ends the program after the message that is being received, the second one
//! ends it without waiting.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::output::complain;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Handles Ctrl-C from now on. If that is impossible, Ctrl-C ends the program without waiting.
pub(super) fn handle() {
    let main = thread::current();
    let _ = ctrlc::set_handler(move || {
        if REQUESTED.swap(true, Relaxed) {
            process::exit(130);
        }
        complain(&"interrupted: ending after the current message; press Ctrl-C again to end now");
        main.unpark();
    });
}

/// Returns whether Ctrl-C was pressed.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Relaxed)
}

/// Waits this long, or until Ctrl-C is pressed.
pub(crate) fn wait(span: Duration) {
    let began = Instant::now();
    while let Some(rest) = span.checked_sub(began.elapsed()) {
        if requested() || rest.is_zero() {
            break;
        }
        thread::park_timeout(rest);
    }
}
