//! The `spot-optimizer` command.
//!
//! Each subcommand is a module with `Options` and `run`; this file only tells them apart. Exit codes:
//! 0 fine, 1 it did not work (one line on stderr says what and what to do), 2 wrong usage.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod audit;
mod error;
mod explain;
mod output;
mod report;
mod serve;
mod units;

use clap::{CommandFactory, Parser, Subcommand};
use error::CliError;
use std::process::ExitCode;

/// Moves EKS clusters onto Spot safely, and proves every dollar it says it saved.
#[derive(Debug, Parser)]
#[command(name = "spot-optimizer", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Report(report::Options),
    Serve(serve::Options),
    /// Print the API's OpenAPI document
    Openapi,
    Explain(explain::Options),
    /// Work with an export of the audit trail
    #[command(subcommand)]
    Audit(audit::Command),
    /// Print a completion script for a shell
    ///
    /// For example `spot-optimizer completions bash > /etc/bash_completion.d/spot-optimizer`.
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

fn run(command: Command) -> Result<(), CliError> {
    match command {
        Command::Report(options) => report::run(options),
        Command::Serve(options) => serve::run(&options),
        Command::Openapi => openapi(),
        Command::Explain(options) => explain::run(options),
        Command::Audit(command) => audit::run(command),
        Command::Completions { shell } => completions(shell),
    }
}

fn openapi() -> Result<(), CliError> {
    let document = serve::openapi().to_pretty_json();
    let document = document.map_err(|error| CliError::Failed(error.to_string()))?;
    output::print(&format!("{document}\n"))
}

fn completions(shell: clap_complete::Shell) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "spot-optimizer", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_has_no_contradiction() {
        Cli::command().debug_assert();
    }
}
