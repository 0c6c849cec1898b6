//! Linking AWS accounts.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::serve(api_accounts::routes())
}
