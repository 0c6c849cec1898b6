//! A planning input in the packing core's terms: classes of pods, shapes of new nodes, and what each
//! node there is may become.

mod affinity;
mod classes;
mod daemons;
mod labels;
mod nodes;
mod pods;
mod preferences;
mod regional;
mod roomier;
mod shapes;
mod sites;
mod verdicts;
mod zones;

pub(crate) use classes::Class;
pub(crate) use nodes::Existing;
pub(crate) use preferences::Preference;
pub(crate) use regional::Variety;
pub(crate) use shapes::Shape;
pub(crate) use verdicts::Verdict;

use crate::packing::{Group, Size, Tally};
use domain::Money;
use domain::disruption::Limits;
use domain::finding::Finding;
use domain::offering::Resources;
use domain::plan::PlanningInput;
use domain::snapshot::WorkloadRef;
use std::collections::{BTreeMap, BTreeSet};

/// CPU, memory, pods, ephemeral storage, and up to four extended resources.
pub(crate) const RESOURCES: usize = 8;
/// How many of them have names of their own.
const NAMED: usize = 4;

/// All that the decision works on.
#[derive(Debug, Clone)]
pub(crate) struct Model<'a> {
    pub(crate) input: &'a PlanningInput,
    /// Workloads by their number in classes.
    pub(crate) workloads: Vec<WorkloadRef>,
    /// Replicas of each workload that hold or want a place.
    pub(crate) replicas: Vec<u32>,
    /// Of them, most that may be on Spot by the policy.
    pub(crate) spot_replicas: Vec<u32>,
    /// By workload: its pods wish to be spread over zones, and do not ask for it.
    pub(crate) wish_zones: Vec<bool>,
    pub(crate) classes: Vec<Class>,
    /// Terms between pods. Those over zones are never members of a class's packing.
    pub(crate) groups: Vec<Group>,
    /// Of them, those that ask to be together.
    pub(crate) together: Vec<bool>,
    /// Fewest domains of each, below which the emptiest counts as empty.
    pub(crate) least_domains: Vec<u32>,
    /// Pods that run, by term over zones and zone.
    pub(crate) in_zones: BTreeMap<(u32, String), Tally>,
    /// By snapshot order.
    pub(crate) nodes: Vec<Existing>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) variety: Variety,
    /// Pods that wait for a place: class and count.
    pub(crate) pending: Vec<(u32, u32)>,
    /// Pods that wait and are not planned for: they may still take room from those that are.
    pub(crate) rivals: Vec<(u32, u32)>,
    /// Class of each pod of the snapshot that can be moved or placed.
    pub(crate) class_of: Vec<Option<u32>>,
    /// Replicas are to be shared out evenly among zones though they do not ask for it.
    pub(crate) evened: bool,
    pub(crate) findings: BTreeSet<Finding>,
}

impl<'a> Model<'a> {
    /// Reads the input. What it cannot use becomes a finding.
    pub(crate) fn new(input: &'a PlanningInput) -> Self {
        Self::read(input, true, false)
    }

    /// The same where nothing is given a place on account of pods that wait: they may find none.
    pub(crate) fn wary(input: &'a PlanningInput) -> Self {
        Self::read(input, true, true)
    }

    /// The same without shapes: for looking at what there is. Of a large market they are most of the
    /// work.
    pub(crate) fn without_shapes(input: &'a PlanningInput) -> Self {
        Self::read(input, false, false)
    }

    fn read(input: &'a PlanningInput, launching: bool, wary: bool) -> Self {
        let mut findings = BTreeSet::new();
        let extended = extended_names(input, &mut findings);
        let facts = pods::Facts::new(input, &extended);
        let limits = Limits::new(&input.snapshot);
        let verdicts = verdicts::judge(input, &facts, &limits, &mut findings);
        let mut sites = sites::Register::new(input);
        let daemons = daemons::daemons(input, &extended);
        let mut shapes = if launching {
            shapes::shapes(input, &facts, &mut sites, &daemons, &extended)
        } else {
            Vec::new()
        };
        let classed = classes::classify(input, &facts, &verdicts, wary, &mut findings);
        let nodes =
            nodes::existing(input, &facts, &classed, &limits, verdicts, &mut sites, &extended);
        let in_zones = zones::tallies(input, &facts);
        let strangers = classes::keep_off(&classed.drafts, &mut shapes, &nodes, &sites);
        findings.extend(strangers);
        findings.extend(nodes::coverage(&nodes));
        let classes = classes::with_sites(classed.drafts, &shapes, &sites);
        let workloads = facts.workloads.iter().zip(&facts.replicas);
        let spot_replicas = workloads
            .map(|(workload, replicas)| input.policy.spot_replicas(workload, *replicas))
            .collect();
        Self {
            input,
            spot_replicas,
            workloads: facts.workloads,
            replicas: facts.replicas,
            wish_zones: facts.wish_zones,
            classes,
            in_zones,
            groups: facts.affinity.groups,
            together: facts.affinity.together,
            least_domains: facts.affinity.least_domains,
            nodes,
            shapes,
            variety: Variety::new(input),
            pending: classed.pending,
            rivals: classed.rivals,
            class_of: classed.class_of,
            evened: false,
            findings,
        }
    }

    /// The same where no preference of a pod counts.
    pub(crate) fn indifferent(&self) -> Self {
        let mut model = self.clone();
        for class in &mut model.classes {
            class.wanted = class.allowed.clone();
        }
        model
    }

    /// Whether preferences keep pods from places where they may be.
    pub(crate) fn prefers(&self) -> bool {
        self.classes.iter().any(|class| class.wanted != class.allowed)
    }

    /// What the nodes there are cost in an hour, as far as their prices are known.
    pub(crate) fn cost_now(&self) -> Money {
        self.nodes.iter().filter_map(|node| node.price).sum()
    }

    /// CPU requested by pods that belong to no node, thousandths.
    pub(crate) fn workload_cpu(&self) -> u64 {
        let placed: u64 = self.nodes.iter().map(|node| node.workload_cpu).sum();
        let pending: u64 = self
            .pending
            .iter()
            .map(|(class, count)| {
                u64::from(self.classes[*class as usize].size[0]) * u64::from(*count)
            })
            .sum();
        placed + pending
    }
}

/// The first four extended resources that any pod asks for. Pods that ask for others stay.
fn extended_names(input: &PlanningInput, findings: &mut BTreeSet<Finding>) -> Vec<String> {
    let names: BTreeSet<&String> =
        input.snapshot.pods.iter().flat_map(|pod| pod.requests.extended.keys()).collect();
    for name in names.iter().skip(RESOURCES - NAMED) {
        findings.insert(Finding::new(
            domain::finding::FindingCode::ExtendedResource,
            format!("resource/{name}"),
            format!("Only {} extended resources are weighed at once; pods that ask for {name} stay where they are.", RESOURCES - NAMED),
        ));
    }
    names.into_iter().take(RESOURCES - NAMED).cloned().collect()
}

/// Resources as a vector. Requests are to be rounded up and room down; too large a number saturates.
pub(crate) fn vector(resources: &Resources, extended: &[String]) -> Size<RESOURCES> {
    let small = |amount: u64| u32::try_from(amount).unwrap_or(u32::MAX);
    let mut vector = [0; RESOURCES];
    vector[0] = small(resources.cpu_milli);
    vector[1] = small(resources.memory_mib);
    vector[2] = small(resources.pods);
    vector[3] = small(resources.ephemeral_mib);
    for (place, name) in extended.iter().enumerate() {
        vector[NAMED + place] = small(resources.extended.get(name).copied().unwrap_or(0));
    }
    vector
}
