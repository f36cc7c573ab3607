//! Other Rafts behind the same contract, and wrappers that spoil any of them.

pub mod saboteur;
