//! A cluster whose plans are carried out as they were decided.

use domain::Money;
use domain::offering::{CapacityType, Pool, Resources};
use domain::plan::Launch;
use domain::snapshot::{ClusterSnapshot, Labels, Node, NodeManager, Pod, PodKind, WorkloadRef};
use jiff::Timestamp;
use planner::{Decision, Target};
use std::collections::BTreeMap;

/// A cluster, and how many nodes it has had.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) snapshot: ClusterSnapshot,
    named: u32,
}

/// What a plan did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Carried {
    pub(crate) launched: u32,
    pub(crate) retired: u32,
    /// What carrying it out cost beyond a change in no time: nodes that still run, less those that do
    /// not run yet.
    pub(crate) overlap: Money,
}

/// Minutes from a launch until the first node of its command is drained and gone.
const FIRST: u32 = 5;
/// Minutes in which the policy's share of the nodes may be drained.
const TURN: u32 = 10;

impl Cluster {
    pub(crate) fn new(now: Timestamp) -> Self {
        let snapshot = ClusterSnapshot {
            taken_at: now,
            nodes: Vec::new(),
            pods: Vec::new(),
            workloads: Vec::new(),
            disruption_budgets: Vec::new(),
            findings: Vec::new(),
        };
        Self { snapshot, named: 0 }
    }

    /// Pods in the order that a decision counts them in.
    pub(crate) fn add(&mut self, pods: impl IntoIterator<Item = Pod>) {
        self.snapshot.pods.extend(pods);
        self.snapshot.pods.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Launches, moves and retires as decided on this very snapshot. `percent` of the nodes are
    /// drained per turn.
    pub(crate) fn carry_out(
        &mut self,
        decision: &Decision,
        now: Timestamp,
        percent: u8,
    ) -> Carried {
        let mut names: BTreeMap<Target, String> = BTreeMap::new();
        let mut carried = Carried::default();
        let per_turn = (self.snapshot.nodes.len() as u32 * u32::from(percent) / 100).max(1);
        let for_minutes = |price: Money, minutes: u32| price.ratio(i128::from(minutes), 60);
        // Commands follow one another, each launching once its turn to drain has come.
        for (command, done) in (0..).zip(&decision.plan.commands) {
            let begins = carried.retired / per_turn * TURN;
            for (at, launch) in (0..).zip(&done.launch) {
                for node in 0..launch.count {
                    let target = Target::Launched { command, launch: at, node };
                    names.insert(target, self.launch(launch, now));
                    carried.launched += 1;
                    carried.overlap -= for_minutes(launch.choices[0].price_per_hour, begins);
                }
            }
            for retire in &done.retire {
                self.snapshot.nodes.retain(|node| node.name != retire.node);
                let ends = FIRST + carried.retired / per_turn * TURN;
                carried.overlap += for_minutes(retire.price_per_hour, ends);
                carried.retired += 1;
            }
        }
        for placement in &decision.placements {
            let node = match &placement.to {
                Target::Node(name) => name,
                launched @ Target::Launched { .. } => &names[launched],
            };
            let pod = &mut self.snapshot.pods[placement.pod];
            pod.node = Some(node.clone());
            pod.ready = true;
        }
        let homeless = self.snapshot.pods.iter().filter_map(|pod| pod.node.as_ref());
        assert!(
            homeless.into_iter().all(|name| self
                .snapshot
                .nodes
                .iter()
                .any(|node| &node.name == name)),
            "a pod was left on a node that is gone"
        );
        carried
    }

    fn launch(&mut self, launch: &Launch, now: Timestamp) -> String {
        let choice = &launch.choices[0];
        let name = format!("node-{:06}", self.named);
        self.named += 1;
        let capacity = match choice.pool.capacity_type {
            CapacityType::Spot => "SPOT",
            CapacityType::OnDemand => "ON_DEMAND",
        };
        let mut labels: Labels = launch.labels.clone();
        for (key, value) in [
            ("kubernetes.io/hostname", name.as_str()),
            ("topology.kubernetes.io/zone", &choice.pool.zone),
            ("node.kubernetes.io/instance-type", &choice.pool.instance_type),
            ("kubernetes.io/arch", "amd64"),
            ("eks.amazonaws.com/capacityType", capacity),
        ] {
            labels.insert(key.to_owned(), value.to_owned());
        }
        self.snapshot.nodes.push(Node {
            name: name.clone(),
            instance_id: Some(format!("i-{:017x}", self.named)),
            instance_type: Some(choice.pool.instance_type.clone()),
            zone: Some(choice.pool.zone.clone()),
            capacity_type: Some(choice.pool.capacity_type),
            architecture: Some(domain::offering::Architecture::Amd64),
            manager: NodeManager::ManagedNodeGroup { name: "replayed".to_owned() },
            created_at: now,
            ready: true,
            unschedulable: false,
            terminating: false,
            do_not_disrupt: false,
            allocatable: choice.allocatable.clone(),
            labels,
            taints: launch.taints.clone(),
        });
        name
    }

    /// Nodes by pool.
    pub(crate) fn fleet(&self) -> BTreeMap<Pool, u32> {
        let mut fleet = BTreeMap::new();
        for pool in self.snapshot.nodes.iter().filter_map(Node::pool) {
            *fleet.entry(pool).or_default() += 1;
        }
        fleet
    }

    /// Requested CPU by pool, thousandths.
    pub(crate) fn cpu(&self) -> BTreeMap<Pool, u64> {
        let pools: BTreeMap<&str, Pool> = self
            .snapshot
            .nodes
            .iter()
            .filter_map(|node| Some((node.name.as_str(), node.pool()?)))
            .collect();
        let mut cpu = BTreeMap::new();
        for pod in &self.snapshot.pods {
            if let Some(pool) = pod.node.as_deref().and_then(|name| pools.get(name)) {
                *cpu.entry(pool.clone()).or_default() += pod.requests.cpu_milli;
            }
        }
        cpu
    }
}

/// A replica that waits for a place and asks for nothing but room.
pub(crate) fn pending(
    name: String,
    workload: &str,
    cpu_milli: u64,
    memory_mib: u64,
    now: Timestamp,
) -> Pod {
    Pod {
        namespace: "default".to_owned(),
        uid: name.clone(),
        name,
        node: None,
        ready: false,
        terminating: false,
        created_at: now,
        requests: Resources { cpu_milli, memory_mib, pods: 1, ..Resources::default() },
        owner: Some(WorkloadRef {
            kind: "Deployment".to_owned(),
            namespace: "default".to_owned(),
            name: workload.to_owned(),
        }),
        kind: PodKind::Replicated,
        labels: Labels::from([("app".to_owned(), workload.to_owned())]),
        priority: 0,
        architectures: vec![domain::offering::Architecture::Amd64],
        node_selector: Labels::new(),
        node_affinity: Vec::new(),
        preferred_node_affinity: Vec::new(),
        tolerations: Vec::new(),
        topology_spread: Vec::new(),
        affinity: Vec::new(),
        anti_affinity: Vec::new(),
        volume_zone: None,
        host_ports: Vec::new(),
        do_not_disrupt: false,
        local_storage: false,
        grace_seconds: 30,
        unsupported: Vec::new(),
    }
}
