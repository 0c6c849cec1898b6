//! The same problem in fewer resources and of fewer kinds: what has no part in a good packing makes every
//! step of the search longer.

use super::{Group, Item, Kind, Member, Opened, Packing, Problem, Sites, Size, Tally};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A problem, and the kinds of the one that it was made from.
pub(super) struct Narrowed<const D: usize> {
    pub(super) problem: Problem<D>,
    kinds: Vec<u32>,
}

impl<const D: usize> Narrowed<D> {
    /// The packing in the kinds that the problem was made from.
    pub(super) fn widen(&self, mut packing: Packing) -> Packing {
        for (kind, _) in &mut packing.bins {
            *kind = self.kinds[*kind as usize];
        }
        packing
    }
}

/// The problem in `E` resources; `None` where its items take more. A group of which all members keep apart
/// is a resource: each takes one, and a bin has as much as the limit. So the prices of the resources say
/// what a bin without any is worth.
pub(super) fn in_fewer<const D: usize, const E: usize>(problem: &Problem<D>) -> Option<Problem<E>> {
    let taken = |at: &usize| *at == 0 || problem.items.iter().any(|item| item.size[*at] > 0);
    let taken: Vec<usize> = (0..D).filter(taken).collect();
    let mut groups = apart(problem);
    groups.truncate(E.checked_sub(taken.len())?);
    let resources = |size: &Size<D>, group: &dyn Fn(u32) -> u32| -> Size<E> {
        std::array::from_fn(|at| match taken.get(at) {
            Some(from) => size[*from],
            None => groups.get(at - taken.len()).map_or(0, |number| group(*number)),
        })
    };
    let room = |tallies: &[Tally], number: u32| {
        let Group { limit, exclusive } = problem.groups[number as usize];
        let tally = tallies.iter().find(|tally| tally.group == number);
        let Tally { owners, counted, .. } = tally.copied().unwrap_or_default();
        if exclusive { u32::from(owners + counted == 0) } else { limit.saturating_sub(counted) }
    };
    let items = problem.items.iter().map(|item| {
        let is_in = |number| item.members.iter().any(|member| member.group == number);
        let members = item.members.iter().filter(|member| !groups.contains(&member.group));
        Item {
            size: resources(&item.size, &|number| u32::from(is_in(number))),
            count: item.count,
            sites: Rc::clone(&item.sites),
            members: members.copied().collect(),
            workload: item.workload,
        }
    });
    let kinds = problem.kinds.iter().map(|kind| Kind {
        capacity: resources(&kind.capacity, &|number| room(&kind.tallies, number)),
        price: kind.price,
        site: kind.site,
        quotas: kind.quotas.clone(),
        pool: kind.pool,
        tallies: kind.tallies.clone(),
    });
    let opened = problem.opened.iter().map(|opened| Opened {
        free: resources(&opened.free, &|number| room(&opened.tallies, number)),
        site: opened.site,
        quotas: opened.quotas.clone(),
        used: opened.used,
        pool: opened.pool,
        tallies: opened.tallies.clone(),
    });
    Some(Problem {
        items: items.collect(),
        kinds: kinds.collect(),
        opened: opened.collect(),
        groups: problem.groups.clone(),
        quotas: problem.quotas.clone(),
        placed: problem.placed.clone(),
    })
}

/// Groups of which every item that is in them is both owner and counted, those that take most bins first.
fn apart<const D: usize>(problem: &Problem<D>) -> Vec<u32> {
    let mut counts = vec![Some(0_u64); problem.groups.len()];
    for item in &problem.items {
        for Member { group, owns, counted } in item.members.iter() {
            let count = &mut counts[*group as usize];
            *count = count.filter(|_| *owns && *counted).map(|count| count + u64::from(item.count));
        }
    }
    let bins = |(number, count): (u32, Option<u64>)| {
        let bins = count? / u64::from(problem.groups[number as usize].limit.max(1));
        (bins > 0).then_some((bins, number))
    };
    let mut groups: Vec<(u64, u32)> = (0..).zip(counts).filter_map(bins).collect();
    groups.sort_by_key(|(bins, number)| (std::cmp::Reverse(*bins), *number));
    groups.into_iter().map(|(_, number)| number).collect()
}

/// The problem without kinds in whose place another could always be opened that costs no more.
pub(super) fn without_worse<const D: usize>(mut problem: Problem<D>) -> (Narrowed<D>, u64) {
    let tied = problem.items.iter().any(|item| item.workload.is_some());
    let sites: BTreeSet<&Sites> = problem.items.iter().map(|item| &*item.sites).collect();
    let admits = |one: u32, other: u32| {
        sites.iter().all(|sites| !sites.contains(other) || sites.contains(one))
    };
    let serves = |one: &Kind<D>, other: &Kind<D>| {
        one.capacity.iter().zip(&other.capacity).all(|(one, other)| one >= other)
            && (one.site == other.site || admits(one.site, other.site))
            && one.quotas.iter().all(|quota| other.quotas.contains(quota))
            && (!tied || one.pool.is_none() || one.pool == other.pool)
            && (one.tallies.is_empty() || one.tallies == other.tallies)
    };
    let mut order: Vec<u32> = (0..problem.kinds.len() as u32).collect();
    order.sort_by_key(|at| (problem.kinds[*at as usize].price, *at));
    let (mut kinds, mut work): (Vec<u32>, u64) = (Vec::new(), 0);
    for at in order {
        let kind = &problem.kinds[at as usize];
        work += kinds.len() as u64;
        if !kinds.iter().any(|better| serves(&problem.kinds[*better as usize], kind)) {
            kinds.push(at);
        }
    }
    kinds.sort_unstable();
    problem.kinds = kinds.iter().map(|at| problem.kinds[*at as usize].clone()).collect();
    (Narrowed { problem, kinds }, work)
}
