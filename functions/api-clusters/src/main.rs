//! Discovery, registration, detail, instances.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::serve(api_clusters::routes())
}
