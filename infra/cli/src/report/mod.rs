//! `spot-optimizer report`: what a cluster costs, what it could cost, and why, from files alone.
//!
//! Gather ([`input`]) → decide (`planner::plan`) → tell ([`model`] for programs, [`text`] for people).

mod basis;
mod findings;
mod input;
mod model;
mod policy;
mod stays;
mod text;
mod unblocked;

use crate::error::CliError;
use crate::output::{self, Look};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Print a savings report for a cluster, offline, from what kubectl shows of it
///
/// Says what the cluster costs now, what it could cost, the moves that get there with their reasons,
/// what blocks the rest, and on which prices and dates all that rests. Nothing is sent anywhere and
/// nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// What kubectl printed; may be given several times, may be gzip; `-` reads stdin
    #[arg(short, long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The same, without the flag
    #[arg(value_name = "FILE")]
    more_files: Vec<PathBuf>,

    /// Where the cluster runs, such as us-east-1 [default: what its nodes' labels say]
    #[arg(long)]
    region: Option<String>,

    /// Most of the requested CPU that may run on Spot [default: 70, or what the policy says]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    spot_percent: Option<u8>,

    /// A policy as JSON: fields to change, in the shape of `basis.policy` in the JSON output, with
    /// those of `basis.template` under "template"
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Tables for people or JSON for programs
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,

    /// How long to search, in milliseconds of one core of a usual machine; the same number gives
    /// the same report on every machine
    #[arg(long, value_name = "MS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    budget_ms: u64,

    /// Show every move, node and finding, however many there are
    #[arg(long)]
    all: bool,
}

const EXAMPLES: &str = "\
Examples:
  kubectl get nodes,pods,pdb,deployments,replicasets,statefulsets,daemonsets -A -o json > cluster.json
  spot-optimizer report --file cluster.json

  kubectl get nodes,pods,pdb,deployments,replicasets,statefulsets,daemonsets -A -o json \\
    | spot-optimizer report - --spot-percent 50

  spot-optimizer report --file cluster.json --output json | jq .saving

Persistent volumes tell the zones pods are tied to: add pv,pvc to the list where you can.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
}

/// Runs it.
pub(crate) fn run(options: Options) -> Result<(), CliError> {
    let input = input::gather(&options)?;
    let plan = planner::plan(&input);
    let unblocked = unblocked::plan_without_blocks(&input, &plan);
    let report = model::Report::new(&input, &plan, unblocked.as_ref());
    match options.output {
        Output::Table => output::print(&text::render(&report, Look::of_stdout(), options.all)),
        Output::Json => output::print(&report.to_json()),
    }
}
