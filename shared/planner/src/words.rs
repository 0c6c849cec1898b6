//! Amounts and counts as people read them.

use domain::Money;
use domain::plan::Launch;

/// `1 node`, `2 nodes`.
pub(crate) fn nodes(count: usize) -> String {
    if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") }
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

/// Seconds in their largest sensible unit.
pub(crate) fn duration(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
