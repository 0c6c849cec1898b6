//! Items and kinds of bins in one site, with no limits across bins, for the tests beside the code.

use super::{Item, Kind, Sites, Size};
use std::rc::Rc;

pub(super) fn item<const D: usize>(size: Size<D>, count: u32) -> Item<D> {
    let mut sites = Sites::default();
    sites.insert(0);
    Item { size, count, sites: Rc::new(sites), members: Rc::new([]), workload: None }
}

pub(super) const fn kind<const D: usize>(capacity: Size<D>, price: u64) -> Kind<D> {
    Kind { capacity, price, site: 0, quotas: Vec::new(), pool: None, tallies: Vec::new() }
}
