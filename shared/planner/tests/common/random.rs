//! Random small clusters from a seed.

use super::{HOSTNAME, ZONE, ZONES, budget, input, node, node_term, pod, spread, term};
use domain::Money;
use domain::offering::{Architecture, CapacityType};
use domain::plan::PlanningInput;
use domain::snapshot::{NodeManager, Operator, PodKind, Taint, TaintEffect, Toleration};

/// An extended resource that some nodes have and no offering does.
pub const FPGA: &str = "example.com/fpga";

pub const CAPACITY: &str = "eks.amazonaws.com/capacityType";

/// A linear congruential generator: enough to vary tests.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678)
    }

    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    pub fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

/// A cluster of a few nodes with every kind of constraint there is, and a policy that may be strict.
pub fn cluster(seed: u64) -> PlanningInput {
    let mut dice = Dice::new(seed);
    let types = [
        "m6i.large",
        "m6i.xlarge",
        "m6i.2xlarge",
        "r6i.xlarge",
        "c6i.2xlarge",
        "m5.4xlarge",
        "m6g.xlarge",
    ];
    let mut nodes = Vec::new();
    for at in 0..=dice.roll(7) {
        let mut made =
            node(&format!("node-{at}"), types[dice.roll(7) as usize], ZONES[dice.roll(3) as usize]);
        if dice.one_in(4) {
            made.capacity_type = Some(CapacityType::Spot);
            made.labels.insert("eks.amazonaws.com/capacityType".to_owned(), "SPOT".to_owned());
        }
        if dice.one_in(6) {
            made.labels.insert("team".to_owned(), "blue".to_owned());
            made.taints.push(Taint {
                key: "team".to_owned(),
                value: "blue".to_owned(),
                effect: match dice.roll(4) {
                    0 => TaintEffect::PreferNoSchedule,
                    1 => TaintEffect::NoExecute,
                    _ => TaintEffect::NoSchedule,
                },
            });
        }
        if dice.one_in(5) {
            made.allocatable.pods = 2 + dice.roll(4);
        }
        if dice.one_in(3) {
            made.allocatable.extended.insert(FPGA.to_owned(), 1 + dice.roll(3));
        }
        match dice.roll(26) {
            24 => made.terminating = true,
            25 => made.manager = NodeManager::AutoMode,
            0 => made.instance_type = None,
            1 => made.ready = false,
            2 => made.manager = NodeManager::Karpenter { node_pool: "default".to_owned() },
            3 => made.do_not_disrupt = true,
            4 => made.created_at = super::now(),
            5 => made.unschedulable = true,
            6 => made.manager = NodeManager::SelfManaged,
            _ => {}
        }
        nodes.push(made);
    }
    if dice.one_in(8) {
        // Prefix delegation.
        for node in &mut nodes {
            node.allocatable.pods = 110;
        }
    }
    let mut pods = Vec::new();
    for app in 0..=dice.roll(5) {
        let name = format!("app{app}");
        let mut model = pod(&name, 0, None, 100 * (1 + dice.roll(15)), 256 * (1 + dice.roll(12)));
        if dice.one_in(6) {
            "other".clone_into(&mut model.namespace);
        }
        match dice.roll(18) {
            14 => {
                model.topology_spread.push(spread(ZONE, &name, 1 + dice.roll(2) as u32));
                model.topology_spread[0].min_domains = Some(1 + dice.roll(4) as u32);
            }
            15 => {
                let key = [ZONE, HOSTNAME][dice.roll(2) as usize];
                model.topology_spread.push(spread(key, &name, 1));
                model.topology_spread[0].required = false;
            }
            16 => {
                let mut everywhere = term(HOSTNAME, "app0");
                everywhere.namespaces.clear();
                model.anti_affinity.push(everywhere);
            }
            17 => {
                let kinds = ["m6i.xlarge", "r6i.xlarge"];
                model.node_affinity = vec![
                    node_term("node.kubernetes.io/instance-type", Operator::In, &kinds),
                    node_term("team", Operator::Exists, &[]),
                ];
            }
            0 => model.topology_spread.push(spread(ZONE, &name, 1)),
            1 => model.topology_spread.push(spread(HOSTNAME, &name, 1 + dice.roll(2) as u32)),
            2 => model.affinity.push(term(ZONE, &name)),
            3 => model.anti_affinity.push(term(HOSTNAME, &name)),
            4 => model.anti_affinity.push(term(HOSTNAME, "app0")),
            5 => model.affinity.push(term(ZONE, "app0")),
            6 => model.anti_affinity.push(term(ZONE, &name)),
            7 => model.affinity.push(term(HOSTNAME, &name)),
            8 => model.host_ports.push(8080),
            9 => drop(model.node_selector.insert("team".to_owned(), "blue".to_owned())),
            10 => model.node_affinity.push(node_term(ZONE, Operator::NotIn, &[ZONES[0]])),
            _ => {}
        }
        if dice.one_in(3) || model.node_selector.contains_key("team") {
            model.tolerations.push(Toleration {
                key: Some("team".to_owned()),
                value: None,
                effect: None,
            });
        }
        if dice.one_in(3) {
            model.architectures = vec![Architecture::Amd64, Architecture::Arm64];
        }
        if dice.one_in(4) {
            let term = match dice.roll(4) {
                0 => node_term("team", Operator::In, &["blue"]),
                1 => node_term(CAPACITY, Operator::In, &["ON_DEMAND"]),
                2 => node_term("kubernetes.io/arch", Operator::NotIn, &["amd64"]),
                _ => node_term(ZONE, Operator::In, &[ZONES[dice.roll(3) as usize]]),
            };
            model.preferred_node_affinity.push((1 + dice.roll(100) as i32, term));
        }
        if dice.one_in(5) {
            model.requests.ephemeral_mib = 1_024 * (1 + dice.roll(8));
        }
        if dice.one_in(8) {
            model.requests.extended.insert(FPGA.to_owned(), 1);
        }
        if dice.one_in(4) {
            model.priority = [-10, 1_000, 2_000_000_000][dice.roll(3) as usize];
        }
        let stateful = dice.one_in(5);
        if stateful {
            model.owner = Some(super::workload("StatefulSet", &name));
        }
        match dice.roll(30) {
            0 => model.do_not_disrupt = true,
            1 => model.local_storage = true,
            2 => model.kind = PodKind::Bare,
            3 => model.unsupported.push("a ResourceClaim".to_owned()),
            4 => model.kind = PodKind::DaemonSet,
            _ => {}
        }
        for number in 0..=(dice.roll(6) as usize) {
            let mut one = model.clone();
            one.name = format!("{name}-{number:04}");
            one.uid = format!("uid-{}", one.name);
            place(&mut one, &nodes, &pods, &mut dice);
            if one.node.is_some() && (stateful || dice.one_in(8)) {
                one.volume_zone = nodes
                    .iter()
                    .find(|node| Some(&node.name) == one.node.as_ref())
                    .and_then(|node| node.zone.clone());
            }
            for term in one.affinity.iter_mut().chain(&mut one.anti_affinity) {
                if !term.namespaces.is_empty() {
                    term.namespaces = vec![one.namespace.clone()];
                }
            }
            if one.kind == PodKind::Bare {
                one.owner = None;
            }
            one.terminating = dice.one_in(25);
            pods.push(one);
        }
    }
    let mut made = input(nodes, pods);
    for app in 0..3 {
        if dice.one_in(6) {
            made.snapshot.disruption_budgets.push(budget(
                &format!("app{app}"),
                dice.roll(2) as u32,
                dice.one_in(4),
            ));
        }
    }
    strict(&mut made, &mut dice);
    made.seed = seed;
    made.budget = 200;
    made
}

/// On a random node where the pod is allowed to be, or pending.
pub fn place(
    pod: &mut domain::snapshot::Pod,
    nodes: &[domain::snapshot::Node],
    others: &[domain::snapshot::Pod],
    dice: &mut Dice,
) {
    let start = dice.roll(nodes.len() as u64) as usize;
    for turn in 0..nodes.len() {
        let node = &nodes[(start + turn) % nodes.len()];
        let here: Vec<_> =
            others.iter().filter(|other| other.node.as_ref() == Some(&node.name)).collect();
        let mut used = pod.requests.clone();
        for other in &here {
            used.add(&other.requests);
        }
        let alike = here.iter().any(|other| other.labels == pod.labels);
        let lonely = !pod.anti_affinity.is_empty()
            || !pod.host_ports.is_empty()
            || !pod.topology_spread.is_empty();
        let tolerated = node
            .taints
            .iter()
            .all(|taint| pod.tolerations.iter().any(|toleration| toleration.tolerates(taint)));
        let selected =
            pod.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value))
                && pod
                    .node_affinity
                    .iter()
                    .all(|term| term.requirements.iter().all(|asked| asked.matches(&node.labels)));
        if node.allocatable.covers(&used)
            && tolerated
            && selected
            && !(alike && lonely)
            && node.architecture == Some(Architecture::Amd64)
        {
            pod.node = Some(node.name.clone());
            pod.ready = true;
            return;
        }
    }
    pod.ready = false;
}

fn strict(input: &mut PlanningInput, dice: &mut Dice) {
    let policy = &mut input.policy;
    policy.spot_percent = [0, 50, 70, 100][dice.roll(4) as usize];
    policy.on_demand_base = [0, 0, 1, 2][dice.roll(4) as usize];
    policy.headroom_percent = [0, 5, 10][dice.roll(3) as usize];
    policy.evict_bare_pods = dice.one_in(2);
    policy.evict_local_storage = dice.one_in(2);
    if dice.one_in(2) {
        policy.max_pool_percent = 50;
        policy.max_family_percent = 60;
        policy.max_zone_percent = 60;
        policy.max_workload_pool_percent = 50;
    }
    if dice.one_in(3) {
        input.template.architectures.insert(Architecture::Arm64);
    }
    policy.min_saving_per_hour = Money::from_nanos([0, 10_000_000][dice.roll(2) as usize]);
    if dice.one_in(4) {
        policy.workloads.push(domain::policy::WorkloadPolicy {
            name: Some("app1".to_owned()),
            spot_percent: Some([0, 50][dice.roll(2) as usize]),
            on_demand_base: [None, Some(2)][dice.roll(2) as usize],
            ..domain::policy::WorkloadPolicy::default()
        });
    }
    let template = &mut input.template;
    match dice.roll(16) {
        0 => template.zones = [ZONES[0].to_owned(), ZONES[1].to_owned()].into(),
        1 => template.families = ["m6i".to_owned(), "m5".to_owned()].into(),
        2 => template.sizes = ["xlarge".to_owned(), "2xlarge".to_owned()].into(),
        3 => template.excluded = ["c6i".to_owned()].into(),
        4 => template.min_nodes = 1 + dice.roll(4) as u32,
        5 => template.max_nodes = Some(1 + dice.roll(4) as u32),
        6 => drop(input.covered_vcpus.insert("m6i".to_owned(), 4)),
        7 => template.max_vcpu = 4,
        _ => {}
    }
}

/// The same with one offering at half its price, or with another one like it at half its price.
pub fn cheaper(input: &PlanningInput, seed: u64) -> PlanningInput {
    let mut input = input.clone();
    let mut dice = Dice::new(seed.wrapping_add(77));
    let market = &mut input.market;
    let at = dice.roll(market.offerings.len() as u64) as usize;
    let half = market.offerings[at].price_per_hour.ratio(1, 2);
    if dice.one_in(2) {
        market.offerings[at].price_per_hour = half;
        return input;
    }
    let mut another = market.offerings[at].clone();
    let mut made = market.types[&another.pool.instance_type].clone();
    // Of the same family, so that there is no more to choose from.
    made.name.push_str("-new");
    another.pool.instance_type.clone_from(&made.name);
    another.price_per_hour = half;
    market.types.insert(made.name.clone(), made);
    market.offerings.push(another);
    market.offerings.sort_by(|one, other| one.pool.cmp(&other.pool));
    input
}

/// Services as in a real cluster: a dozen Deployments with a few replicas each, most spread over
/// zones or apart by node, on nodes that are half empty, under the default policy.
pub fn services(seed: u64) -> PlanningInput {
    let mut dice = Dice::new(seed.wrapping_add(4_000));
    let count = 6 + dice.roll(12);
    let nodes: Vec<_> = (0..count as usize)
        .map(|at| {
            let of = ["m6i.2xlarge", "m6i.xlarge", "m6i.2xlarge"][dice.roll(3) as usize];
            node(&format!("node-{at:02}"), of, ZONES[at % 3])
        })
        .collect();
    let mut pods = Vec::new();
    for app in 0..count {
        let name = format!("app{app}");
        let cpu = [150, 250, 500, 750, 1_000, 1_200][dice.roll(6) as usize];
        let memory = [256, 512, 1_024, 1_536, 2_048, 4_096][dice.roll(6) as usize];
        let mut model = pod(&name, 0, None, cpu, memory);
        match dice.roll(5) {
            0 => model.topology_spread.push(spread(ZONE, &name, 1)),
            1 => model.anti_affinity.push(term(HOSTNAME, &name)),
            2 => {
                model.topology_spread.push(spread(ZONE, &name, 1));
                model.anti_affinity.push(term(HOSTNAME, &name));
            }
            _ => {}
        }
        for number in 0..=(dice.roll(6) as usize) {
            let mut one = model.clone();
            one.name = format!("{name}-{number:04}");
            one.uid = format!("uid-{}", one.name);
            place_in_turn(&mut one, number, &nodes, &pods, &mut dice);
            pods.push(one);
        }
    }
    for (at, _) in nodes.iter().enumerate() {
        for (name, cpu, memory) in [("proxy", 100, 64), ("logs", 100, 160)] {
            let mut daemon = pod(name, at, Some(&nodes[at].name), cpu, memory);
            daemon.kind = PodKind::DaemonSet;
            daemon.owner = Some(super::workload("DaemonSet", name));
            pods.push(daemon);
        }
    }
    let mut made = input(nodes, pods);
    made.policy = domain::policy::Policy { cooldown_minutes: 0, ..Default::default() };
    made.seed = seed;
    made
}

/// On a node of the zone whose turn it is.
fn place_in_turn(
    pod: &mut domain::snapshot::Pod,
    number: usize,
    nodes: &[domain::snapshot::Node],
    others: &[domain::snapshot::Pod],
    dice: &mut Dice,
) {
    let start = dice.roll(nodes.len() as u64) as usize;
    let room = |node: &&domain::snapshot::Node| {
        let mut used = pod.requests.clone();
        let here = others.iter().filter(|other| other.node.as_ref() == Some(&node.name));
        let mut alike = 0;
        for other in here {
            used.add(&other.requests);
            alike += u32::from(other.owner == pod.owner);
        }
        used.cpu_milli = used.cpu_milli * 5 / 3;
        node.zone.as_deref() == Some(ZONES[number % 3])
            && alike == 0
            && node.allocatable.covers(&used)
    };
    let turned = nodes.iter().cycle().skip(start).take(nodes.len());
    pod.node = turned.clone().find(room).map(|node| node.name.clone());
    pod.ready = pod.node.is_some();
}
