//! Plans: run, explain, approve, cancel.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::serve(api_optimizations::routes())
}
