//! Nodes: which may be retired, which must stay and why, and what room each has.

use super::classes::Classed;
use super::pods::{Facts, is_workload};
use super::sites::Register;
use super::zones::Zoning;
use super::{RESOURCES, vector};
use crate::packing::{Size, Tally};
use domain::Money;
use domain::execution::GROUP_PREFIX;
use domain::finding::{Finding, FindingCode};
use domain::offering::{CapacityType, Pool};
use domain::plan::{PlanningInput, StayReason};
use domain::snapshot::{DisruptionBudget, Node, NodeManager, Pod};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What may become of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may be retired.
    Candidate,
    /// It stays, whatever the rest does.
    Stays(StayReason, String),
}

/// A node there is.
#[derive(Debug, Clone)]
pub(crate) struct Existing {
    pub(crate) verdict: Verdict,
    /// Its pool and price, where both are known.
    pub(crate) pool: Option<Pool>,
    pub(crate) price: Option<Money>,
    /// Interruptions a month, ppm.
    pub(crate) interruption_ppm: u32,
    pub(crate) spot: bool,
    /// Pods that would have to go, by class.
    pub(crate) load: Vec<(u32, u32)>,
    pub(crate) evictable: u32,
    /// Room for others, headroom kept; `None` where nothing new should go.
    pub(crate) free: Option<Size<RESOURCES>>,
    /// The scheduler gives it pods.
    pub(crate) open: bool,
    /// What the scheduler counts as free: it knows of no headroom.
    pub(crate) spare: Size<RESOURCES>,
    pub(crate) allocatable: Size<RESOURCES>,
    /// Allocatable less what goes with the node.
    pub(crate) usable: Size<RESOURCES>,
    pub(crate) site: u32,
    pub(crate) tallies: Vec<Tally>,
    /// CPU of pods that belong to no node, thousandths.
    pub(crate) workload_cpu: u64,
    /// Replicas of each workload on it.
    pub(crate) replicas: Vec<(u32, u32)>,
}

/// A pod that keeps its node.
fn blocks(
    input: &PlanningInput,
    facts: &Facts,
    budgets: &Budgets<'_>,
    zoning: &mut Zoning<'_>,
    at: u32,
) -> Option<(FindingCode, String, String)> {
    let pod = &input.snapshot.pods[at as usize];
    let subject = pod.subject();
    let name = format!("{}/{}", pod.namespace, pod.name);
    if pod.do_not_disrupt {
        return Some((
            FindingCode::PodDoNotDisrupt,
            subject,
            format!("Pod {name} asks not to be disrupted."),
        ));
    }
    if pod.kind == domain::snapshot::PodKind::Bare && !input.policy.evict_bare_pods {
        let text = format!(
            "Pod {name} has no controller and would not come back; the policy does not allow evicting such pods."
        );
        return Some((FindingCode::PodWithoutController, subject, text));
    }
    if pod.local_storage && !input.policy.evict_local_storage {
        let text = format!(
            "Pod {name} keeps data in local storage that an eviction would lose; the policy does not allow that."
        );
        return Some((FindingCode::LocalStorage, subject, text));
    }
    let ties = &facts.affinity.ties[at as usize];
    if let Some(what) = pod.unsupported.first().or(ties.unsupported.first()) {
        let text = format!("Pod {name} asks for {what}, which cannot be honoured when it moves.");
        return Some((FindingCode::ConstraintUnsupported, subject, text));
    }
    if facts.affinity.bound_to_node(at) {
        let text = format!(
            "Pod {name} must be on one node with other pods (pod affinity by hostname), so none of them can go first."
        );
        return Some((FindingCode::ConstraintUnsupported, subject, text));
    }
    if !zoning.could_return(input, at as usize) {
        let text = format!(
            "Pod {name} is where its constraints over zones would not let it come back to."
        );
        return Some((FindingCode::ConstraintUnsupported, subject, text));
    }
    if facts.unweighed[at as usize] {
        let text = format!("Pod {name} asks for an extended resource that is not weighed.");
        return Some((FindingCode::ExtendedResource, subject, text));
    }
    budgets.block(pod)
}

/// Budgets by namespace.
struct Budgets<'a>(BTreeMap<&'a str, Vec<&'a DisruptionBudget>>);

impl<'a> Budgets<'a> {
    fn new(input: &'a PlanningInput) -> Self {
        let mut budgets: BTreeMap<&str, Vec<&DisruptionBudget>> = BTreeMap::new();
        for budget in &input.snapshot.disruption_budgets {
            budgets.entry(&budget.namespace).or_default().push(budget);
        }
        Self(budgets)
    }

    fn block(&self, pod: &Pod) -> Option<(FindingCode, String, String)> {
        let here = self.0.get(pod.namespace.as_str())?;
        let selects = |budget: &&&DisruptionBudget| {
            budget.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
        };
        let mut selecting = here.iter().filter(selects);
        let first = selecting.next()?;
        let name = format!("{}/{}", pod.namespace, pod.name);
        if let Some(second) = selecting.next() {
            return Some((
                FindingCode::MultipleBudgets,
                pod.subject(),
                format!(
                    "Pod {name} is selected by the disruption budgets {} and {}; the Eviction API refuses such pods.",
                    first.name, second.name
                ),
            ));
        }
        let budget = format!("pdb/{}/{}", first.namespace, first.name);
        if first.never_allows {
            let text = format!(
                "Disruption budget {}/{} can never allow an eviction of pod {name}.",
                first.namespace, first.name
            );
            return Some((FindingCode::BudgetNeverAllows, budget, text));
        }
        if first.disruptions_allowed == 0 {
            let text = format!(
                "Disruption budget {}/{} allows no eviction now, and pod {name} is under it.",
                first.namespace, first.name
            );
            return Some((FindingCode::BudgetExhausted, budget, text));
        }
        None
    }
}

/// Judges every node.
pub(crate) fn judge(
    input: &PlanningInput,
    facts: &Facts,
    findings: &mut BTreeSet<Finding>,
) -> Vec<Verdict> {
    let budgets = Budgets::new(input);
    let last_plan = last_launch(input);
    let mut zoning = Zoning::new(input, facts);
    let nodes = input.snapshot.nodes.iter().enumerate();
    nodes
        .map(|(at, node)| {
            if let Some((code, text)) = unjudged(input, node) {
                findings.insert(Finding::new(code, format!("node/{}", node.name), &text));
                let reason = match code {
                    FindingCode::NodeDoNotDisrupt => StayReason::Blocked,
                    _ => StayReason::NotJudged,
                };
                return Verdict::Stays(reason, text);
            }
            let mut blocking = facts.on_node[at]
                .iter()
                .filter(|pod| is_workload(&input.snapshot.pods[**pod as usize]))
                .filter_map(|pod| blocks(input, facts, &budgets, &mut zoning, *pod));
            if let Some((code, subject, text)) = blocking.next() {
                findings.insert(Finding::new(code, subject, format!("{text} Its node stays.")));
                let mut more = 0;
                for (code, subject, text) in blocking {
                    findings.insert(Finding::new(code, subject, format!("{text} Its node stays.")));
                    more += 1;
                }
                let text = if more == 0 {
                    text
                } else {
                    format!("{text} {more} more of its pods may not be moved either.")
                };
                return Verdict::Stays(StayReason::Blocked, text);
            }
            cooling(input, node, last_plan)
                .map_or(Verdict::Candidate, |text| Verdict::Stays(StayReason::Cooldown, text))
        })
        .collect()
}

/// When a plan last launched a node of this cluster.
fn last_launch(input: &PlanningInput) -> Option<Timestamp> {
    let of_plans = |node: &&Node| {
        let NodeManager::ManagedNodeGroup { name } = &node.manager else { return false };
        name.starts_with(GROUP_PREFIX)
    };
    input.snapshot.nodes.iter().filter(of_plans).map(|node| node.created_at).max()
}

/// Whether a node is too young to be moved again, or the scheduler has just spread pods over nodes
/// that a plan launched: what that left elsewhere is looked at once it has settled.
fn cooling(input: &PlanningInput, node: &Node, last_plan: Option<Timestamp>) -> Option<String> {
    let cooldown = input.policy.cooldown_minutes;
    let minutes = |then| input.now.duration_since(then).as_secs().max(0) / 60;
    let is_young = |age: i64| age < i64::from(cooldown);
    let age = minutes(node.created_at);
    if is_young(age) {
        return Some(format!(
            "The node is {age} minutes old; the policy keeps nodes for {cooldown} minutes."
        ));
    }
    let rested = minutes(last_plan?);
    is_young(rested).then(|| {
        format!("A plan launched nodes {rested} minutes ago; the policy lets a cluster rest for {cooldown} minutes.")
    })
}

/// Why a node cannot be judged, whatever runs on it.
fn unjudged(input: &PlanningInput, node: &Node) -> Option<(FindingCode, String)> {
    let said = |code, text: &str| Some((code, text.to_owned()));
    match &node.manager {
        NodeManager::OtherCloud => {
            return said(FindingCode::OtherCloudNode, "The node is not an EC2 instance.");
        }
        NodeManager::Fargate => {
            return said(FindingCode::FargateNode, "The node is AWS Fargate's and holds one pod.");
        }
        NodeManager::Karpenter { node_pool } => {
            let text = format!("Karpenter's node pool {node_pool} replaces this node itself.");
            return Some((FindingCode::ManagedElsewhere, text));
        }
        NodeManager::AutoMode => {
            return said(FindingCode::ManagedElsewhere, "EKS Auto Mode replaces this node itself.");
        }
        NodeManager::ManagedNodeGroup { .. } | NodeManager::SelfManaged => {}
    }
    if node.terminating {
        return said(FindingCode::NodeNotReady, "The node is being deleted already.");
    }
    if !node.ready {
        return said(FindingCode::NodeNotReady, "The node is not ready.");
    }
    let Some(name) = &node.instance_type else {
        return said(FindingCode::InstanceTypeMissing, "The node has no instance type label.");
    };
    if !input.market.types.contains_key(name) {
        let text = format!("The catalogue knows no instance type {name}.");
        return Some((FindingCode::InstanceTypeUnknown, text));
    }
    let Some(pool) = node.pool() else {
        return said(
            FindingCode::PriceMissing,
            "The node has no zone label, so its price is not known.",
        );
    };
    if input.market.price(&pool).is_none() {
        return Some((FindingCode::PriceMissing, format!("No price is known for {pool}.")));
    }
    if node.instance_id.is_none() {
        return said(FindingCode::Unreadable, "The node does not say which EC2 instance it is.");
    }
    if node.do_not_disrupt {
        return said(FindingCode::NodeDoNotDisrupt, "The node asks not to be disrupted.");
    }
    None
}

/// Nodes in the packing's terms.
pub(crate) fn existing(
    input: &PlanningInput,
    facts: &Facts,
    classed: &Classed,
    verdicts: Vec<Verdict>,
    sites: &mut Register<'_>,
    extended: &[String],
) -> Vec<Existing> {
    let mut covered = Covered(input.covered_vcpus.clone());
    let nodes = input.snapshot.nodes.iter().zip(verdicts).enumerate();
    nodes
        .map(|(at, (node, verdict))| {
            let pool = node.pool();
            let offering = pool.as_ref().and_then(|pool| input.market.offering(pool));
            let spot = node.capacity_type == Some(CapacityType::Spot);
            let allocatable = vector(&node.allocatable, extended);
            let (mut usable, mut spare) = (allocatable, allocatable);
            let mut free = headroom(allocatable, input.policy.headroom_percent);
            let mut load: BTreeMap<u32, u32> = BTreeMap::new();
            let mut replicas: BTreeMap<u32, u32> = BTreeMap::new();
            let mut tallies: BTreeMap<u32, Tally> = BTreeMap::new();
            let mut workload_cpu = 0;
            let mut evictable = 0;
            for &pod in &facts.on_node[at] {
                let place = pod as usize;
                let size = &facts.sizes[place];
                take(&mut free, size);
                take(&mut spare, size);
                for member in &facts.affinity.ties[place].members {
                    let tally = tallies
                        .entry(member.group)
                        .or_insert(Tally { group: member.group, ..Tally::default() });
                    tally.owners += u32::from(member.owns);
                    tally.counted += u32::from(member.counted);
                }
                if !is_workload(&input.snapshot.pods[place]) {
                    take(&mut usable, size);
                    continue;
                }
                evictable += 1;
                workload_cpu += u64::from(size[0]);
                *replicas.entry(facts.workload_of[place]).or_default() += 1;
                if let Some(class) = classed.class_of[place] {
                    *load.entry(class).or_default() += 1;
                }
            }
            let judged = !matches!(&verdict, Verdict::Stays(StayReason::NotJudged, _));
            let open = node.ready && !node.unschedulable && !node.terminating;
            Existing {
                price: offering
                    .map(|offering| covered.less(&offering.pool, offering.price_per_hour, input)),
                interruption_ppm: pool
                    .as_ref()
                    .map_or(0, |pool| super::shapes::interruption_ppm(input, pool)),
                pool,
                spot,
                load: load.into_iter().collect(),
                evictable,
                free: (judged && open).then_some(free),
                open,
                spare,
                allocatable,
                usable,
                site: sites.of_node(node, facts.architectures[at]),
                tallies: tallies.into_values().collect(),
                workload_cpu,
                replicas: replicas.into_iter().collect(),
                verdict,
            }
        })
        .collect()
}

/// vCPUs by family that Reserved Instances and Savings Plans cover and no node has used yet.
struct Covered(BTreeMap<String, u32>);

impl Covered {
    /// What a node costs beside what is paid for whether it runs or not: its price by the share of its
    /// vCPUs that is not covered. Nodes are covered in the order of their names.
    fn less(&mut self, pool: &Pool, price: Money, input: &PlanningInput) -> Money {
        let vcpus = input.market.types.get(&pool.instance_type).map_or(0, |made| made.vcpu);
        let family = domain::offering::family_of(&pool.instance_type);
        let left = self.0.get_mut(family).filter(|_| pool.capacity_type == CapacityType::OnDemand);
        let Some(left) = left.filter(|_| vcpus > 0) else { return price };
        let taken = vcpus.min(*left);
        *left -= taken;
        price.ratio(i128::from(vcpus - taken), i128::from(vcpus))
    }
}

/// What is left when the policy's headroom is kept free of CPU and memory.
pub(crate) fn headroom(mut room: Size<RESOURCES>, percent: u8) -> Size<RESOURCES> {
    for amount in &mut room[..2] {
        *amount = (u64::from(*amount) * u64::from(100_u8.saturating_sub(percent)) / 100) as u32;
    }
    room
}

/// Takes `size` off, not below nothing.
pub(crate) fn take(room: &mut Size<RESOURCES>, size: &Size<RESOURCES>) {
    for (room, size) in room.iter_mut().zip(size) {
        *room = room.saturating_sub(*size);
    }
}
