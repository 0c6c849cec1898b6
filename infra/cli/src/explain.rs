//! `spot-optimizer explain`: why a plan has a command, from the plan's stored files or from an API.

mod offline;
mod online;

use crate::error::CliError;
use crate::output;
use clap::Args;
use std::path::PathBuf;

/// Say why a plan has a command, with numbers and what was not chosen instead
///
/// From files, the plan is first made again from its stored input: unless every byte is the same, this
/// says where it differs and exits with 1.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Place of the command in the plan, from 0
    #[arg(value_name = "COMMAND")]
    index: u32,

    /// The stored planning input; may be gzip
    #[arg(long, value_name = "FILE", requires = "plan", required_unless_present = "url")]
    input: Option<PathBuf>,

    /// The stored plan; may be gzip
    #[arg(long, value_name = "FILE", requires = "input")]
    plan: Option<PathBuf>,

    /// Ask a running API instead, such as <http://127.0.0.1:8080>
    #[arg(long, conflicts_with = "input", requires_all = ["optimization", "token"])]
    url: Option<String>,

    /// Which plan to ask the API for: opt_…
    #[arg(long, value_name = "ID", requires = "url")]
    optimization: Option<String>,

    /// An access token for the API
    #[arg(long, env = "SPOT_OPTIMIZER_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  spot-optimizer explain 0 --input input.json --plan plan.json
  spot-optimizer explain 0 --url http://127.0.0.1:8080 --optimization opt_… --token \"$TOKEN\"";

/// Runs it.
pub(crate) fn run(options: Options) -> Result<(), CliError> {
    let text = match (options.input, options.plan, options.url, options.optimization) {
        (Some(input), Some(plan), ..) => offline::explanation(&input, &plan, options.index)?,
        (_, _, Some(url), Some(id)) => {
            online::explanation(&url, &options.token.unwrap_or_default(), &id, options.index)?
        }
        // clap's rules above leave no other combination.
        _ => return Err(CliError::Usage("name either --input and --plan, or --url".into())),
    };
    output::print(&text)
}
