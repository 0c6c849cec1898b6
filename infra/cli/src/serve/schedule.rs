//! What EventBridge does in AWS: runs each job when it is due, by the world's clock.

use crate::error::CliError;
use jiff::{SignedDuration, Timestamp};
use runtime::Ctx;
use simulator::Clock;
use std::time::Duration;

/// Never more often than this in real time, however fast the world runs.
const SHORTEST: Duration = Duration::from_millis(500);

/// Starts every job's rhythm, on a thread of their own. A job never overtakes itself.
pub(super) fn start(ctx: &Ctx, clock: &Clock, speed: u32) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(super::failed)?;
    let (ctx, clock) = (ctx.clone(), clock.clone());
    let every = move |seconds| (Duration::from_secs(seconds) / speed).max(SHORTEST);
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::join!(
                // On Lambda each minute, and at once when the agent reports.
                repeat("job-apply", every(10), &ctx, &clock, Job::Apply),
                repeat("job-optimize", every(300), &ctx, &clock, Job::Optimize),
                repeat("job-prices", every(900), &ctx, &clock, Job::Prices),
                hourly(&ctx, &clock, speed),
            )
        })
    });
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum Job {
    Apply,
    Optimize,
    Prices,
    Rollup,
}

async fn repeat(name: &'static str, pause: Duration, ctx: &Ctx, clock: &Clock, job: Job) {
    loop {
        run(name, ctx, clock.now(), job).await;
        tokio::time::sleep(pause).await;
    }
}

/// Five minutes after each full hour.
async fn hourly(ctx: &Ctx, clock: &Clock, speed: u32) {
    loop {
        run("job-rollup", ctx, clock.now(), Job::Rollup).await;
        let now = clock.now();
        let next = domain::ledger::hour_of(now) + SignedDuration::from_mins(65);
        let wait = Duration::try_from(next.duration_since(now)).unwrap_or(SHORTEST);
        tokio::time::sleep((wait / speed).max(SHORTEST)).await;
    }
}

async fn run(name: &'static str, ctx: &Ctx, now: Timestamp, job: Job) {
    let done = match job {
        Job::Apply => job_apply::run(ctx, now).await,
        Job::Optimize => job_optimize::run(ctx, now).await,
        Job::Prices => job_prices::run(ctx, now).await,
        Job::Rollup => job_rollup::run(ctx, now).await,
    };
    if let Err(error) = done {
        tracing::error!(job = name, cause = runtime::logs::chain(&error), "the job failed");
    }
}
