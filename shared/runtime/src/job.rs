//! The main of a job.

use crate::ctx::Ctx;
use crate::logs;
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Deserialize;
use std::process::ExitCode;

/// What EventBridge sends on a schedule, as far as a job may look at it.
#[derive(Debug, Clone, Deserialize)]
pub struct ScheduledEvent {
    /// The job's `now`: the same event replayed gives the same result.
    pub time: Timestamp,
}

/// Runs a job as a Lambda function: each scheduled event calls `run` with the event's time.
///
/// A failed run is logged with its causes and reported to Lambda, so that the alarm rings.
pub fn job_main<E>(run: impl AsyncFn(&Ctx, Timestamp) -> Result<(), E>) -> ExitCode
where
    E: std::error::Error + Send + Sync + 'static,
{
    logs::start();
    block_on::<lambda_runtime::Error>(async {
        let ctx = Ctx::from_env(&aws_config::load_from_env().await, &[0; 32])?;
        let (run, ctx) = (&run, &ctx);
        let handler = service_fn(move |event: LambdaEvent<ScheduledEvent>| async move {
            run(ctx, event.payload.time).await.map_err(|error| {
                let cause = logs::chain(&error);
                tracing::error!(cause, "the job failed");
                Diagnostic { error_type: "JobFailed".to_owned(), error_message: cause }
            })
        });
        lambda_runtime::run(handler).await
    })
}

/// Runs a main to its end; a failure is one line on standard error and exit code 1.
pub fn block_on<E: std::fmt::Display>(main: impl Future<Output = Result<(), E>>) -> ExitCode {
    let result = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(main).map_err(|error| error.to_string()),
        Err(error) => Err(format!("no async runtime: {error}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "not started");
            ExitCode::FAILURE
        }
    }
}
