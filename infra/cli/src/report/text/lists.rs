//! What stays, what was found, and on what it all rests.

use super::{SHOWN, labelled};
use crate::output::Look;
use crate::report::basis::Basis;
use crate::report::findings::FindingGroup;
use crate::report::model::Report;
use crate::report::stays::StayGroup;
use crate::units::{count, per_hour};
use domain::plan::StayReason;
use domain::policy::{NodeTemplate, Policy};
use std::collections::{BTreeMap, BTreeSet};

/// What stays and what blocks it.
pub fn stays(report: &Report, look: Look, all: bool) -> String {
    if report.stays.is_empty() {
        return String::new();
    }
    let nodes: usize = report.stays.iter().map(|group| group.nodes.len()).sum();
    let mut text = look.heading(&format!("What stays: {}", count(nodes, "node"))) + "\n";
    for group in &report.stays {
        text += &format!(
            "  {}: {}, {}\n",
            stay_title(group.reason),
            count(group.nodes.len(), "node"),
            per_hour(group.cost_per_hour)
        );
        // What is simply right where it is needs no list.
        if group.reason != StayReason::WellUsed || all {
            text += &bullets(&reasons(group), look, all);
        }
    }
    text
}

fn stay_title(reason: StayReason) -> &'static str {
    match reason {
        StayReason::WellUsed => "Part of the best fleet found",
        StayReason::Blocked => "Blocked",
        StayReason::NotJudged => "Not judged",
        StayReason::Cooldown => "Too young",
        StayReason::NotWorthIt => "Not worth the disruption",
    }
}

/// Sentences, the nodes that share one put together.
fn reasons(group: &StayGroup) -> Vec<String> {
    let mut by_text: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in &group.nodes {
        by_text.entry(&node.why).or_default().push(&node.node);
    }
    let mut shared: Vec<_> = by_text.into_iter().collect();
    shared.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
    let line = |(text, nodes): (&str, Vec<&str>)| match nodes.as_slice() {
        [node] => format!("{node}: {text}"),
        [first, rest @ ..] => format!("{first} and {}: {text}", count(rest.len(), "other")),
        [] => text.to_owned(),
    };
    shared.into_iter().map(line).collect()
}

/// What could not be judged or honoured.
pub fn findings(report: &Report, look: Look, all: bool) -> String {
    if report.findings.is_empty() {
        return String::new();
    }
    let mut text = look.heading("Findings") + "\n";
    for FindingGroup { title, findings, .. } in &report.findings {
        text += &format!("  {title} ({})\n", findings.len());
        let lines: Vec<String> = findings
            .iter()
            .map(|finding| format!("{}: {}", finding.subject, finding.message))
            .collect();
        text += &bullets(&lines, look, all);
    }
    text
}

/// Wrapped lines under a title, the first few of them.
fn bullets(lines: &[String], look: Look, all: bool) -> String {
    let shown = if all || lines.len() == SHOWN + 1 { lines.len() } else { SHOWN };
    let mut text = String::new();
    for line in lines.iter().take(shown) {
        text += &wrapped(line, usize::from(look.width));
    }
    if lines.len() > shown {
        text += &format!("    … and {} more; --all shows them\n", lines.len() - shown);
    }
    text
}

fn wrapped(line: &str, width: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in line.split_whitespace() {
        let length = word.chars().count();
        if column == 0 || column + 1 + length > width {
            text += if column == 0 { "    - " } else { "\n      " };
            column = 6 + length;
        } else {
            text.push(' ');
            column += 1 + length;
        }
        text += word;
    }
    text + "\n"
}

/// On what it all rests.
pub fn basis(report: &Report, look: Look) -> String {
    let Basis { priced_at, sources, policy, template, search_units, hours_per_month } =
        &report.basis;
    let age = report.cluster.taken_at.duration_since(*priced_at).as_hours() / 24;
    let mut prices = sources.join("\n");
    if age > 0 {
        let days = count(age as usize, "day");
        prices += &format!("\nThe newest of them are {days} older than the cluster's own data");
    }
    let rows = vec![
        ("Prices", prices),
        ("Policy", policy_in_words(policy)),
        ("Machines", template_in_words(template)),
        ("Search", format!("{} ms", search_units / 1_000)),
        ("≈", format!("modelled, not measured; a month has {hours_per_month} hours")),
    ];
    look.heading("What this rests on") + "\n" + &labelled(rows, look)
}

fn policy_in_words(policy: &Policy) -> String {
    let Policy { spot_percent, max_pool_percent, max_family_percent, max_zone_percent, .. } =
        policy;
    format!(
        "at most {spot_percent} % of requested CPU on Spot; of that at most {max_pool_percent} % in \
         one pool, {max_family_percent} % in one family, {max_zone_percent} % in one zone; at most \
         {} % of a workload in one Spot pool; {} % of each node kept free",
        policy.max_workload_pool_percent, policy.headroom_percent
    )
}

fn template_in_words(template: &NodeTemplate) -> String {
    let architectures: Vec<&str> =
        template.architectures.iter().map(|architecture| architecture.as_str()).collect();
    format!(
        "{}, {} to {} vCPU, {}, {}, {}",
        architectures.join(" or "),
        template.min_vcpu,
        template.max_vcpu,
        any_or("families", &template.families),
        any_or("categories", &template.categories),
        any_or("zones", &template.zones)
    )
}

fn any_or(what: &str, allowed: &BTreeSet<String>) -> String {
    if allowed.is_empty() {
        return format!("all {what}");
    }
    let names: Vec<&str> = allowed.iter().map(String::as_str).collect();
    format!("{what} {}", names.join(" "))
}
