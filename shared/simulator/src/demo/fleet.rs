//! The demo's node groups and the last 30 days of their instances.

use crate::aws::{hash, unit};
use domain::offering::CapacityType;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The demo's clusters: a steady web site, batch work that comes in bursts, and a development cluster
/// that idles at night.
pub const CLUSTERS: [&str; 3] = ["batch", "dev", "web-prod"];

/// Where their nodes are.
pub(super) const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

/// How far back the history goes.
const DAYS: i64 = 30;

/// An instance that was, or still is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastInstance {
    /// `i-…`.
    pub instance_id: String,
    /// Such as `m5.xlarge`.
    pub instance_type: String,
    /// Such as `us-east-1a`.
    pub zone: String,
    /// How it was bought.
    pub capacity_type: CapacityType,
    /// When it was launched.
    pub launched_at: Timestamp,
    /// When it was terminated; absent while it is not.
    pub terminated_at: Option<Timestamp>,
    /// EC2 took it back.
    pub reclaimed: bool,
}

/// A node group and how it breathes.
pub(super) struct Fleet {
    pub(super) cluster: &'static str,
    pub(super) group: &'static str,
    pub(super) instance_type: &'static str,
    /// Nodes that are always there, replaced every week or so.
    pub(super) steady: u32,
    /// Nodes that come and go.
    pub(super) varying: u32,
    rhythm: Rhythm,
}

/// When nodes that come and go are there.
#[derive(Clone, Copy)]
enum Rhythm {
    /// Runs of one to four hours, most of them early at night and after noon, UTC.
    Bursts,
    /// From seven to seven on working days, UTC.
    WorkingHours,
}

pub(super) const FLEETS: [Fleet; 6] = [
    fleet("web-prod", "large", "m5.2xlarge", 9, 0, Rhythm::WorkingHours),
    fleet("web-prod", "small", "m5.xlarge", 5, 0, Rhythm::WorkingHours),
    fleet("batch", "compute", "c5.4xlarge", 2, 4, Rhythm::Bursts),
    fleet("batch", "memory", "r5.2xlarge", 2, 2, Rhythm::Bursts),
    fleet("dev", "general", "m5.xlarge", 1, 3, Rhythm::WorkingHours),
    fleet("dev", "burstable", "t3.xlarge", 1, 1, Rhythm::WorkingHours),
];

const fn fleet(
    cluster: &'static str,
    group: &'static str,
    instance_type: &'static str,
    steady: u32,
    varying: u32,
    rhythm: Rhythm,
) -> Fleet {
    Fleet { cluster, group, instance_type, steady, varying, rhythm }
}

/// The instances a fleet had in the 30 days before `now`. Exactly one of each place is still there.
pub(super) fn past(fleet: &Fleet, seed: u64, now: Timestamp) -> Vec<PastInstance> {
    // Nodes that exist now have been up for a while.
    let last_launch = now - SignedDuration::from_hours(2);
    let mut instances = Vec::new();
    for place in 0..fleet.steady + fleet.varying {
        let draw = Draw { seed, fleet, place };
        let mut stays = match fleet.rhythm {
            _ if place < fleet.steady => steady(&draw, now),
            Rhythm::WorkingHours => working_hours(&draw, now),
            Rhythm::Bursts => bursts(&draw, now),
        };
        stays.retain(|(from, _)| *from <= last_launch);
        let last = stays.len();
        for (number, (from, to)) in (1..).zip(stays) {
            instances.push(PastInstance {
                instance_id: draw.id(from),
                instance_type: fleet.instance_type.to_owned(),
                zone: ZONES[place as usize % ZONES.len()].to_owned(),
                capacity_type: CapacityType::OnDemand,
                launched_at: from,
                terminated_at: Some(to).filter(|_| number < last),
                reclaimed: false,
            });
        }
    }
    instances
}

type Stay = (Timestamp, Timestamp);

/// One after the other, five to twelve days each, the next launched before the last is drained.
fn steady(draw: &Draw<'_>, now: Timestamp) -> Vec<Stay> {
    let mut stays = Vec::new();
    let mut from = now - hours(24 * DAYS + draw.below("start", 0, 24 * 10));
    for number in 1.. {
        let to = from + hours(24 * 5 + draw.below("life", number, 24 * 7));
        stays.push((from, to));
        from = to - SignedDuration::from_mins(6);
        if from > now {
            break;
        }
    }
    stays
}

fn working_hours(draw: &Draw<'_>, now: Timestamp) -> Vec<Stay> {
    let today = now.as_second().div_euclid(86_400);
    let mut stays = Vec::new();
    for day in today - DAYS..=today {
        // Day 0 of 1970 was a Thursday.
        let weekend = matches!((day + 3).rem_euclid(7), 5 | 6);
        let jitter = |what| draw.below(what, day, 40 * 60);
        let at = |hour: i64, jitter: i64| second(day * 86_400 + hour * 3600 + jitter);
        if !weekend {
            stays.push((at(6, jitter("morning") + 1200), at(18, jitter("evening") + 1800)));
        }
    }
    stays
}

fn bursts(draw: &Draw<'_>, now: Timestamp) -> Vec<Stay> {
    let this_hour = now.as_second().div_euclid(3600);
    let mut stays = Vec::new();
    let mut free_from = this_hour - 24 * DAYS;
    for hour in this_hour - 24 * DAYS..=this_hour {
        let likely = if matches!(hour % 24, 0..=4 | 12..=15) { 0.55 } else { 0.08 };
        if hour >= free_from && draw.unit("burst", hour) < likely {
            let length = 1 + draw.below("length", hour, 4);
            let from = second(hour * 3600 + draw.below("minute", hour, 1800));
            stays.push((from, from + hours(length)));
            free_from = hour + length + 1;
        }
    }
    stays
}

/// Chance, drawn from the seed for one place of a fleet.
struct Draw<'a> {
    seed: u64,
    fleet: &'a Fleet,
    place: u32,
}

impl Draw<'_> {
    fn hash(&self, what: &str, number: i64) -> u64 {
        let place = self.place.to_string();
        hash(self.seed, &[what, self.fleet.cluster, self.fleet.group, &place], number)
    }

    fn below(&self, what: &str, number: i64, limit: i64) -> i64 {
        (self.hash(what, number) % limit.unsigned_abs()) as i64
    }

    fn unit(&self, what: &str, number: i64) -> f64 {
        unit(self.hash(what, number))
    }

    fn id(&self, from: Timestamp) -> String {
        format!("i-0{:016x}", self.hash("past", from.as_second()))
    }
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}
