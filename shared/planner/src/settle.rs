//! Settling on a fleet: the best one chosen and rehearsed, if it is worth the change.

use crate::choose::{Choice, choose};
use crate::fleet::Fleet;
use crate::model::Model;
use crate::payback::Gain;
use crate::place::candidates;
use crate::rehearse::{MOST, Rehearsed, as_it_is, rehearse};
use crate::steps::steps;
use crate::words::{counted, duration, usd};
use domain::Money;

/// How much less tightly other fleets are packed than the policy asks for, percent of allocatable. Each
/// gets an equal share of the budget.
const ROOMIER: [u8; 6] = [3, 6, 10, 15, 20, 25];
/// The same of fleets that are even over zones, in the order in which they are tried: the first mostly carries
/// out as it is, and the next has to be cheaper with what it takes to carry it out. The first gets the whole
/// budget, since it is mostly the one taken; the others, and the fleet that is not even, get half.
const EVEN: [u8; 2] = [1, 0];
/// Nodes from which they are tried: in smaller clusters they move more pods for less.
const MANY: usize = 30;
/// Percentages below this one are tried where they are a node at least, in sum.
const ALWAYS: u8 = 10;
/// Nodes times their pods up to which other fleets are tried though there is one: in larger clusters
/// they are tried only where the best leaves pods without room.
const SMALL: u64 = 200_000;

/// The fleet to have, and what led to it.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) choice: Choice,
    pub(crate) rehearsed: Rehearsed,
    /// Why a fleet that was chosen was not taken, in a sentence.
    pub(crate) too_little: Option<String>,
    /// What was settled on where preferences counted for nothing, if here they did, and the other way
    /// round; if that is another fleet.
    pub(crate) passed: Option<Passed>,
}

/// The fleet that what pods prefer of their nodes decided against, or for which it was given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passed {
    /// It is the one in which preferences count.
    pub(crate) prefers: bool,
    /// Prices of launched nodes less prices of retired ones.
    pub(crate) cost_change: Money,
    /// What the preferences that the two differ by are held to be worth in an hour.
    pub(crate) worth: Money,
}

/// The best fleet that is worth the change, or that of staying: with preferences where they can be had
/// for their worth, and without any.
pub(crate) fn settle(model: Model<'_>) -> (Model<'_>, Settled) {
    if !model.prefers() {
        let settled = settle_one(&model, model.input.budget);
        return (model, settled);
    }
    let budget = model.input.budget / 2;
    let plain = model.indifferent();
    let [liked, cheap] = [&model, &plain].map(|model| settle_one(model, budget));
    let [liked_rank, cheap_rank] = [&liked, &cheap].map(|settled| {
        let fleet = &settled.rehearsed.fleet;
        let cost = fleet.objective(&model) + fleet.foregone(&model);
        (fleet.miscount(&model), fleet.waiting(), cost)
    });
    let (mut taken, other, prefers) =
        if liked_rank <= cheap_rank { (liked, cheap, true) } else { (cheap, liked, false) };
    let [foregone, also] =
        [&taken, &other].map(|settled| settled.rehearsed.fleet.foregone(&model).cast_signed());
    taken.passed = Some(Passed {
        prefers: !prefers,
        cost_change: other.rehearsed.fleet.cost_change(&model),
        worth: Money::from_nanos(i64::try_from(also - foregone).unwrap_or(i64::MAX)),
    });
    (if prefers { model } else { plain }, taken)
}

/// The best fleet, rehearsed; that of staying where the best is not worth the change, and why.
fn settle_one(model: &Model<'_>, budget: u64) -> Settled {
    let even = tries_even(model);
    let choice = choose(model, if even { budget / 2 } else { budget });
    let best = best_rehearsed(model, &choice, even, budget);
    let too_little = match &best {
        _ if choice.fleet.retired.is_empty() => None,
        Some(best) => too_little(model, &choice, &best.fleet),
        None => Some(
            "Replacing it and others would leave pods without room where the scheduler puts them."
                .to_owned(),
        ),
    };
    let rehearsed = best.filter(|_| too_little.is_none()).unwrap_or_else(|| {
        // It drains nothing.
        let (steps, moves) = steps(model, &choice.staying, 1);
        Rehearsed { fleet: choice.staying.clone(), steps, moves, added: Vec::new() }
    });
    Settled { choice, rehearsed, too_little, passed: None }
}

/// Whether fleets even over zones are tried.
fn tries_even(model: &Model<'_>) -> bool {
    model.nodes.len() >= MANY && candidates(model).next().is_some() && model.can_be_evened()
}

/// The chosen fleet with what rehearsals added to it, or one that is even over zones or was packed less
/// tightly and needs less, whichever costs least.
fn best_rehearsed(
    model: &Model<'_>,
    choice: &Choice,
    even: bool,
    budget: u64,
) -> Option<Rehearsed> {
    let mut search = Search { model, staying: &choice.staying, best: None, effort: 0 };
    if search.carries_out(&choice.fleet) {
        return search.best;
    }
    let nodes = model.nodes.len();
    let pods: u64 = model.nodes.iter().map(|node| u64::from(node.evictable)).sum();
    let small = pods * nodes as u64 <= SMALL;
    let worth_a_try = |percent: &u8| *percent >= ALWAYS || nodes * usize::from(*percent) >= 100;
    let roomier: Vec<u8> = ROOMIER.into_iter().filter(worth_a_try).collect();
    for (number, percent) in EVEN.into_iter().enumerate().filter(|_| even) {
        let share = if number == 0 { budget } else { budget / 2 };
        search.consider(&choose(&model.roomier(percent).evened(), share).fleet);
    }
    search.consider(&choice.fleet);
    let share = budget / roomier.len() as u64;
    for percent in roomier {
        let enough = match &search.best {
            Some(best) => !small || best.added.is_empty() || search.effort > 2 * MOST,
            None => small && search.effort > 2 * MOST,
        };
        if enough {
            break;
        }
        search.consider(&choose(&model.roomier(percent), share).fleet);
    }
    search.best
}

/// The best fleet so far of those that were rehearsed.
struct Search<'m> {
    model: &'m Model<'m>,
    staying: &'m Fleet,
    best: Option<Rehearsed>,
    effort: u64,
}

impl Search<'_> {
    /// Whether a fleet needs no addition, and so is the best.
    fn carries_out(&mut self, fleet: &Fleet) -> bool {
        self.best = as_it_is(self.model, fleet, &mut self.effort);
        self.best.is_some()
    }

    /// Rehearses a fleet with what has to be added to it, as long as that costs less than the best.
    fn consider(&mut self, fleet: &Fleet) {
        let model = self.model;
        let rank = |fleet: &Fleet| (fleet.miscount(model), fleet.waiting(), fleet.objective(model));
        let than = self.best.as_ref().map_or(self.staying, |best| &best.fleet);
        let waits_longer = fleet.waiting() > self.staying.waiting();
        if waits_longer || self.best.is_some() && rank(fleet) >= rank(than) {
            return;
        }
        let worth = than.cost_change(model) - fleet.cost_change(model);
        let other = rehearse(model, fleet, worth, &mut self.effort);
        self.best = self.best.take().into_iter().chain(other).min_by_key(|way| rank(&way.fleet));
    }
}

/// Why a fleet is not worth the change, in a sentence.
fn too_little(model: &Model<'_>, choice: &Choice, fleet: &Fleet) -> Option<String> {
    let policy = &model.input.policy;
    let before = model.cost_now();
    let gain = Gain::of_fleet(model, &choice.staying, fleet);
    let saving = gain.saving;
    let it = if fleet.retired.len() == 1 { "Replacing it" } else { "Replacing it and others" };
    if saving <= Money::ZERO {
        return Some(format!("{it} would save nothing."));
    }
    let least =
        before.ratio(i128::from(policy.min_saving_percent), 100).max(policy.min_saving_per_hour);
    if saving < least {
        return Some(format!(
            "{it} would save {} USD/h; the policy asks for at least {} USD/h.",
            usd(saving),
            usd(least)
        ));
    }
    let risk = if gain.added_risk > Money::ZERO {
        format!(", of which interruptions are expected to take {} USD/h", usd(gain.added_risk))
    } else {
        String::new()
    };
    (!gain.pays()).then(|| {
        format!(
            "{it} would save {} USD/h{risk}: that does not pay for {} ({} USD) within {}.",
            usd(saving),
            counted(gain.evictions, "eviction"),
            usd(gain.disruption),
            duration(gain.life_seconds)
        )
    })
}
