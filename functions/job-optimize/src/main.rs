//! Makes plans, every 5 minutes.

fn main() -> std::process::ExitCode {
    runtime::job_main(async |ctx, now| job_optimize::run(ctx, now).await)
}
