//! `spot-optimizer audit verify`: checks an export of the audit trail offline.

use crate::error::CliError;
use crate::{output, units};
use clap::{Args, Subcommand};
use domain::audit::{AuditRow, verify_chain};
use std::path::PathBuf;

/// Work with an export of the audit trail.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Verify(VerifyOptions),
}

/// Check that no row of an export was changed, removed or put in
///
/// Every row holds the hash of the one before it. Exit code 1 and the place where the chain breaks, if
/// it does. For example `spot-optimizer audit verify audit.ndjson`, or `… | spot-optimizer audit verify -`.
#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// The export: one row of JSON per line, in order; `-` reads stdin
    #[arg(value_name = "EXPORT.ndjson")]
    export: PathBuf,
}

/// Runs it.
pub(crate) fn run(command: Command) -> Result<(), CliError> {
    let Command::Verify(VerifyOptions { export }) = command;
    let text = output::read(&export)?;
    let verdict =
        verdict(&text).map_err(|why| CliError::Failed(format!("{}: {why}", export.display())))?;
    output::print(&format!("{verdict}\n"))
}

fn verdict(export: &[u8]) -> Result<String, String> {
    let rows = rows(export)?;
    verify_chain(&rows).map_err(|broken| format!("the chain is broken: {broken}"))?;
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Err("there are no rows in it".to_owned());
    };
    let beginning = if first.seq == 1 {
        "from the first row on".to_owned()
    } else {
        format!("from row {} on; the rows before it are not in the export", first.seq)
    };
    let counted = units::count(rows.len(), "row");
    Ok(format!(
        "The chain is whole: {counted} up to row {} of {}, {beginning}.\nLast hash: {}",
        last.seq, last.at, last.hash
    ))
}

fn rows(export: &[u8]) -> Result<Vec<AuditRow>, String> {
    let text = std::str::from_utf8(export).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|error| {
                let what = if error.is_eof() { "is cut off" } else { "is not an audit row" };
                format!("line {} {what} ({error})", at + 1)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::audit::{Actor, GENESIS};
    use jiff::Timestamp;

    fn export(length: u64) -> Vec<String> {
        let mut previous = GENESIS.to_owned();
        let line = |seq| {
            let row = AuditRow {
                seq,
                at: Timestamp::UNIX_EPOCH,
                actor: Actor::Job { name: "job-apply".into() },
                action: "cluster.update".into(),
                subject: "clu_1".into(),
                request_id: None,
                changes: vec![],
                previous_hash: String::new(),
                hash: String::new(),
            };
            let row = row.sealed(seq, previous.clone());
            previous.clone_from(&row.hash);
            serde_json::to_string(&row).unwrap()
        };
        (1..=length).map(line).collect()
    }

    #[test]
    fn a_whole_export_passes_and_a_part_says_where_it_begins() {
        let lines = export(3);
        assert!(verdict(lines.join("\n").as_bytes()).unwrap().contains("3 rows up to row 3"));
        let part = verdict(lines[1..].join("\n").as_bytes()).unwrap();
        assert!(part.contains("from row 2 on; the rows before it are not in the export"), "{part}");
    }

    #[test]
    fn a_broken_export_says_where() {
        let mut lines = export(4);
        let changed = lines.join("\n").replacen("clu_1", "clu_2", 1);
        assert!(verdict(changed.as_bytes()).unwrap_err().contains("row 1 was changed"));
        lines.remove(1);
        let missing = verdict(lines.join("\n").as_bytes()).unwrap_err();
        assert!(missing.contains("row 2 is missing"), "{missing}");
        let cut = format!("{}\n{}", lines[0], &lines[1][..40]);
        assert!(verdict(cut.as_bytes()).unwrap_err().contains("line 2 is cut off"));
        assert_eq!(verdict(b"").unwrap_err(), "there are no rows in it");
    }
}
