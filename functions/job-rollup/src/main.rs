//! Closes the savings ledger, five minutes after each hour.

fn main() -> std::process::ExitCode {
    runtime::job_main(async |ctx, now| job_rollup::run(ctx, now).await)
}
