//! Prices and capacity as functions of pool, time and seed: nothing of the market is stored.

use super::AwsState;
use cloud::catalog;
use domain::Money;
use domain::offering::{CapacityType, Pool};
use jiff::Timestamp;

/// Seconds between two changes of a pool's price: 2.3 changes a day, the median of the price history of 2021.
const SLOT: i64 = 37_565;

/// The Spot price of a pool at a moment; `None` where EC2 sells none.
pub fn spot_price_at(state: &AwsState, pool: &Pool, at: Timestamp) -> Option<Money> {
    let base = base_price(pool)?;
    Some(price_of_step(state.seed, pool, base, step_at(state.seed, pool, at)))
}

/// The steps of a pool's Spot price: the one in force at `from`, and every change up to `to`.
pub(super) fn spot_steps(
    state: &AwsState,
    pool: &Pool,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, Money)> {
    let Some(base) = base_price(pool) else { return Vec::new() };
    let (first, last) = (step_at(state.seed, pool, from), step_at(state.seed, pool, to));
    let mut steps: Vec<(Timestamp, Money)> = Vec::new();
    for step in first..=last {
        let price = price_of_step(state.seed, pool, base, step);
        if steps.last().is_none_or(|(_, before)| *before != price) {
            steps.push((change_time(state.seed, pool, step), price));
        }
    }
    steps
}

/// How many instances a pool holds, over all accounts: what was set, else drawn from the seed. One Spot pool
/// in twenty has none, the others 6 to 60; on-demand 400.
pub fn capacity_of(state: &AwsState, pool: &Pool) -> u32 {
    let name = pool.to_string();
    if let Some(set) = state.capacity.get(&name) {
        return *set;
    }
    match pool.capacity_type {
        CapacityType::OnDemand => 400,
        CapacityType::Spot => {
            let drawn = hash(state.seed, &["capacity", &name], 0);
            if drawn.is_multiple_of(20) { 0 } else { 6 + (drawn / 20 % 55) as u32 }
        }
    }
}

/// How long a Spot instance lasts, in seconds, drawn from its pool's interruption bucket as a constant
/// hazard; `None` where nothing is known.
pub(super) fn lifetime(state: &AwsState, pool: &Pool, instance: &str) -> Option<i64> {
    const MONTH: f64 = 30.0 * 86_400.0;
    let region = region_of(&pool.zone);
    let offers = catalog::offers(region).ok()?;
    let (_, bucket) = offers.into_iter().find(|it| it.instance_type == pool.instance_type)?.spot?;
    let share = f64::from(bucket.monthly_ppm()) / 1e6;
    let drawn = unit(hash(state.seed, &["lifetime", instance], 0)).max(1e-12);
    Some((-drawn.ln() * MONTH / -(1.0 - share).ln()) as i64)
}

/// `us-east-1` of `us-east-1a`.
pub(crate) fn region_of(zone: &str) -> &str {
    zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase())
}

/// FNV-1a over the parts, then a `SplitMix64` finish: cheap, and the same everywhere.
pub(crate) fn hash(seed: u64, parts: &[&str], number: i64) -> u64 {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    for byte in bytes.chain(number.to_le_bytes()) {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// 0 up to but not including 1.
pub(crate) fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// The catalogue's Spot price for the region.
fn base_price(pool: &Pool) -> Option<Money> {
    let row = catalog::types().get(&pool.instance_type)?;
    let saving = savings(region_of(&pool.zone), &pool.instance_type)?;
    Some(catalog::modelled_spot(row.on_demand_per_hour, saving))
}

/// The catalogue's savings of a region are looked up thousands of times for one answer.
fn savings(region: &str, instance_type: &str) -> Option<i64> {
    use std::collections::BTreeMap;
    use std::sync::{LazyLock, Mutex, PoisonError};
    type Savings = BTreeMap<String, BTreeMap<String, i64>>;
    static BY_REGION: LazyLock<Mutex<Savings>> = LazyLock::new(Mutex::default);

    let mut known = BY_REGION.lock().unwrap_or_else(PoisonError::into_inner);
    let region_savings = known.entry(region.to_owned()).or_insert_with(|| {
        let offers = catalog::offers(region).unwrap_or_default();
        let saving = |it: catalog::RegionalOffer| Some((it.instance_type, it.spot?.0));
        offers.into_iter().filter_map(saving).collect()
    });
    region_savings.get(instance_type).copied()
}

fn step_at(seed: u64, pool: &Pool, at: Timestamp) -> i64 {
    let slot = at.as_second().div_euclid(SLOT);
    if at >= change_time(seed, pool, slot) { slot } else { slot - 1 }
}

fn change_time(seed: u64, pool: &Pool, step: i64) -> Timestamp {
    let offset = hash(seed, &["change", &pool.instance_type, &pool.zone], step) % SLOT as u64;
    Timestamp::from_second(step * SLOT + offset as i64).unwrap_or(Timestamp::MIN)
}

/// Base × zone × slow waves, to four decimals as EC2 gives them.
///
/// The zone's multiplier is log-normal with 5 % below 0.84 and 5 % above 1.17, the zone ratios of 2021. The
/// waves (some weeks long, some percent high) move the price by a median 0.12 % a change.
fn price_of_step(seed: u64, pool: &Pool, base: Money, step: i64) -> Money {
    let name: [&str; 3] = ["price", &pool.instance_type, &pool.zone];
    let draw = |number: i64| unit(hash(seed, &name, number));
    // Twelve uniform draws less six are as good as normal here.
    let normal = (0..12).map(draw).sum::<f64>() - 6.0;
    let zone = (0.0955 * normal - 0.005).exp();
    let days = (step * SLOT) as f64 / 86_400.0;
    let wave = |number: i64, period: f64, height: f64| {
        let period = period * (0.7 + 0.6 * draw(number));
        height * (std::f64::consts::TAU * (days / period + draw(number + 1))).sin()
    };
    let level = 1.0 + wave(20, 60.0, 0.03) + wave(30, 23.0, 0.006) + wave(40, 7.0, 0.0008);
    let ten_thousandths = (base.as_usd() * zone * level * 1e4).round().max(1.0);
    Money::from_nanos(ten_thousandths as i64 * 100_000)
}
