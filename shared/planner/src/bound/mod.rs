//! What no fleet within policy and template can undercut.

mod columns;
mod demand;
mod limits;
mod programme;

use crate::fleet::Fleet;
use crate::model::{Model, Verdict};
use columns::columns;
use domain::Money;

/// A lower bound on what it costs in an hour to run the pods that `fleet` runs.
///
/// It bounds every fleet in which nodes that must stay stay, every other node is kept or not, and any
/// number of nodes is launched of any offering that the template allows; in which all pods run but
/// those of `fleet.homeless`; and which keeps the policy's share of Spot, its caps on Spot over pools,
/// families and zones, and its least on-demand replicas of each workload. Nothing else of the fleet is
/// looked at, so what was found by searching has no part in it.
///
/// It is the least cost of a linear programme that only relaxes this: nodes can be cut at will, pods are
/// sand, and of the constraints between pods only those count that keep two pods from being on one
/// node. What it keeps:
/// - Each resource's sum, of all pods and of those that may only be in some places, against the room
///   there, `DaemonSet`s and headroom of new nodes taken off.
/// - Each node there is once, at its price. Nodes that must stay cost what they cost, and lend their
///   free room for nothing.
/// - The CPU that the share of Spot leaves on-demand, and what the on-demand base leaves there.
/// - Each cap, with the whole node that it rounds up to, or what there is room for in the nodes of today.
/// - As many nodes as pods that must be apart.
pub(crate) fn lower_bound(model: &Model<'_>, fleet: &Fleet) -> Money {
    let columns = columns(model);
    let moving = demand::moving(model, fleet);
    let mut rows = demand::rows(model, &moving, &columns);
    rows.extend(limits::rows(model, &moving, &columns));
    let stays: Money = model
        .nodes
        .iter()
        .filter(|node| node.verdict != Verdict::Candidate)
        .map(|node| node.price.unwrap_or_default())
        .sum();
    stays + Money::from_nanos(programme::least_cost(&columns, &rows).ceil() as i64)
}
