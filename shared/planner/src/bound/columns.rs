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
    /// Owners of each constraint that are on it now: two that must be apart may stay together.
    pub(super) owners: Vec<(u32, u32)>,
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
        let owners = node.tallies.iter().filter(|tally| tally.owners > 0);
        let owners: Vec<(u32, u32)> = owners.map(|tally| (tally.group, tally.owners)).collect();
        let pool = node.pool.as_ref();
        let key = (node.price, room(model, node), node.site, node.spot, pool, owners);
        *kept.entry(key).or_insert(0.0) += 1.0;
    }
    for ((price, room, site, spot, pool, owners), most) in kept {
        let caps = pool.filter(|_| spot).map_or_else(Vec::new, |pool| caps(model, pool));
        let price = price.unwrap_or_default().nanos() as f64;
        add(Column { price, room, idle: false, site, spot, caps, most, tallies: &[], owners });
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
        owners: Vec::new(),
    }
}

fn caps(model: &Model<'_>, pool: &domain::offering::Pool) -> Vec<Cap> {
    Cap::of(pool).into_iter().filter(|cap| cap.percent(model) < 100).collect()
}
