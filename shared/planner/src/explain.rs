//! A command in words, for people.

use crate::words::{counted, percent, pods, usd};
use domain::plan::{Command, Launch, Plan};
use std::fmt::Write;

/// What a command does and why, and what was not done instead. A plan without such a command is said
/// to have none.
pub fn explain(plan: &Plan, command_index: u32) -> String {
    let Some(command) = plan.commands.iter().find(|command| command.index == command_index) else {
        return format!(
            "The plan of {} has no command {command_index}; it has {}, numbered from 0.\n",
            plan.decided_at,
            counted(plan.commands.len() as u64, "command")
        );
    };
    let mut text =
        format!("Command {command_index} of {}: {}\n", plan.commands.len(), command.reason.text);
    // Writing to a string cannot fail.
    let _ = details(&mut text, command);
    let _ = writeln!(
        text,
        "The whole plan: {} to {} USD/h; no fleet within policy and template costs less than {} USD/h (gap {}.{:02} %).",
        usd(plan.before.cost_per_hour),
        usd(plan.after.cost_per_hour),
        usd(plan.lower_bound_per_hour),
        plan.gap_ppm / 10_000,
        (plan.gap_ppm % 10_000).abs() / 100,
    );
    text
}

fn details(text: &mut String, command: &Command) -> std::fmt::Result {
    for launch in &command.launch {
        launched(text, launch)?;
    }
    for retire in &command.retire {
        writeln!(
            text,
            "  retire {} ({}, {} USD/h), {} evicted{}",
            retire.node,
            retire.pool,
            usd(retire.price_per_hour),
            pods(retire.evictable_pods),
            if retire.drain_rounds > 1 {
                format!(" in {} rounds", retire.drain_rounds)
            } else {
                String::new()
            }
        )?;
    }
    if !command.rejected.is_empty() {
        writeln!(text, "  not chosen:")?;
    }
    for other in &command.rejected {
        writeln!(text, "    {} ({} USD/h): {}", other.what, usd(other.cost_per_hour), other.why)?;
    }
    Ok(())
}

fn launched(text: &mut String, launch: &Launch) -> std::fmt::Result {
    let Some(first) = launch.choices.first() else { return Ok(()) };
    write!(
        text,
        "  launch {} × {} ({} USD/h each",
        launch.count,
        first.pool,
        usd(first.price_per_hour)
    )?;
    if first.estimated {
        write!(text, ", price estimated")?;
    }
    if first.monthly_interruption_ppm > 0 {
        let share = percent(first.monthly_interruption_ppm.into());
        write!(text, ", {share} interrupted a month")?;
    }
    writeln!(text, ")")?;
    for share in &launch.packing {
        writeln!(
            text,
            "    for {} of {} ({} m CPU, {} MiB)",
            pods(share.pods),
            share.workload,
            share.cpu_milli,
            share.memory_mib
        )?;
    }
    for other in launch.choices.iter().skip(1) {
        writeln!(text, "    else {} ({} USD/h)", other.pool, usd(other.price_per_hour))?;
    }
    Ok(())
}
