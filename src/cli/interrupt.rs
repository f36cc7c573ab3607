//! Ctrl-C: the first asks for an end in good order, the second ends at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::exit::Code;
use crate::cli::failure::Failure;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Listens from now on: to Ctrl-C, and to a wish to terminate.
pub fn listen() -> Result<(), Failure> {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(Code::Interrupted as i32);
        }
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::usage(format!("cannot listen to Ctrl-C: {error}")))
}

/// Whether somebody wants an end.
pub fn is_wanted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
