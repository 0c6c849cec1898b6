//! Refreshes prices, every 15 minutes.

fn main() -> std::process::ExitCode {
    runtime::job_main(async |ctx, now| job_prices::run(ctx, now).await)
}
