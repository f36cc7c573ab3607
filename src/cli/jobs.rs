//! How many things a command does at once.

/// How many workers: as many as asked for, or one for each core.
pub fn jobs(wanted: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    wanted.map_or_else(cores, usize::from)
}
