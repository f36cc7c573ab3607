//! Real time, which no run sees: a campaign's own timing.

use std::time::Instant;

/// The time on the wall.
pub fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a campaign's own timing; no run sees it")]
    Instant::now()
}
