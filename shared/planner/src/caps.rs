//! The policy's limits on Spot: its share, its caps over pools, families, zones and workloads.

use crate::fleet::{Fleet, SpotCpu};
use crate::model::{Model, Shape};
use domain::offering::{Pool, family_of};
use std::collections::BTreeMap;

/// Whether every cap on Spot holds, or is broken only by what was there.
pub(crate) fn within_caps(model: &Model<'_>, base: &Fleet, fleet: &Fleet) -> bool {
    let untouched = Fleet { retired: base.retired.clone(), ..Fleet::default() };
    caps_hold(model, &untouched.spot_cpu(model), &fleet.spot_cpu(model))
}

/// Whether the share of Spot, the base on-demand and the cap on each workload hold as well, or are
/// broken no further than now.
pub(crate) fn within_policy(model: &Model<'_>, base: &Fleet, fleet: &Fleet) -> bool {
    let policy = &model.input.policy;
    let now = Fleet::default();
    let (before, after) = (now.spot_replicas(model), fleet.spot_replicas(model));
    let total = fleet.spot_total(model);
    let share = total * 100 <= model.workload_cpu() * u64::from(policy.spot_percent);
    let workload_holds = |(workload, pools): (&u32, &BTreeMap<Pool, u32>)| {
        let replicas = model.replicas[*workload as usize];
        let known = before.get(workload);
        let had = |pool: &Pool| known.and_then(|pools| pools.get(pool)).copied().unwrap_or(0);
        let most = replicas * u32::from(policy.max_workload_pool_percent.min(100)) / 100;
        let all_had: u32 = known.map_or(0, |pools| pools.values().sum());
        let all: u32 = pools.values().sum();
        all <= model.spot_replicas[*workload as usize].max(all_had)
            && pools.iter().all(|(pool, count)| *count <= most.max(had(pool)))
    };
    (share || total <= now.spot_total(model))
        && after.iter().all(workload_holds)
        && within_caps(model, base, fleet)
}

/// Whether one more node on Spot beside what there is keeps the policy's share and caps, were it full.
pub(crate) fn spot_fits(
    model: &Model<'_>,
    before: &BTreeMap<Pool, SpotCpu>,
    shape: &Shape,
) -> bool {
    let mut after = before.clone();
    after.entry(shape.pool.clone()).or_default().add(u64::from(shape.spare[0]));
    let percent = u64::from(model.input.policy.spot_percent);
    let total: u64 = after.values().map(|used| used.cpu).sum();
    (percent >= 100 || total * 100 <= model.workload_cpu() * percent)
        && caps_hold(model, before, &after)
}

fn caps_hold(
    model: &Model<'_>,
    before: &BTreeMap<Pool, SpotCpu>,
    after: &BTreeMap<Pool, SpotCpu>,
) -> bool {
    let total: u64 = after.values().map(|used| used.cpu).sum();
    let before = by_cap(before);
    by_cap(after).into_iter().all(|(cap, used)| {
        used.is_within(cap.percent(model), total)
            || before.get(&cap).is_some_and(|before| used.cpu <= before.cpu)
    })
}

/// What counts against each cap.
pub(crate) fn by_cap(used: &BTreeMap<Pool, SpotCpu>) -> BTreeMap<Cap, SpotCpu> {
    let mut sums: BTreeMap<Cap, SpotCpu> = BTreeMap::new();
    for (pool, used) in used {
        for cap in Cap::of(pool) {
            sums.entry(cap).or_default().merge(*used);
        }
    }
    sums
}

/// What a limit on Spot CPU is over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cap {
    Pool(Pool),
    Family(String),
    Zone(String),
}

impl Cap {
    pub(crate) fn of(pool: &Pool) -> [Self; 3] {
        [
            Self::Pool(pool.clone()),
            Self::Family(family_of(&pool.instance_type).to_owned()),
            Self::Zone(pool.zone.clone()),
        ]
    }

    /// The policy's percentage, and no less than an even share of what there is to choose from: two
    /// zones cannot hold a third each.
    pub(crate) fn percent(&self, model: &Model<'_>) -> u64 {
        let there = match self {
            Self::Pool(_) => model.variety.pools,
            Self::Family(_) => model.variety.families,
            Self::Zone(_) => model.variety.zones,
        };
        self.asked(model).max(100_u64.div_ceil(there.max(1)))
    }

    /// The policy's percentage.
    pub(crate) fn asked(&self, model: &Model<'_>) -> u64 {
        let policy = &model.input.policy;
        u64::from(match self {
            Self::Pool(_) => policy.max_pool_percent,
            Self::Family(_) => policy.max_family_percent,
            Self::Zone(_) => policy.max_zone_percent,
        })
    }
}

impl std::fmt::Display for Cap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pool(pool) => write!(f, "pool {pool}"),
            Self::Family(family) => write!(f, "family {family}"),
            Self::Zone(zone) => write!(f, "zone {zone}"),
        }
    }
}
