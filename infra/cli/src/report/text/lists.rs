//! What stays, what was found, and on what it all rests.

use super::{SHOWN, labelled};
use crate::output::Look;
use crate::report::basis::Basis;
use crate::report::findings::{FindingGroup, Item};
use crate::report::model::Report;
use crate::report::stays::{StayGroup, StayNode};
use crate::units::{count, per_hour};
use domain::plan::StayReason;
use domain::policy::{NodeTemplate, Policy};
use std::collections::{BTreeMap, BTreeSet};

/// What stays and what blocks it.
pub(crate) fn stays(report: &Report, look: Look, all: bool) -> String {
    if report.stays.is_empty() {
        return String::new();
    }
    let nodes: usize = report.stays.iter().map(|group| group.nodes.len()).sum();
    let mut parts = vec![look.heading(&format!("What stays: {}", count(nodes, "node"))) + "\n"];
    for group in &report.stays {
        let (title, nodes) = (stay_title(group.reason), count(group.nodes.len(), "node"));
        parts.push(format!("  {title}: {nodes}, {}\n", per_hour(group.cost_per_hour)));
        // What is simply right where it is needs no list.
        if group.reason != StayReason::WellUsed || all {
            parts.push(bullets(&reasons(group), look, all));
        }
    }
    parts.concat()
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

/// One line for each kind of sentence, with its first node and cause as the example.
fn reasons(group: &StayGroup) -> Vec<String> {
    let mut kinds: BTreeMap<String, Vec<&StayNode>> = BTreeMap::new();
    for node in &group.nodes {
        kinds.entry(kind_of(&node.why)).or_default().push(node);
    }
    let mut kinds: Vec<Vec<&StayNode>> = kinds.into_values().collect();
    kinds.sort_by_key(|nodes| std::cmp::Reverse(nodes.len()));
    let line = |nodes: Vec<&StayNode>| {
        let Some(first) = nodes.first() else { return String::new() };
        match nodes.len() {
            1 => format!("{}: {}", first.node, first.why),
            many => format!("{many} nodes, such as {}: {}", first.node, first.why),
        }
    };
    kinds.into_iter().map(line).collect()
}

/// The first sentence without the names and numbers in it.
fn kind_of(text: &str) -> String {
    let first = text.split_once(". ").map_or(text, |(first, _)| first);
    let is_name = |word: &str| word.contains('/') || word.contains(|c: char| c.is_ascii_digit());
    first.split(' ').filter(|word| !is_name(word)).collect::<Vec<_>>().join(" ")
}

/// What could not be judged or honoured.
pub(crate) fn findings(report: &Report, look: Look, all: bool) -> String {
    if report.findings.is_empty() {
        return String::new();
    }
    let mut parts = vec![look.heading("Findings") + "\n"];
    for FindingGroup { title, findings, .. } in &report.findings {
        parts.push(format!("  {title} ({})\n", findings.len()));
        let lines = if all { each(findings) } else { by_workload(findings) };
        parts.push(bullets(&lines, look, all));
    }
    parts.concat()
}

fn each(findings: &[Item]) -> Vec<String> {
    findings.iter().map(said).collect()
}

/// One line for the pods of a workload, or for whatever else a finding is about.
fn by_workload(findings: &[Item]) -> Vec<String> {
    let mut subjects: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for finding in findings {
        let about = finding.workload.as_ref().unwrap_or(&finding.subject);
        subjects.entry(about).or_default().push(finding);
    }
    let line = |(about, findings): (&str, Vec<&Item>)| match findings.as_slice() {
        [first, _, ..] if first.workload.is_some() => {
            format!("{} pods of {about}, such as: {}", findings.len(), first.message)
        }
        [first, ..] => said(first),
        [] => String::new(),
    };
    subjects.into_iter().map(line).collect()
}

/// The message, after its subject where it does not name it itself.
fn said(finding: &Item) -> String {
    let name = finding.subject.split_once('/').map_or(finding.subject.as_str(), |(_, name)| name);
    if finding.message.contains(name) {
        return finding.message.clone();
    }
    format!("{}: {}", finding.subject, finding.message)
}

/// Wrapped lines under a title, the first few of them.
fn bullets(lines: &[String], look: Look, all: bool) -> String {
    let shown = if all || lines.len() == SHOWN + 1 { lines.len() } else { SHOWN };
    let mut parts: Vec<String> =
        lines.iter().take(shown).map(|line| wrapped(line, usize::from(look.width))).collect();
    if lines.len() > shown {
        parts.push(format!("    … and {} more; --all shows them\n", lines.len() - shown));
    }
    parts.concat()
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
pub(crate) fn basis(report: &Report, look: Look) -> String {
    let Basis { priced_at, sources, policy, template, search_units, hours_per_month } =
        &report.basis;
    let age = report.cluster.taken_at.duration_since(*priced_at).as_hours() / 24;
    let mut prices = sources.join("\n");
    if age > 0 {
        let days = count(age as usize, "day");
        let note = format!("\nThe newest of them are {days} older than the cluster's own data");
        prices.push_str(&note);
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
