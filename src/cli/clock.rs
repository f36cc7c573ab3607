//! The clocks of CPU time, which measurements are made with.

use std::time::Duration;

/// The CPU time of this process.
pub fn process_cpu_time() -> Duration {
    cpu_time(Whose::Process)
}

/// The CPU time of this thread.
pub fn thread_cpu_time() -> Duration {
    cpu_time(Whose::Thread)
}

#[derive(Clone, Copy)]
enum Whose {
    Process,
    Thread,
}

#[cfg(unix)]
fn cpu_time(whose: Whose) -> Duration {
    let clock = match whose {
        Whose::Process => rustix::time::ClockId::ProcessCPUTime,
        Whose::Thread => rustix::time::ClockId::ThreadCPUTime,
    };
    let time = rustix::time::clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Where there is no clock for CPU time, the time on the wall.
#[cfg(not(unix))]
fn cpu_time(_whose: Whose) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "a measurement of real time; no run sees it")]
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}
