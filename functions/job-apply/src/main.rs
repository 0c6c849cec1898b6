//! Carries plans out, each minute and on demand.

fn main() -> std::process::ExitCode {
    runtime::job_main(async |ctx, now| job_apply::run(ctx, now).await)
}
