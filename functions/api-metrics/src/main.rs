//! KPIs, cost, savings ledger.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::serve(api_metrics::routes())
}
