//! Constraints between pods: which are kept per node by the packing, which tie a pod to its zone,
//! and which cannot be honoured when a pod moves.

use crate::packing::{Group, Member};
use domain::plan::PlanningInput;
use domain::snapshot::{LabelSelector, Labels, Pod};
use std::collections::BTreeMap;

pub(crate) const HOSTNAME: &str = "kubernetes.io/hostname";
pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";

/// A constraint, told apart from others by all it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Term {
    kind: TermKind,
    topology_key: String,
    selector: Option<LabelSelector>,
    /// Empty is every namespace.
    namespaces: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TermKind {
    /// Skew, and fewest domains.
    Spread(u32, u32),
    Affinity,
    AntiAffinity,
    HostPort(u16),
}

/// What the constraints between pods make of one pod.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ties {
    /// Limits per node.
    pub(crate) members: Vec<Member>,
    /// Constraints over zones.
    pub(crate) zonal: Vec<Member>,
    /// It must be with others on their very node.
    pub(crate) node_affinity_terms: Vec<u32>,
    /// What cannot be honoured when it moves.
    pub(crate) unsupported: Vec<String>,
}

/// All constraints between pods of a snapshot.
#[derive(Debug)]
pub(crate) struct Affinity {
    pub(crate) groups: Vec<Group>,
    /// By pod of the snapshot.
    pub(crate) ties: Vec<Ties>,
    /// Terms that ask to be together.
    pub(crate) together: Vec<bool>,
    /// Fewest domains of each term, below which the emptiest counts as empty.
    pub(crate) least_domains: Vec<u32>,
    /// Pods that own each term or are counted by it.
    pub(crate) involved: Vec<u32>,
}

impl Affinity {
    pub(crate) fn new(input: &PlanningInput) -> Self {
        let pods = &input.snapshot.pods;
        let mut numbers: BTreeMap<Term, u32> = BTreeMap::new();
        let owned: Vec<Vec<u32>> = pods
            .iter()
            .map(|pod| {
                terms_of(pod)
                    .into_iter()
                    .map(|term| {
                        let next = numbers.len() as u32;
                        *numbers.entry(term).or_insert(next)
                    })
                    .collect()
            })
            .collect();
        let mut terms: Vec<&Term> = numbers.keys().collect();
        terms.sort_by_key(|term| numbers[*term]);
        let index = Index::new(&terms);
        let mut by_labels: BTreeMap<(&str, &Labels), Vec<u32>> = BTreeMap::new();
        let groups = terms.iter().map(|term| term.group()).collect();
        let together = terms.iter().map(|term| term.kind == TermKind::Affinity).collect();
        let least = |term: &&Term| match term.kind {
            TermKind::Spread(_, least) => least,
            _ => 1,
        };
        let least_domains = terms.iter().map(least).collect();
        let ties: Vec<Ties> = pods
            .iter()
            .zip(&owned)
            .map(|(pod, owned)| {
                let counted = by_labels
                    .entry((pod.namespace.as_str(), &pod.labels))
                    .or_insert_with(|| index.matching(&terms, pod));
                ties(&terms, owned, counted)
            })
            .collect();
        let mut involved = vec![0; numbers.len()];
        for tie in &ties {
            for term in &tie.node_affinity_terms {
                involved[*term as usize] += 1;
            }
        }
        Self { groups, ties, together, least_domains, involved }
    }

    /// Whether a pod must be on one node with others, so that it can not go before them.
    pub(crate) fn bound_to_node(&self, pod: u32) -> bool {
        let terms = &self.ties[pod as usize].node_affinity_terms;
        terms.iter().any(|term| self.involved[*term as usize] > 1)
    }
}

impl Term {
    fn group(&self) -> Group {
        match self.kind {
            TermKind::Spread(skew, _) => Group { limit: skew.max(1), exclusive: false },
            _ => Group { limit: 1, exclusive: true },
        }
    }

    fn counts(&self, pod: &Pod) -> bool {
        let here = self.namespaces.is_empty() || self.namespaces.contains(&pod.namespace);
        here && self.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
    }

    fn name(&self) -> String {
        let what = match self.kind {
            TermKind::Spread(..) => "topology spread",
            TermKind::Affinity => "pod affinity",
            TermKind::AntiAffinity => "pod anti-affinity",
            TermKind::HostPort(_) => "host port",
        };
        format!("{what} over {}", self.topology_key)
    }
}

fn terms_of(pod: &Pod) -> Vec<Term> {
    let own = || vec![pod.namespace.clone()];
    let spread = pod.topology_spread.iter().filter(|spread| spread.required).map(|spread| Term {
        kind: TermKind::Spread(spread.max_skew, spread.min_domains.unwrap_or(1)),
        topology_key: spread.topology_key.clone(),
        selector: Some(spread.selector.clone()),
        namespaces: own(),
    });
    let between = |kind| {
        move |term: &domain::snapshot::PodTerm| Term {
            kind,
            topology_key: term.topology_key.clone(),
            selector: Some(term.selector.clone()),
            namespaces: term.namespaces.clone(),
        }
    };
    let ports = pod.host_ports.iter().map(|port| Term {
        kind: TermKind::HostPort(*port),
        topology_key: HOSTNAME.to_owned(),
        selector: None,
        namespaces: Vec::new(),
    });
    spread
        .chain(pod.affinity.iter().map(between(TermKind::Affinity)))
        .chain(pod.anti_affinity.iter().map(between(TermKind::AntiAffinity)))
        .chain(ports)
        .collect()
}

/// What the terms a pod owns and those that count it make of it.
fn ties(terms: &[&Term], owned: &[u32], counted: &[u32]) -> Ties {
    let mut ties = Ties::default();
    let mut all: Vec<u32> = owned.iter().chain(counted).copied().collect();
    all.sort_unstable();
    all.dedup();
    for number in all {
        let term = terms[number as usize];
        let owns = owned.contains(&number);
        let counts = counted.contains(&number) || matches!(term.kind, TermKind::HostPort(_));
        match (term.topology_key.as_str(), term.kind) {
            (HOSTNAME, TermKind::Affinity) => ties.node_affinity_terms.push(number),
            (HOSTNAME, _) => ties.members.push(Member { group: number, owns, counted: counts }),
            (ZONE, _) => ties.zonal.push(Member { group: number, owns, counted: counts }),
            _ if owns || term.kind != TermKind::Affinity => ties.unsupported.push(term.name()),
            _ => {}
        }
    }
    ties
}

/// Finds the terms that count a pod without trying them all.
struct Index<'a> {
    /// Terms whose selector asks for one value of a label.
    by_label: BTreeMap<(&'a str, &'a str), Vec<u32>>,
    rest: Vec<u32>,
}

impl<'a> Index<'a> {
    fn new(terms: &[&'a Term]) -> Self {
        let mut by_label: BTreeMap<(&str, &str), Vec<u32>> = BTreeMap::new();
        let mut rest = Vec::new();
        for (number, term) in terms.iter().enumerate() {
            let Some(selector) = &term.selector else { continue };
            let one = selector.requirements.iter().find(|requirement| {
                requirement.operator == domain::snapshot::Operator::In
                    && requirement.values.len() == 1
            });
            match one {
                Some(one) => {
                    by_label.entry((&one.key, &one.values[0])).or_default().push(number as u32);
                }
                None => rest.push(number as u32),
            }
        }
        Self { by_label, rest }
    }

    fn matching(&self, terms: &[&Term], pod: &Pod) -> Vec<u32> {
        let labelled = pod.labels.iter().flat_map(|(key, value)| {
            self.by_label.get(&(key.as_str(), value.as_str())).into_iter().flatten()
        });
        labelled
            .chain(&self.rest)
            .copied()
            .filter(|number| terms[*number as usize].counts(pod))
            .collect()
    }
}
