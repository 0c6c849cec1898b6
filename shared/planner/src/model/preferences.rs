//! Preferred node affinity: what pods would rather have of their nodes, and what that may cost.
//!
//! Karpenter takes a preference for a requirement and drops it only where no node would do, so that a
//! pod which would rather be on-demand is, at three times the price. Here a preference has a worth, and
//! is met where it costs no more than that. Like the scheduler, a plan moves no pod to please it.

use super::RESOURCES;
use super::classes::Places;
use super::shapes::Shape;
use crate::packing::{Sites, Size};
use domain::Money;
use domain::snapshot::NodeSelectorTerm;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a preference of weight 100, the most that Kubernetes allows, is held to be worth: percent of
/// what the pod costs where that is least; less weight is worth as much less. So preferences decide
/// between zones, families and architectures, whose prices differ by less than a fifth, and not
/// between Spot and on-demand, where they would cost the pod's price twice over.
pub(crate) const WORTH_PERCENT: u64 = 20;

/// Terms of preferred node affinity with their weights, 1 to 100.
pub(crate) type Terms = Vec<(i32, NodeSelectorTerm)>;

/// What pods of a class would rather have of their nodes.
#[derive(Debug, Clone)]
pub(crate) struct Preference {
    pub(crate) terms: Rc<Terms>,
    /// By site: the sum of the weights of the terms that it meets.
    met: Rc<Vec<u32>>,
    prices: Prices,
}

/// What a pod costs in an hour on new nodes, nano-USD, by the weight that they meet at least: dearer
/// with each. The first is the cheapest of all. Empty where no new node would do.
type Prices = Vec<(u32, u64)>;

impl Preference {
    /// Of pods of this size that may be in these places.
    pub(crate) fn new(
        terms: Rc<Terms>,
        met: Rc<Vec<u32>>,
        size: &Size<RESOURCES>,
        places: &Places,
        shapes: &[Shape],
    ) -> Self {
        let prices = prices(&met, size, &places.anywhere, shapes);
        Self { terms, met, prices }
    }

    /// Those of the places that meet as much as is worth what it costs. On-demand a place is kept that
    /// meets as much as others there: caps on Spot may leave pods nowhere else to go.
    pub(crate) fn narrowed(
        &self,
        size: &Size<RESOURCES>,
        places: &Places,
        shapes: &[Shape],
    ) -> (Sites, Sites) {
        let narrowed = |sites: &Sites| {
            let prices = prices(&self.met, size, sites, shapes);
            let cheapest = prices.first().map_or(0, |price| price.1);
            let net = |(weight, price): &&(u32, u64)| {
                (i128::from(worth(*weight, cheapest)) - i128::from(*price), *weight)
            };
            let least = prices.iter().max_by_key(net).map_or(0, |price| price.0);
            let enough = |(site, met): &(u32, &u32)| sites.contains(*site) && **met >= least;
            (0..).zip(self.met.iter()).filter(enough).map(|(site, _)| site).collect::<Vec<u32>>()
        };
        let on_demand = narrowed(&places.on_demand);
        let (mut anywhere, mut sure) = (Sites::default(), Sites::default());
        for site in narrowed(&places.anywhere).into_iter().chain(on_demand.iter().copied()) {
            anywhere.insert(site);
        }
        for site in on_demand {
            sure.insert(site);
        }
        (anywhere, sure)
    }

    /// Sum of the weights that a site meets.
    pub(crate) fn met(&self, site: u32) -> u32 {
        self.met.get(site as usize).copied().unwrap_or(0)
    }

    /// Most that new nodes meet.
    pub(crate) fn most(&self) -> u32 {
        self.prices.last().map_or(0, |price| price.0)
    }

    /// What so much weight is worth to a pod in an hour.
    pub(crate) fn worth(&self, weight: u32) -> Money {
        money(worth(weight, self.cheapest()))
    }

    /// What a pod costs more in an hour where new nodes meet the most.
    pub(crate) fn extra(&self) -> Money {
        money(self.prices.last().map_or(0, |price| price.1) - self.cheapest())
    }

    fn cheapest(&self) -> u64 {
        self.prices.first().map_or(0, |price| price.1)
    }
}

fn prices(met: &[u32], size: &Size<RESOURCES>, sites: &Sites, shapes: &[Shape]) -> Prices {
    let mut least: BTreeMap<u32, u64> = BTreeMap::new();
    let open = |shape: &&Shape| shape.launchable && sites.contains(shape.site);
    for shape in shapes.iter().filter(open) {
        if let Some(price) = share(shape, size) {
            let known = least.entry(met[shape.site as usize]).or_insert(price);
            *known = price.min(*known);
        }
    }
    // What meets more meets less as well.
    let mut prices = Prices::new();
    for (weight, price) in least.into_iter().rev() {
        let above = prices.last().map_or(u64::MAX, |above: &(u32, u64)| above.1);
        prices.push((weight, price.min(above)));
    }
    prices.reverse();
    prices
}

/// What a pod costs in an hour on a new node: the node's price by the largest of the pod's shares of
/// its room. `None` where it does not fit.
fn share(shape: &Shape, size: &Size<RESOURCES>) -> Option<u64> {
    let price = u64::try_from(shape.price.nanos()).unwrap_or(0);
    let mut most = 0;
    for (size, room) in size.iter().zip(&shape.room).filter(|(size, _)| **size > 0) {
        if size > room {
            return None;
        }
        most = most.max(u128::from(price) * u128::from(*size) / u128::from(*room));
    }
    u64::try_from(most).ok()
}

fn worth(weight: u32, cheapest: u64) -> u64 {
    cheapest.saturating_mul(u64::from(weight)) / 100 * WORTH_PERCENT / 100
}

fn money(nanos: u64) -> Money {
    Money::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}
