//! Power: how soon a campaign finds each planted bug.
