//! The moves that get there.

use super::{finished, right_align, table};
use crate::output::Look;
use crate::report::model::{CommandView, LaunchView, Report, RetireView};
use crate::units::{count, dollars, per_hour, percent};
use domain::Money;
use std::collections::BTreeMap;

/// How many moves are shown unless all are asked for.
const SHOWN: usize = 20;

/// The moves, or why there is none.
pub(crate) fn section(report: &Report, look: Look, all: bool) -> String {
    if report.commands.is_empty() {
        let text = "No move within the policy is worth its disruption; what stays is said below.";
        return format!("{}\n{text}\n", look.heading("Moves"));
    }
    let saved = report.saving.per_hour;
    let heading = match (report.commands.len(), saved >= Money::ZERO) {
        (1, true) => format!("1 move saves {}", per_hour(saved)),
        (1, false) => format!("1 move adds {}", per_hour(-saved)),
        (moves, true) => format!("{moves} moves, in this order, save {}", per_hour(saved)),
        (moves, false) => format!("{moves} moves, in this order, add {}", per_hour(-saved)),
    };
    let mut table = table(look);
    table.set_header(["#", "Saves $/h", "What and why"]);
    let shown = if all { report.commands.len() } else { SHOWN };
    for command in report.commands.iter().take(shown) {
        let number = command.index.to_string();
        table.add_row([number, dollars(command.saving_per_hour), what_and_why(command)]);
    }
    right_align(&mut table, &[0, 1]);
    let mut text = look.heading(&heading) + "\n" + &finished(&table);
    if let Some(rest) = report.commands.get(shown..).filter(|rest| !rest.is_empty()) {
        let saving = rest.iter().map(|command| command.saving_per_hour).sum();
        let more = count(rest.len(), "more move");
        let note = format!("   … and {more} that save {}; --all shows them\n", per_hour(saving));
        text.push_str(&note);
    }
    text
}

fn what_and_why(command: &CommandView) -> String {
    let mut lines: Vec<String> = command.launch.iter().map(launch).collect();
    lines.extend(retired(&command.retire));
    lines.push(command.reason.clone());
    lines.join("\n")
}

fn launch(launch: &LaunchView) -> String {
    let Some(choice) = launch.choices.first() else { return String::new() };
    let modelled = if choice.estimated { "≈ " } else { "" };
    let risk = match i64::from(choice.monthly_interruption_ppm) {
        0 => String::new(),
        ppm => format!(", ≈ {} interrupted in a month", percent(ppm)),
    };
    let others = match launch.choices.len() - 1 {
        0 => String::new(),
        others => format!("; {} if there is none", count(others, "other pool")),
    };
    format!(
        "+ {} × {} {} {}, {modelled}{} $/h each{risk}{others}",
        launch.count,
        choice.instance_type,
        choice.zone,
        choice.capacity_type,
        dollars(choice.price_per_hour)
    )
}

/// One line for nodes of one kind.
fn retired(nodes: &[RetireView]) -> Vec<String> {
    let mut kinds: BTreeMap<(&str, &str, &str), Vec<&RetireView>> = BTreeMap::new();
    for node in nodes {
        kinds.entry((&node.instance_type, &node.zone, node.capacity_type)).or_default().push(node);
    }
    let line = |((instance_type, zone, capacity_type), nodes): (_, Vec<&RetireView>)| {
        let first = nodes.first().map(|node| node.node.as_str()).unwrap_or_default();
        let others = match nodes.len() - 1 {
            0 => String::new(),
            others => format!(" and {}", count(others, "other")),
        };
        let price = nodes.first().map(|node| node.price_per_hour).unwrap_or_default();
        format!(
            "− {} × {instance_type} {zone} {capacity_type}, {} $/h each: {first}{others}",
            nodes.len(),
            dollars(price),
        )
    };
    kinds.into_iter().map(line).collect()
}
