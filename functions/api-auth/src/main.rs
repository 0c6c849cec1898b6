//! Sign-up, login, refresh, me, password, logout.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::serve(api_auth::routes())
}
