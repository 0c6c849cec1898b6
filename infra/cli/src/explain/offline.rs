//! From the stored input and plan.

use crate::error::CliError;
use crate::output;
use domain::plan::{Plan, PlanningInput};
use serde::de::DeserializeOwned;
use std::io::Read;
use std::path::Path;

/// Makes the plan again, compares, explains.
pub(crate) fn explanation(input: &Path, plan: &Path, index: u32) -> Result<String, CliError> {
    let input_bytes = unpacked(input)?;
    let plan_bytes = unpacked(plan)?;
    let planning_input: PlanningInput = parsed(input, &input_bytes, "a planning input")?;
    let stored: Plan = parsed(plan, &plan_bytes, "a plan")?;
    let again = planner::plan(&planning_input);
    let verdict = compared(&plan_bytes, &stored, &again).map_err(CliError::Failed)?;
    if !stored.commands.iter().any(|command| command.index == index) {
        return Err(CliError::Failed(match stored.commands.len() {
            0 => "the plan has no commands".into(),
            commands => format!("the plan has no command {index}: its last is {}", commands - 1),
        }));
    }
    Ok(format!("{}{verdict}\n", planner::explain(&stored, index)))
}

/// How the plan made again relates to the stored one; an error where it is another plan.
fn compared(stored_bytes: &[u8], stored: &Plan, again: &Plan) -> Result<&'static str, String> {
    let bytes = serde_json::to_vec(again).map_err(|error| error.to_string())?;
    if bytes == stored_bytes.trim_ascii() {
        return Ok("Made again from its input, the plan is byte for byte the same.");
    }
    if stored == again {
        return Ok("Made again from its input, the plan is the same but for the file's layout.");
    }
    let value = |plan| serde_json::to_value(plan).unwrap_or_default();
    let places: Vec<String> = domain::audit::changes(Some(&value(stored)), Some(&value(again)))
        .into_iter()
        .map(|change| change.pointer)
        .collect();
    Err(format!(
        "made again from its input, the plan is another one: it differs in {}; the files do not \
         belong together, or another version of the planner made it",
        places.join(", ")
    ))
}

fn parsed<T: DeserializeOwned>(path: &Path, bytes: &[u8], what: &str) -> Result<T, CliError> {
    serde_json::from_slice(bytes)
        .map_err(|error| CliError::Failed(format!("{} is not {what}: {error}", path.display())))
}

fn unpacked(path: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = output::read(path)?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).map_err(
        |error| CliError::Failed(format!("{} cannot be unpacked: {error}", path.display())),
    )?;
    Ok(plain)
}
