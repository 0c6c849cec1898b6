//! Sites: where a pod may be, as far as labels, taints and architecture decide. Nodes and shapes that
//! no pod can tell apart share one.

use super::preferences::Terms;
use crate::packing::Sites;
use domain::offering::Architecture;
use domain::plan::PlanningInput;
use domain::snapshot::{
    Labels, NODE_NAME, Node, NodeSelectorTerm, Pod, Taint, Toleration, tolerated,
};
use std::collections::{BTreeMap, BTreeSet};

/// A site's labels that matter, its taints and its architecture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) labels: Labels,
    pub(crate) taints: Vec<Taint>,
    pub(crate) architecture: Option<Architecture>,
    pub(crate) zone: Option<String>,
    pub(crate) spot: bool,
}

/// What a pod asks of a site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Demand {
    pub(crate) node_selector: Labels,
    pub(crate) node_affinity: Vec<NodeSelectorTerm>,
    pub(crate) tolerations: Vec<Toleration>,
    /// Empty allows any.
    pub(crate) architectures: Vec<Architecture>,
    pub(crate) zone: Option<String>,
}

impl Demand {
    /// Whether a node with these labels and taints will do, architecture and zone aside.
    pub(crate) fn admits(&self, labels: &Labels, taints: &[Taint]) -> bool {
        tolerated(&self.tolerations, taints)
            && self.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value))
            && (self.node_affinity.is_empty()
                || self.node_affinity.iter().any(|term| meets(term, labels)))
    }

    pub(crate) fn fits(&self, site: &Site) -> bool {
        (self.zone.is_none() || self.zone == site.zone)
            && (self.architectures.is_empty()
                || site.architecture.is_some_and(|have| self.architectures.contains(&have)))
            && self.admits(&site.labels, &site.taints)
    }
}

/// The name of a node that pods ask for is among its site's labels.
fn meets(term: &NodeSelectorTerm, labels: &Labels) -> bool {
    term.matches(labels.get(NODE_NAME).map(String::as_str), labels)
}

/// Sites by number.
#[derive(Debug)]
pub(crate) struct Register<'a> {
    input: &'a PlanningInput,
    /// Label keys that some pod asks about.
    pub(crate) keys: BTreeSet<&'a str>,
    numbers: BTreeMap<Site, u32>,
}

impl<'a> Register<'a> {
    pub(crate) fn new(input: &'a PlanningInput) -> Self {
        let keys = input.snapshot.pods.iter().flat_map(asked_keys).collect();
        Self { input, keys, numbers: BTreeMap::new() }
    }

    /// The site of a node there is.
    pub(crate) fn of_node(&mut self, node: &Node, architecture: Option<Architecture>) -> u32 {
        let mut labels = self.projected(&node.labels);
        if self.keys.contains(NODE_NAME) {
            labels.insert(NODE_NAME.to_owned(), node.name.clone());
        }
        let site = Site {
            labels,
            taints: node.taints.clone(),
            architecture,
            zone: node.zone.clone(),
            spot: node.capacity_type == Some(domain::offering::CapacityType::Spot),
        };
        self.number(site)
    }

    /// The number of a site; `labels` are cut to those that matter.
    pub(crate) fn number(&mut self, mut site: Site) -> u32 {
        site.labels = self.projected(&site.labels);
        let next = self.numbers.len() as u32;
        *self.numbers.entry(site).or_insert(next)
    }

    fn projected(&self, labels: &Labels) -> Labels {
        labels
            .iter()
            .filter(|(key, _)| self.keys.contains(key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The architecture of each site, as far as known.
    pub(crate) fn architectures(&self) -> Vec<Option<Architecture>> {
        let mut known = vec![None; self.numbers.len()];
        for (site, number) in &self.numbers {
            known[*number as usize] = site.architecture;
        }
        known
    }

    /// Where a demand can be met: anywhere, and on-demand alone.
    pub(crate) fn matching(&self, demand: &Demand) -> (Sites, Sites) {
        let (mut anywhere, mut on_demand) = (Sites::default(), Sites::default());
        for (site, number) in &self.numbers {
            if demand.fits(site) {
                anywhere.insert(*number);
                if !site.spot {
                    on_demand.insert(*number);
                }
            }
        }
        (anywhere, on_demand)
    }

    /// The sum of the weights of the terms that each site meets.
    pub(crate) fn weights(&self, terms: &Terms) -> Vec<u32> {
        let mut weights = vec![0; self.numbers.len()];
        for (site, number) in &self.numbers {
            let met = terms.iter().filter(|(_, term)| meets(term, &site.labels));
            let weight = met.map(|(weight, _)| u32::try_from(*weight).unwrap_or(0)).sum();
            weights[*number as usize] = weight;
        }
        weights
    }

    /// The region new nodes will be in.
    pub(crate) fn region(&self) -> &'a str {
        &self.input.market.region
    }
}

fn asked_keys(pod: &Pod) -> impl Iterator<Item = &str> {
    let preferred = pod.preferred_node_affinity.iter().map(|(_, term)| term);
    let terms = pod.node_affinity.iter().chain(preferred).flat_map(|term| &term.requirements);
    pod.node_selector.keys().map(String::as_str).chain(terms.map(|asked| asked.key.as_str()))
}
