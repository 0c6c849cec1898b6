//! The only API that agents call: heartbeat, snapshot, lease, result.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::serve(api_agent::routes())
}
