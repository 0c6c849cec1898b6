//! Time that other work on the machine does not count in.

use std::time::Instant;

/// CPU seconds that `work` takes on this thread; seconds of the clock where the system does not say.
#[expect(clippy::disallowed_methods, reason = "it measures time")]
pub(crate) fn cpu_seconds<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let (clock, before) = (Instant::now(), so_far());
    let done = work();
    let spent = so_far().zip(before).map(|(now, before)| now - before);
    (done, spent.unwrap_or_else(|| clock.elapsed().as_secs_f64()))
}

fn so_far() -> Option<f64> {
    // Linux counts where threads change and at ticks, some of them four milliseconds apart.
    std::thread::yield_now();
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|nanos| nanos / 1e9)
}
