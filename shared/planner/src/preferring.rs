//! What is said of preferences: which a command meets, which it gives up, and what that is about.

use crate::fleet::Fleet;
use crate::model::{Model, Preference};
use crate::settle::Passed;
use crate::words::{pods, requirements, usd};
use domain::Money;
use domain::plan::{Alternative, Launch};
use std::collections::BTreeMap;

/// Pods of launched nodes that prefer something of their nodes.
struct Choosy<'m> {
    class: u32,
    site: u32,
    count: u32,
    preference: &'m Preference,
}

/// How many pods of launched nodes get what they prefer; nothing where none prefers anything that new
/// nodes could have.
pub(crate) fn met(model: &Model<'_>, fleet: &Fleet, launched: &[usize]) -> String {
    let (mut met, mut all) = (0, 0);
    for one in choosy(model, fleet, launched) {
        all += one.count;
        met += if one.preference.met(one.site) == one.preference.most() { one.count } else { 0 };
    }
    if all == 0 {
        return String::new();
    }
    format!(
        " Preferred node affinity is met, as far as any offering can, for {met} of {}.",
        pods(all)
    )
}

/// What pods of a launch go without.
pub(crate) fn foregone(
    model: &Model<'_>,
    fleet: &Fleet,
    nodes: &[usize],
    launch: &Launch,
) -> Vec<Alternative> {
    let cost = launch.choices.first().map_or(Money::ZERO, |choice| choice.price_per_hour);
    let cost = cost * u64::from(launch.count);
    // By workload and preference: pods, what meeting it costs more, and what it is worth.
    let mut sums: BTreeMap<(u32, String), (u32, Money, Money)> = BTreeMap::new();
    for one in choosy(model, fleet, nodes) {
        let lacks = one.preference.most() - one.preference.met(one.site).min(one.preference.most());
        if lacks > 0 {
            let workload = model.classes[one.class as usize].workload;
            let sum = sums.entry((workload, words(one.preference))).or_default();
            sum.0 += one.count;
            sum.1 += one.preference.extra() * u64::from(one.count);
            sum.2 += one.preference.worth(lacks) * u64::from(one.count);
        }
    }
    let said =
        |((workload, words), (count, extra, worth)): ((u32, String), (u32, Money, Money))| {
            let workload = &model.workloads[workload as usize];
            Alternative {
                what: format!("give {} of {workload} what they prefer: {words}", pods(count)),
                cost_per_hour: cost + extra,
                why: if extra > worth {
                    format!(
                        "costs about {} USD/h more and is held to be worth {} USD/h",
                        usd(extra),
                        usd(worth)
                    )
                } else {
                    format!(
                        "is held to be worth {} USD/h, which the whole fleet would cost more",
                        usd(worth)
                    )
                },
            }
        };
    sums.into_iter().map(said).collect()
}

/// The fleet that was not taken for what pods prefer, or although they prefer it.
pub(crate) fn passed(model: &Model<'_>, fleet: &Fleet, passed: Passed) -> Option<Alternative> {
    let now = model.cost_now();
    let more = passed.cost_change - fleet.cost_change(model);
    let cost_per_hour = now + passed.cost_change;
    if passed.prefers {
        (more > Money::ZERO).then(|| Alternative {
            what: "meet every preferred node affinity that is worth its price to its pods"
                .to_owned(),
            cost_per_hour,
            why: format!(
                "the whole cluster would cost {} USD/h more, and that is held to be worth {} USD/h",
                usd(more),
                usd(-passed.worth)
            ),
        })
    } else {
        (more < Money::ZERO).then(|| Alternative {
            what: "ignore preferred node affinity".to_owned(),
            cost_per_hour,
            why: format!(
                "the whole cluster would cost {} USD/h less, but meeting it is held to be worth {} USD/h",
                usd(-more),
                usd(passed.worth)
            ),
        })
    }
}

/// For a cheaper pool: whose preference it would not meet as well as the chosen one.
pub(crate) fn against(
    model: &Model<'_>,
    classes: &BTreeMap<u32, u32>,
    chosen: u32,
    other: u32,
) -> Option<String> {
    let (mut count, mut worth, mut example) = (0, Money::ZERO, None);
    for (class, pods) in classes {
        let made = &model.classes[*class as usize];
        let Some(preference) = &made.preference else { continue };
        let lost = preference.met(chosen).saturating_sub(preference.met(other));
        if lost > 0 {
            count += pods;
            worth += preference.worth(lost) * u64::from(*pods);
            example.get_or_insert((made.workload, preference));
        }
    }
    let (workload, preference) = example?;
    Some(format!(
        "{} such as of {} would rather be elsewhere ({}), which is held to be worth {} USD/h",
        pods(count),
        model.workloads[workload as usize],
        words(preference),
        usd(worth)
    ))
}

/// Pods of launched nodes that prefer something new nodes can have.
fn choosy<'m>(
    model: &'m Model<'_>,
    fleet: &'m Fleet,
    launched: &'m [usize],
) -> impl Iterator<Item = Choosy<'m>> {
    launched.iter().flat_map(move |at| {
        let new = &fleet.launched[*at];
        let site = model.shapes[new.shape as usize].site;
        new.load.iter().filter_map(move |(class, count)| {
            let preference = model.classes[*class as usize].preference.as_ref()?;
            let one = Choosy { class: *class, site, count: *count, preference };
            (preference.most() > 0).then_some(one)
        })
    })
}

/// `kubernetes.io/arch in arm64 (weight 50)`.
fn words(preference: &Preference) -> String {
    let words = preference
        .terms
        .iter()
        .map(|(weight, term)| format!("{} (weight {weight})", requirements(term)));
    words.collect::<Vec<_>>().join(", ")
}
