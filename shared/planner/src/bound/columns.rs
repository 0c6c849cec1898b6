//! The nodes that a fleet can be made of.

use crate::caps::Cap;
use crate::model::{Existing, Model, RESOURCES, Shape, Verdict};
use crate::packing::{Size, Tally};
use std::collections::BTreeMap;

/// A node that can be launched, or be kept, with what it gives.
#[derive(Debug, Clone)]
pub(super) struct Column<'a> {
    /// Nano-USD in an hour.
    pub(super) price: f64,
    pub(super) room: Size<RESOURCES>,
    /// Its pods use no CPU.
    pub(super) idle: bool,
    pub(super) site: u32,
    pub(super) spot: bool,
    /// Caps on Spot that its pods' CPU counts against.
    pub(super) caps: Vec<Cap>,
    /// How many of it there are; what is launched has no limit.
    pub(super) most: f64,
    /// What is on it before any pod comes.
    pub(super) tallies: &'a [Tally],
    /// Pods on it now that must be apart, by constraint, where they are more than one: they may stay.
    pub(super) together: Vec<(u32, u32)>,
}

impl Column<'_> {
    /// What of a resource its pods can use.
    pub(super) fn gives(&self, resource: usize) -> f64 {
        if self.idle && resource == 0 { 0.0 } else { f64::from(self.room[resource]) }
    }
}

/// Every kind of node. One on Spot under a cap is two, as only CPU counts that is used: one whose CPU is
/// used, and one whose CPU is not. What is used in part is a mixture of both.
pub(super) fn columns<'a>(model: &'a Model<'_>) -> Vec<Column<'a>> {
    let mut columns = Vec::new();
    let mut add = |column: Column<'a>| {
        if !column.caps.is_empty() {
            columns.push(Column { idle: true, caps: Vec::new(), ..column.clone() });
        }
        columns.push(column);
    };
    for shape in &model.shapes {
        add(launched(model, shape));
    }
    // Nodes that nothing tells apart are counted.
    let mut kept = BTreeMap::new();
    for node in model.nodes.iter().filter(|node| node.verdict == Verdict::Candidate) {
        let pool = node.pool.as_ref();
        let key =
            (node.price, room(model, node), node.site, node.spot, pool, together(model, node));
        *kept.entry(key).or_insert(0.0) += 1.0;
    }
    for ((price, room, site, spot, pool, together), most) in kept {
        let caps = pool.filter(|_| spot).map_or_else(Vec::new, |pool| caps(model, pool));
        let price = price.unwrap_or_default().nanos() as f64;
        add(Column { price, room, idle: false, site, spot, caps, most, tallies: &[], together });
    }
    columns
}

/// What a node that is kept may hold: all it can, and what it does hold.
fn room(model: &Model<'_>, node: &Existing) -> Size<RESOURCES> {
    let mut room = [0; RESOURCES];
    for (class, count) in &node.load {
        let size = &model.classes[*class as usize].size;
        for (room, size) in room.iter_mut().zip(size) {
            *room += size * count;
        }
    }
    std::array::from_fn(|at| room[at].max(node.usable[at]))
}

/// How many pods on a node own a term against pods like themselves.
fn together(model: &Model<'_>, node: &Existing) -> Vec<(u32, u32)> {
    let mut pods: BTreeMap<u32, u32> = BTreeMap::new();
    for (class, count) in &node.load {
        for group in apart(model, *class) {
            *pods.entry(group).or_default() += count;
        }
    }
    pods.into_iter().filter(|(_, count)| *count > 1).collect()
}

/// Constraints by which a pod may be on no node with another that has the same: anti-affinity to pods of
/// its own kind, and host ports.
pub(super) fn apart(model: &Model<'_>, class: u32) -> impl Iterator<Item = u32> {
    let members = model.classes[class as usize].members.iter();
    let exclusive = |group: u32| model.groups[group as usize].exclusive;
    members
        .filter(move |member| member.owns && member.counted && exclusive(member.group))
        .map(|member| member.group)
}

fn launched<'a>(model: &Model<'_>, shape: &'a Shape) -> Column<'a> {
    Column {
        price: shape.price.nanos() as f64,
        room: shape.room,
        idle: false,
        site: shape.site,
        spot: shape.spot,
        caps: if shape.spot { caps(model, &shape.pool) } else { Vec::new() },
        most: f64::INFINITY,
        tallies: &shape.tallies,
        together: Vec::new(),
    }
}

fn caps(model: &Model<'_>, pool: &domain::offering::Pool) -> Vec<Cap> {
    Cap::of(pool).into_iter().filter(|cap| cap.percent(model) < 100).collect()
}
