//! Classes: pods that nothing tells apart when places are given out.

use super::RESOURCES;
use super::affinity::ZONE;
use super::nodes::Existing;
use super::pods::{Facts, is_workload};
use super::preferences::{Preference, Terms};
use super::shapes::Shape;
use super::sites::{Demand, Register};
use super::verdicts::Verdict;
use super::zones::Zoning;
use crate::packing::{Member, Sites, Size};
use crate::words::{counted, verb};
use domain::finding::{Finding, FindingCode};
use domain::offering::Architecture;
use domain::plan::PlanningInput;
use domain::snapshot::Toleration;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Equal pods.
#[derive(Debug, Clone)]
pub(crate) struct Class {
    pub(crate) size: Size<RESOURCES>,
    pub(crate) workload: u32,
    /// The scheduler looks at pods that wait in the order of their priorities, the highest first.
    pub(crate) priority: i32,
    pub(crate) members: Rc<[Member]>,
    /// Constraints over zones.
    pub(crate) zonal: Rc<[Member]>,
    /// Where they may be.
    pub(crate) allowed: Places,
    /// Where of these a plan puts them: as they prefer, where that is worth what it costs.
    pub(crate) wanted: Places,
    /// Where the scheduler would let them be, constraints over zones aside: it knows of no zone and no
    /// architecture that they are to keep.
    pub(crate) schedulable: Rc<Sites>,
    /// Where they may be but for constraints over zones.
    pub(crate) in_any_zone: Rc<Sites>,
    /// Nodes whose zones are domains of its topology spread: taints do not matter there.
    pub(crate) domains: Rc<Sites>,
    pub(crate) preference: Option<Preference>,
}

/// Where pods may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) anywhere: Rc<Sites>,
    /// Of these, what is on-demand.
    pub(crate) on_demand: Rc<Sites>,
    /// Some shape on Spot will do; some on-demand.
    pub(crate) can_spot: bool,
    pub(crate) can_on_demand: bool,
}

/// A class before it is known where it may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Draft {
    size: Size<RESOURCES>,
    workload: u32,
    priority: i32,
    members: Vec<Member>,
    zonal: Vec<Member>,
    volume_zone: Option<String>,
    preferred: Terms,
    demand: Demand,
}

impl Draft {
    /// What the scheduler knows of where its pods may be.
    fn loose(&self) -> Demand {
        Demand { zone: self.volume_zone.clone(), architectures: Vec::new(), ..self.demand.clone() }
    }
}

/// Pods in classes.
#[derive(Debug)]
pub(crate) struct Classed {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) class_of: Vec<Option<u32>>,
    pub(crate) pending: Vec<(u32, u32)>,
    pub(crate) rivals: Vec<(u32, u32)>,
}

/// Puts pods that may move, and those that wait for a place, into classes.
pub(crate) fn classify(
    input: &PlanningInput,
    facts: &Facts,
    verdicts: &[Verdict],
    wary: bool,
    findings: &mut BTreeSet<Finding>,
) -> Classed {
    let mut zoning = Zoning::new(input, facts, wary);
    let common = common_architecture(facts);
    let mut numbers: BTreeMap<Draft, u32> = BTreeMap::new();
    let mut class_of = vec![None; input.snapshot.pods.len()];
    let mut pending: BTreeMap<u32, u32> = BTreeMap::new();
    let mut rivals: BTreeMap<u32, u32> = BTreeMap::new();
    let mut unknown_architecture = 0_u32;
    for (at, pod) in input.snapshot.pods.iter().enumerate() {
        let node = facts.node_of[at].map(|node| node as usize);
        if !is_workload(pod) || node.is_some_and(|node| verdicts[node] != Verdict::Candidate) {
            continue;
        }
        if node.is_none() && pod.node.is_some() {
            let text = format!(
                "Pod {}/{} is bound to a node that the snapshot does not have.",
                pod.namespace, pod.name
            );
            findings.insert(Finding::new(FindingCode::SnapshotContradicts, pod.subject(), text));
            continue;
        }
        let ties = &facts.affinity.ties[at];
        let mut zone = pod.volume_zone.clone();
        let mut is_rival = false;
        match node {
            Some(node) if !ties.zonal.is_empty() => {
                zone.clone_from(&input.snapshot.nodes[node].zone);
            }
            Some(_) => {}
            None => {
                let unsupported = !pod.unsupported.is_empty()
                    || !ties.unsupported.is_empty()
                    || facts.affinity.bound_to_node(at as u32)
                    || facts.unweighed[at];
                let asked = zone.as_deref().or(pod.node_selector.get(ZONE).map(String::as_str));
                let found = (!unsupported).then(|| zoning.place(at, asked)).flatten();
                is_rival = found.is_none();
                if is_rival {
                    let text = format!(
                        "Pod {}/{} is pending, and its constraints leave it no place that could be planned.",
                        pod.namespace, pod.name
                    );
                    findings.insert(Finding::new(FindingCode::PodPending, pod.subject(), text));
                }
                zone = zone.or(found.flatten());
            }
        }
        let mut architectures = pod.architectures.clone();
        if architectures.is_empty() {
            let here = node.map_or(Some(common), |node| facts.architectures[node]);
            architectures.extend(here);
            unknown_architecture += u32::from(
                input.template.architectures.iter().any(|allowed| Some(*allowed) != here),
            );
        }
        let draft = Draft {
            size: facts.sizes[at],
            workload: facts.workload_of[at],
            priority: pod.priority,
            members: ties.members.clone(),
            zonal: ties.zonal.clone(),
            volume_zone: pod.volume_zone.clone(),
            preferred: pod.preferred_node_affinity.clone(),
            demand: Demand {
                node_selector: pod.node_selector.clone(),
                node_affinity: pod.node_affinity.clone(),
                tolerations: pod.tolerations.clone(),
                architectures,
                zone,
            },
        };
        let next = numbers.len() as u32;
        let class = *numbers.entry(draft).or_insert(next);
        if is_rival {
            *rivals.entry(class).or_default() += 1;
            continue;
        }
        class_of[at] = Some(class);
        if node.is_none() {
            *pending.entry(class).or_default() += 1;
        }
    }
    if unknown_architecture > 0 {
        let text = format!(
            "The images of {} do not say which architectures they support, so {} on the one they run on.",
            counted(unknown_architecture, "pod"),
            verb(unknown_architecture.into(), "it stays", "they stay")
        );
        findings.insert(Finding::new(FindingCode::ArchitectureUnknown, "cluster", text));
    }
    let mut drafts: Vec<(Draft, u32)> = numbers.into_iter().collect();
    drafts.sort_by_key(|(_, number)| *number);
    Classed {
        drafts: drafts.into_iter().map(|(draft, _)| draft).collect(),
        class_of,
        pending: pending.into_iter().collect(),
        rivals: rivals.into_iter().collect(),
    }
}

/// Keeps off shapes whose architecture is new to some pods that the scheduler would let onto them
/// though they cannot run there, or nobody knows whether they can: it looks at no image. Returns what
/// to say of that.
pub(crate) fn keep_off(
    drafts: &[Draft],
    shapes: &mut [Shape],
    nodes: &[Existing],
    sites: &Register<'_>,
) -> Option<Finding> {
    let known = sites.architectures();
    let held: BTreeSet<(Demand, &[Architecture])> =
        drafts.iter().map(|draft| (draft.loose(), draft.demand.architectures.as_slice())).collect();
    let mut kept_off = BTreeSet::new();
    for (loose, architectures) in held {
        let open = sites.matching(&loose).0;
        let there: BTreeSet<Option<Architecture>> = nodes
            .iter()
            .filter(|node| open.contains(node.site))
            .map(|node| known[node.site as usize])
            .collect();
        for shape in shapes.iter_mut().filter(|shape| open.contains(shape.site)) {
            let architecture = known[shape.site as usize];
            let runs = architecture.is_some_and(|have| architectures.contains(&have));
            if !runs && !there.contains(&architecture) && shape.launchable {
                shape.launchable = false;
                kept_off.extend(architecture);
            }
        }
    }
    let named: Vec<&str> = kept_off.iter().map(|one| one.as_str()).collect();
    (!named.is_empty()).then(|| {
        let text = format!(
            "No {} node is launched: the scheduler would let pods onto it whose images are not known to run there, and that select no architecture.",
            named.join(" or ")
        );
        Finding::new(FindingCode::ArchitectureUnknown, "template", text)
    })
}

/// Adds where each class may be.
pub(crate) fn with_sites(drafts: Vec<Draft>, shapes: &[Shape], sites: &Register<'_>) -> Vec<Class> {
    let (mut spot, mut on_demand) = (BTreeSet::new(), BTreeSet::new());
    for shape in shapes.iter().filter(|shape| shape.launchable) {
        if shape.spot { &mut spot } else { &mut on_demand }.insert(shape.site);
    }
    let places = |(anywhere, od): (Rc<Sites>, Rc<Sites>)| Places {
        can_spot: spot.iter().any(|site| anywhere.contains(*site)),
        can_on_demand: on_demand.iter().any(|site| od.contains(*site)),
        anywhere,
        on_demand: od,
    };
    let mut known: BTreeMap<Demand, (Rc<Sites>, Rc<Sites>)> = BTreeMap::new();
    let mut matching = |demand: Demand| {
        let found = known.entry(demand).or_insert_with_key(|demand| {
            let (anywhere, on_demand) = sites.matching(demand);
            (Rc::new(anywhere), Rc::new(on_demand))
        });
        found.clone()
    };
    let mut weights: BTreeMap<Terms, (Rc<Terms>, Rc<Vec<u32>>)> = BTreeMap::new();
    drafts
        .into_iter()
        .map(|draft| {
            let loose = draft.loose();
            let untainted = Demand {
                zone: None,
                tolerations: vec![Toleration { key: None, value: None, effect: None }],
                ..loose.clone()
            };
            let in_any_zone = Demand { zone: draft.volume_zone, ..draft.demand.clone() };
            let allowed = places(matching(draft.demand));
            let preference = (!draft.preferred.is_empty()).then(|| {
                let (terms, met) = weights
                    .entry(draft.preferred)
                    .or_insert_with_key(|terms| {
                        (Rc::new(terms.clone()), Rc::new(sites.weights(terms)))
                    })
                    .clone();
                Preference::new(terms, met, &draft.size, &allowed, shapes)
            });
            let wanted = preference.as_ref().map_or_else(
                || allowed.clone(),
                |preference| {
                    let (anywhere, od) = preference.narrowed(&draft.size, &allowed, shapes);
                    places((Rc::new(anywhere), Rc::new(od)))
                },
            );
            Class {
                size: draft.size,
                workload: draft.workload,
                priority: draft.priority,
                members: draft.members.into(),
                zonal: draft.zonal.into(),
                schedulable: matching(loose).0,
                in_any_zone: matching(in_any_zone).0,
                domains: matching(untainted).0,
                allowed,
                wanted,
                preference,
            }
        })
        .collect()
}

/// The architecture that pending pods of unknown images are held to: that of most nodes.
fn common_architecture(facts: &Facts) -> Architecture {
    let count = |asked| facts.architectures.iter().filter(|have| **have == Some(asked)).count();
    let arm = count(Architecture::Arm64) > count(Architecture::Amd64);
    if arm { Architecture::Arm64 } else { Architecture::Amd64 }
}
