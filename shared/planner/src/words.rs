//! Amounts and counts as people read them.

use domain::Money;
use domain::plan::Launch;
use domain::snapshot::{NodeSelectorTerm, Operator, Requirement};

/// `1 node`, `2 nodes`.
pub(crate) fn counted(count: impl Into<u64>, what: &str) -> String {
    let count = count.into();
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `1 node`, `2 nodes`.
pub(crate) fn nodes(count: usize) -> String {
    counted(count as u64, "node")
}

/// What one does, or many do: `fits`, `fit`.
pub(crate) fn verb(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// `3 × m7g.large us-east-1a spot and 1 × …`.
pub(crate) fn launched(launch: &[Launch]) -> String {
    let named: Vec<String> = launch
        .iter()
        .filter_map(|launch| Some(format!("{} × {}", launch.count, launch.choices.first()?.pool)))
        .collect();
    match named.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] if named.len() <= 4 => format!("{} and {last}", first.join(", ")),
        _ => {
            let count: u32 = launch.iter().map(|launch| launch.count).sum();
            format!("{count} nodes of {} pools", named.len())
        }
    }
}

/// `1 pod`, `2 pods`.
pub(crate) fn pods(count: u32) -> String {
    counted(count, "pod")
}

/// `kubernetes.io/arch in arm64`.
pub(crate) fn requirements(term: &NodeSelectorTerm) -> String {
    let words = |asked: &Requirement| {
        let (key, values) = (&asked.key, asked.values.join(", "));
        match asked.operator {
            Operator::In => format!("{key} in {values}"),
            Operator::NotIn => format!("{key} not in {values}"),
            Operator::Exists => format!("{key} set"),
            Operator::DoesNotExist => format!("{key} not set"),
            Operator::Gt => format!("{key} above {values}"),
            Operator::Lt => format!("{key} below {values}"),
        }
    };
    term.requirements.iter().map(words).collect::<Vec<_>>().join(" and ")
}

/// Dollars for a sentence: four decimals.
pub(crate) fn usd(money: Money) -> String {
    let step = 100_000;
    let tenths = money.ratio(1, step).nanos();
    Money::from_nanos(tenths * step as i64).to_string()
}

/// Dollars of what is often far below a cent: six decimals.
pub(crate) fn small_usd(money: Money) -> String {
    let step = 1_000;
    Money::from_nanos(money.ratio(1, step).nanos() * step as i64).to_string()
}

/// `7 %`, `2.5 %`: rounded up to a tenth.
pub(crate) fn percent(ppm: u64) -> String {
    match ppm.div_ceil(1_000) {
        tenths if tenths.is_multiple_of(10) => format!("{} %", tenths / 10),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

/// Seconds in their largest sensible unit.
pub(crate) fn duration(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
