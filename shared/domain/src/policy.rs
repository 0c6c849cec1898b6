//! What the owner of a cluster allows: how much Spot, which machines, how fast.

use crate::Money;
use crate::offering::{Architecture, InstanceType};
use crate::plan::ReasonKind;
use crate::snapshot::WorkloadRef;
use crate::window::{Window, any_open};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An optimisation policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Most of the cluster's requested CPU that may run on Spot, percent.
    pub spot_percent: u8,
    /// Replicas of every workload that stay on-demand before Spot is used, Spot Ocean's and ASG's
    /// on-demand base.
    pub on_demand_base: u32,
    /// Most of the requested CPU on Spot that may be in one pool (type × zone), percent. A pool fails as one unit.
    ///
    /// This and the next two round up to a whole node, as a PDB's percentage rounds up to a pod, and are
    /// no less than an even share of the pools, families or zones there are to choose from: otherwise a
    /// small cluster, or one in two zones, could have no Spot at all.
    pub max_pool_percent: u8,
    /// Most of the requested CPU on Spot that may be in one instance family, percent.
    pub max_family_percent: u8,
    /// Most of the requested CPU on Spot that may be in one zone, percent.
    pub max_zone_percent: u8,
    /// Most of one workload's replicas that the loss of one Spot pool may take, percent.
    pub max_workload_pool_percent: u8,
    /// Room kept free on each node, percent of allocatable.
    pub headroom_percent: u8,
    /// Least saving that makes a plan worth it, per hour.
    pub min_saving_per_hour: Money,
    /// Least saving that makes a plan worth it, percent of the cost.
    pub min_saving_percent: u8,
    /// What disrupting one pod is held to cost: a move must earn it back within `payback_hours`.
    pub disruption_cost_per_pod: Money,
    /// Within how many hours a move must have paid for itself.
    pub payback_hours: u32,
    /// Nodes that are kept for at least this long after they were made, and clusters that are left to rest
    /// for as long after a plan launched nodes, minutes. Also what forbids A→B→A.
    pub cooldown_minutes: u32,
    /// Most nodes drained within ten minutes, percent of the cluster's nodes, at least one.
    pub disruption_percent_per_10_minutes: u8,
    /// Further limits on drains, at times or for reasons; the least that holds counts. Karpenter's
    /// disruption budgets.
    #[serde(default)]
    pub budgets: Vec<Budget>,
    /// When commands may begin; empty is always. What has begun is finished.
    #[serde(default)]
    pub maintenance_windows: Vec<Window>,
    /// What is asked of single workloads in place of the cluster's; the first that selects one counts.
    #[serde(default)]
    pub workloads: Vec<WorkloadPolicy>,
    /// Plans that keep within the policy are approved by it.
    pub auto_approve: bool,
    /// Pods without a controller may be evicted although they will not come back.
    pub evict_bare_pods: bool,
    /// Pods with local storage may be evicted although they lose it.
    pub evict_local_storage: bool,
}

impl Default for Policy {
    /// Safe for a cluster nobody has thought about yet.
    fn default() -> Self {
        Self {
            spot_percent: 70,
            on_demand_base: 0,
            max_pool_percent: 9,
            max_family_percent: 25,
            max_zone_percent: 34,
            max_workload_pool_percent: 50,
            headroom_percent: 5,
            min_saving_per_hour: Money::from_nanos(10_000_000),
            min_saving_percent: 3,
            disruption_cost_per_pod: Money::from_nanos(1_000_000),
            payback_hours: 24,
            cooldown_minutes: 30,
            disruption_percent_per_10_minutes: 10,
            budgets: Vec::new(),
            maintenance_windows: Vec::new(),
            workloads: Vec::new(),
            auto_approve: false,
            evict_bare_pods: false,
            evict_local_storage: false,
        }
    }
}

impl Policy {
    /// Most replicas of a workload that may be on Spot.
    pub fn spot_replicas(&self, workload: &WorkloadRef, replicas: u32) -> u32 {
        let own = self.workloads.iter().find(|own| own.selects(workload));
        let base = own.and_then(|own| own.on_demand_base).unwrap_or(self.on_demand_base);
        let percent = own.and_then(|own| own.spot_percent).unwrap_or(100);
        let above = u64::from(replicas.saturating_sub(base));
        // At most `replicas`.
        (above * u64::from(percent.min(100)) / 100) as u32
    }

    /// Most nodes of `nodes` that may be drained within ten minutes, as of `now` and for this reason.
    pub fn drains_allowed(&self, nodes: usize, reason: ReasonKind, now: Timestamp) -> usize {
        let usual = nodes * usize::from(self.disruption_percent_per_10_minutes) / 100;
        let holds = |budget: &&Budget| {
            (budget.reasons.is_empty() || budget.reasons.contains(&reason))
                && budget.window.as_ref().is_none_or(|window| window.is_open(now))
        };
        let budgets = self.budgets.iter().filter(holds).map(|budget| budget.nodes.of(nodes));
        budgets.fold(usual.max(1), usize::min)
    }

    /// Whether commands may begin.
    pub fn in_maintenance_window(&self, now: Timestamp) -> bool {
        any_open(&self.maintenance_windows, now)
    }
}

/// Most nodes to drain within ten minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// How many; 0 forbids drains.
    pub nodes: Nodes,
    /// When it holds; absent is always.
    #[serde(default)]
    pub window: Option<Window>,
    /// For commands of which reasons; empty is all.
    #[serde(default)]
    pub reasons: BTreeSet<ReasonKind>,
}

/// A number of nodes, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nodes {
    /// So many.
    Count(u32),
    /// Percent of the cluster's nodes, rounded up as Karpenter does.
    Percent(u8),
}

impl Nodes {
    fn of(self, nodes: usize) -> usize {
        match self {
            Self::Count(count) => count as usize,
            Self::Percent(percent) => (nodes * usize::from(percent)).div_ceil(100),
        }
    }
}

/// What is asked of some workloads. What it leaves out is as for the whole cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkloadPolicy {
    /// Which namespace; absent is any.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Which kind, such as `Deployment`; absent is any.
    #[serde(default)]
    pub kind: Option<String>,
    /// Which name; absent is any.
    #[serde(default)]
    pub name: Option<String>,
    /// Most of its replicas above the base that may be on Spot, percent.
    #[serde(default)]
    pub spot_percent: Option<u8>,
    /// Replicas that stay on-demand.
    #[serde(default)]
    pub on_demand_base: Option<u32>,
}

impl WorkloadPolicy {
    /// Whether it is about this workload.
    pub fn selects(&self, workload: &WorkloadRef) -> bool {
        let is = |asked: &Option<String>, name: &String| {
            asked.as_ref().is_none_or(|asked| asked == name)
        };
        is(&self.namespace, &workload.namespace)
            && is(&self.kind, &workload.kind)
            && is(&self.name, &workload.name)
    }
}

/// A node template: which machines may be launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeTemplate {
    /// Architectures; never empty.
    pub architectures: BTreeSet<Architecture>,
    /// Categories such as `c`, `m`, `r`; empty allows all.
    pub categories: BTreeSet<String>,
    /// Families such as `m7g`; empty allows all.
    pub families: BTreeSet<String>,
    /// Generations such as 6 of `m6i`; empty allows all. `karpenter.k8s.aws/instance-generation`.
    #[serde(default)]
    pub generations: BTreeSet<u32>,
    /// Sizes such as `xlarge`; empty allows all. `karpenter.k8s.aws/instance-size`.
    #[serde(default)]
    pub sizes: BTreeSet<String>,
    /// Categories, families, sizes and types that are not launched whatever else is allowed.
    #[serde(default)]
    pub excluded: BTreeSet<String>,
    /// Zones; empty allows all.
    pub zones: BTreeSet<String>,
    /// Fewest nodes a plan may leave, where there are as many.
    #[serde(default)]
    pub min_nodes: u32,
    /// Most nodes a plan may leave, where there are no more now; absent is no limit.
    #[serde(default)]
    pub max_nodes: Option<u32>,
    /// Fewest vCPUs.
    pub min_vcpu: u32,
    /// Most vCPUs.
    pub max_vcpu: u32,
    /// Only types AWS calls current.
    pub current_generation_only: bool,
    /// Allow types with CPU credits.
    pub burstable: bool,
    /// Fewest offerings named for one launch on Spot, the first choice included.
    pub min_offerings: u32,
}

impl Default for NodeTemplate {
    fn default() -> Self {
        Self {
            architectures: BTreeSet::from([Architecture::Amd64]),
            categories: ["c", "m", "r"].map(str::to_owned).into(),
            families: BTreeSet::new(),
            generations: BTreeSet::new(),
            sizes: BTreeSet::new(),
            excluded: BTreeSet::new(),
            zones: BTreeSet::new(),
            min_nodes: 0,
            max_nodes: None,
            min_vcpu: 2,
            max_vcpu: 32,
            current_generation_only: true,
            burstable: false,
            min_offerings: 3,
        }
    }
}

impl NodeTemplate {
    /// Whether a type may be launched.
    pub fn allows(&self, made: &InstanceType) -> bool {
        let named = |set: &BTreeSet<String>, name: &str| set.is_empty() || set.contains(name);
        let names = [made.category(), made.family(), made.size(), &made.name];
        self.architectures.contains(&made.architecture)
            && named(&self.categories, made.category())
            && named(&self.families, made.family())
            && named(&self.sizes, made.size())
            && (self.generations.is_empty() || self.generations.contains(&made.generation()))
            && !names.iter().any(|name| self.excluded.contains(*name))
            && (self.min_vcpu..=self.max_vcpu).contains(&made.vcpu)
            && (made.current_generation || !self.current_generation_only)
            && (self.burstable || !made.burstable)
            && !made.bare_metal
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Window;

    fn web() -> WorkloadRef {
        WorkloadRef {
            kind: "Deployment".to_owned(),
            namespace: "shop".to_owned(),
            name: "web".to_owned(),
        }
    }

    fn now() -> Timestamp {
        "2026-03-07T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_first_policy_that_selects_a_workload_counts() {
        let mut policy = Policy { on_demand_base: 1, ..Policy::default() };
        assert_eq!(policy.spot_replicas(&web(), 5), 4);
        policy.workloads = vec![
            WorkloadPolicy {
                namespace: Some("other".to_owned()),
                spot_percent: Some(0),
                ..WorkloadPolicy::default()
            },
            WorkloadPolicy {
                name: Some("web".to_owned()),
                spot_percent: Some(50),
                ..WorkloadPolicy::default()
            },
            WorkloadPolicy {
                spot_percent: Some(0),
                on_demand_base: Some(9),
                ..WorkloadPolicy::default()
            },
        ];
        assert_eq!(policy.spot_replicas(&web(), 5), 2);
        let other = WorkloadRef { name: "api".to_owned(), ..web() };
        assert_eq!(policy.spot_replicas(&other, 5), 0);
        policy.workloads[1].on_demand_base = Some(0);
        assert_eq!(policy.spot_replicas(&web(), 5), 2);
        policy.workloads[1].spot_percent = None;
        assert_eq!(policy.spot_replicas(&web(), 5), 5);
    }

    #[test]
    fn the_least_budget_that_holds_counts() {
        let mut policy = Policy { disruption_percent_per_10_minutes: 20, ..Policy::default() };
        let allowed = |policy: &Policy, reason| policy.drains_allowed(30, reason, now());
        assert_eq!(allowed(&policy, ReasonKind::Spot), 6);
        assert_eq!(policy.drains_allowed(3, ReasonKind::Spot, now()), 1);
        let always = |nodes| Budget { nodes, window: None, reasons: BTreeSet::new() };
        policy.budgets = vec![always(Nodes::Percent(10)), always(Nodes::Count(5))];
        assert_eq!(allowed(&policy, ReasonKind::Spot), 3);
        // A percentage rounds up.
        assert_eq!(policy.drains_allowed(25, ReasonKind::Spot, now()), 3);
        // A budget raises nothing.
        policy.budgets = vec![always(Nodes::Count(30))];
        assert_eq!(allowed(&policy, ReasonKind::Spot), 6);
        policy.budgets =
            vec![Budget { reasons: [ReasonKind::Empty].into(), ..always(Nodes::Count(0)) }];
        assert_eq!(
            (allowed(&policy, ReasonKind::Empty), allowed(&policy, ReasonKind::Spot)),
            (0, 6)
        );
        let noon = |start: &str| Window {
            days: BTreeSet::new(),
            start: start.parse().unwrap(),
            duration_minutes: 60,
            zone: "UTC".to_owned(),
        };
        policy.budgets = vec![Budget { window: Some(noon("12:00")), ..always(Nodes::Count(0)) }];
        assert_eq!(allowed(&policy, ReasonKind::Spot), 0);
        policy.budgets = vec![Budget { window: Some(noon("13:00")), ..always(Nodes::Count(0)) }];
        assert_eq!(allowed(&policy, ReasonKind::Spot), 6);
    }

    fn made(name: &str) -> InstanceType {
        InstanceType {
            name: name.to_owned(),
            architecture: Architecture::Amd64,
            vcpu: 4,
            memory_mib: 16_384,
            max_pods: 58,
            gpus: 0,
            current_generation: true,
            bare_metal: false,
            burstable: false,
        }
    }

    #[test]
    fn a_template_allows_what_each_of_its_limits_allows() {
        type Change = fn(&mut InstanceType);
        let unlike: [Change; 7] = [
            |made| made.architecture = Architecture::Arm64,
            |made| made.name = "x2gd.xlarge".to_owned(),
            |made| made.vcpu = 1,
            |made| made.vcpu = 64,
            |made| made.current_generation = false,
            |made| made.burstable = true,
            |made| made.bare_metal = true,
        ];
        let plain = NodeTemplate::default();
        for (at, change) in unlike.into_iter().enumerate() {
            let mut other = made("m6i.xlarge");
            change(&mut other);
            assert!(!plain.allows(&other), "{at}");
        }
        let wide = NodeTemplate {
            categories: BTreeSet::new(),
            burstable: true,
            current_generation_only: false,
            ..NodeTemplate::default()
        };
        let mut old = InstanceType { burstable: true, ..made("t2.xlarge") };
        old.current_generation = false;
        assert!(wide.allows(&old));
        let narrow =
            NodeTemplate { families: ["m7i".to_owned()].into(), ..NodeTemplate::default() };
        assert!(narrow.allows(&made("m7i.xlarge")) && !narrow.allows(&made("m6i.xlarge")));
    }

    #[test]
    fn a_template_allows_by_generation_and_size_and_excludes_by_any_name() {
        let plain = NodeTemplate::default();
        assert!(plain.allows(&made("m6i.xlarge")));
        let allows = |change: fn(&mut NodeTemplate), name: &str| {
            let mut template = NodeTemplate::default();
            change(&mut template);
            template.allows(&made(name))
        };
        let sixth: fn(&mut NodeTemplate) = |template| template.generations = [6, 7].into();
        assert!(allows(sixth, "m6i.xlarge") && !allows(sixth, "m5.xlarge"));
        let small: fn(&mut NodeTemplate) = |template| template.sizes = ["large".to_owned()].into();
        assert!(allows(small, "m6i.large") && !allows(small, "m6i.xlarge"));
        for name in ["m", "m6i", "xlarge", "m6i.xlarge"] {
            let template =
                NodeTemplate { excluded: [name.to_owned()].into(), ..NodeTemplate::default() };
            assert!(!template.allows(&made("m6i.xlarge")), "{name}");
            assert!(template.allows(&made("c5.large")), "{name}");
        }
    }
}
