//! Carrying a plan out in a world small enough to see.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use domain::Money;
use domain::action::{Action, Outcome, Task};
use domain::cluster::NotFit;
use domain::execution::{
    CommandPhase, Effect, Execution, GroupRequest, GroupState, InstanceState, NodePhase, Observed,
    advance,
};
use domain::ids::{ActionId, ClusterId, PlanId};
use domain::offering::{CapacityType, Pool, Resources};
use domain::plan::{Choice, Command, Launch, Plan, Position, Reason, ReasonKind, Retire};
use domain::policy::{Budget, Nodes, Policy};
use domain::snapshot::{ClusterSnapshot, Node, NodeManager, Pod, PodKind, WorkloadRef};
use domain::window::Window;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

fn pool(name: &str, capacity_type: CapacityType) -> Pool {
    Pool { instance_type: name.to_owned(), zone: "us-east-1a".to_owned(), capacity_type }
}

fn choice(name: &str, capacity_type: CapacityType) -> Choice {
    Choice {
        pool: pool(name, capacity_type),
        price_per_hour: Money::from_nanos(40_000_000),
        estimated: false,
        monthly_interruption_ppm: 0,
        allocatable: Resources::default(),
    }
}

/// Two old nodes for one new one.
fn plan() -> Plan {
    let retire = |name: &str| Retire {
        node: name.to_owned(),
        instance_id: format!("i-{name}"),
        node_group: Some("old".to_owned()),
        pool: pool("m5.large", CapacityType::OnDemand),
        price_per_hour: Money::from_nanos(96_000_000),
        evictable_pods: 2,
        drain_rounds: 1,
    };
    Plan {
        decided_at: at(0),
        before: Position::default(),
        after: Position::default(),
        lower_bound_per_hour: Money::ZERO,
        gap_ppm: 0,
        commands: vec![Command {
            index: 0,
            launch: vec![Launch {
                count: 1,
                choices: vec![
                    choice("m7i.large", CapacityType::Spot),
                    choice("m6i.large", CapacityType::Spot),
                    choice("m7i.large", CapacityType::OnDemand),
                ],
                labels: BTreeMap::new(),
                taints: vec![],
                packing: vec![],
            }],
            retire: vec![retire("a"), retire("b")],
            saving_per_hour: Money::from_nanos(152_000_000),
            reason: Reason {
                kind: ReasonKind::Consolidation,
                text: String::new(),
                evictions: 4,
                disruption_cost: Money::ZERO,
                added_interruption_cost_per_hour: Money::ZERO,
                payback_seconds: 0,
            },
            rejected: vec![],
        }],
        stays: vec![],
        findings: vec![],
    }
}

/// A world in which everything asked for is done by the next look, unless a fault says otherwise.
struct World {
    now: i64,
    snapshot: ClusterSnapshot,
    instances: BTreeMap<String, InstanceState>,
    groups: BTreeMap<String, GroupState>,
    actions: BTreeMap<ActionId, Action>,
    policy: Policy,
    fit: Result<(), NotFit>,
    no_capacity: BTreeSet<String>,
    stuck: BTreeSet<String>,
    drop_cloud_calls_at: Option<i64>,
    log: Vec<String>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now: 0,
            snapshot: ClusterSnapshot {
                taken_at: at(0),
                nodes: vec![],
                pods: vec![],
                workloads: vec![],
                disruption_budgets: vec![],
                findings: vec![],
            },
            instances: BTreeMap::new(),
            groups: BTreeMap::new(),
            actions: BTreeMap::new(),
            policy: Policy { disruption_percent_per_10_minutes: 100, ..Policy::default() },
            fit: Ok(()),
            no_capacity: BTreeSet::new(),
            stuck: BTreeSet::new(),
            drop_cloud_calls_at: None,
            log: vec![],
        };
        for name in ["a", "b"] {
            world.join(name, "old");
            world.pod(name, "web");
            world.pod(name, "api");
        }
        world
    }

    fn join(&mut self, name: &str, group: &str) {
        let instance_id = format!("i-{name}");
        self.instances.insert(instance_id.clone(), InstanceState::Alive);
        self.snapshot.nodes.push(Node {
            name: name.to_owned(),
            instance_id: Some(instance_id),
            instance_type: Some("m5.large".to_owned()),
            zone: Some("us-east-1a".to_owned()),
            capacity_type: None,
            architecture: None,
            manager: NodeManager::ManagedNodeGroup { name: group.to_owned() },
            created_at: at(self.now),
            ready: true,
            unschedulable: false,
            terminating: false,
            do_not_disrupt: false,
            allocatable: Resources::default(),
            labels: BTreeMap::new(),
            taints: vec![],
        });
    }

    fn pod(&mut self, node: &str, name: &str) {
        self.snapshot.pods.push(Pod {
            namespace: "default".to_owned(),
            name: format!("{name}-{node}"),
            uid: String::new(),
            node: Some(node.to_owned()),
            ready: true,
            terminating: false,
            created_at: at(0),
            requests: Resources::default(),
            owner: None,
            kind: PodKind::Replicated,
            labels: BTreeMap::new(),
            priority: 0,
            architectures: vec![],
            node_selector: BTreeMap::new(),
            node_affinity: vec![],
            preferred_node_affinity: vec![],
            tolerations: vec![],
            topology_spread: vec![],
            affinity: vec![],
            anti_affinity: vec![],
            volume_zone: None,
            host_ports: vec![],
            do_not_disrupt: false,
            local_storage: false,
            grace_seconds: 30,
            unsupported: vec![],
        });
    }

    fn node(&mut self, name: &str) -> Option<&mut Node> {
        self.snapshot.nodes.iter_mut().find(|node| node.name == name)
    }

    fn pods_on(&self, name: &str) -> usize {
        self.snapshot.pods.iter().filter(|pod| pod.node.as_deref() == Some(name)).count()
    }

    fn tick(&mut self, plan: &Plan, execution: &mut Execution) {
        self.now += 30;
        self.snapshot.taken_at = at(self.now - 1);
        self.agent();
        let observed = Observed {
            now: at(self.now),
            snapshot: &self.snapshot,
            fit: self.fit.clone(),
            instances: &self.instances,
            groups: &self.groups,
            actions: &self.actions,
            policy: &self.policy,
        };
        let effects = advance(plan, execution, &observed);
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        let dropped = self.drop_cloud_calls_at == Some(self.now);
        match effect {
            // Asked for in the same transaction as the record, so never lost.
            Effect::Ask(action) => {
                self.actions.entry(action.id).or_insert(*action);
            }
            _ if dropped => {}
            Effect::CreateGroup(request) => self.create(&request),
            Effect::DeleteGroup { name } => {
                assert_eq!(self.pods_on(&name), 0, "deleted {name} with pods on it");
                self.log.push(format!("delete {name}"));
                self.groups.remove(&name);
                self.snapshot.nodes.retain(|node| node.name != name);
            }
            Effect::Terminate { instance_id, .. } => {
                let name = instance_id.trim_start_matches("i-").to_owned();
                assert_eq!(self.pods_on(&name), 0, "terminated {name} with pods on it");
                self.log.push(format!("terminate {name}"));
                self.instances.insert(instance_id, InstanceState::Ending);
                self.snapshot.nodes.retain(|node| node.name != name);
            }
        }
    }

    fn create(&mut self, request: &GroupRequest) {
        assert!(!self.groups.contains_key(&request.name), "{} created twice", request.name);
        let pool = request.pool.to_string();
        if self.no_capacity.contains(&pool) {
            let message = "InsufficientInstanceCapacity".to_owned();
            self.groups.insert(request.name.clone(), GroupState::Failed { message });
        } else {
            self.log.push(format!("create {pool}"));
            self.groups.insert(request.name.clone(), GroupState::Active);
            self.join(&request.name, &request.name.clone());
        }
    }

    /// The agent: does everything it is asked, and evicted pods go to the first node that takes them.
    fn agent(&mut self) {
        let open: Vec<ActionId> = self
            .actions
            .values()
            .filter(|action| !action.state.is_final())
            .map(|action| action.id)
            .collect();
        for id in open {
            let task = self.actions[&id].task.clone();
            let outcome = self.act(&task);
            let action = self.actions.get_mut(&id).unwrap();
            action.lease(at(self.now));
            let fence = action.lease.as_ref().unwrap().fence;
            action.settle(fence, outcome, at(self.now), 0).unwrap();
        }
    }

    fn act(&mut self, task: &Task) -> Outcome {
        match task {
            Task::Cordon { nodes } | Task::Uncordon { nodes } => {
                for identity in nodes {
                    if let Some(node) = self.node(&identity.name) {
                        node.unschedulable = matches!(task, Task::Cordon { .. });
                    }
                }
                self.log.push(format!("{} {}", task.kind(), nodes.len()));
                Outcome::Done { evicted: 0 }
            }
            Task::Drain { node, .. } => {
                if self.stuck.contains(&node.name) {
                    let message = "blocked by pdb/default/web".to_owned();
                    let code = "blocked_by_budget".to_owned();
                    return Outcome::Refused { code, message, evicted: 0 };
                }
                self.node(&node.name).unwrap().unschedulable = true;
                let free = self.snapshot.nodes.iter().find(|node| !node.unschedulable);
                let target = free.map(|node| node.name.clone());
                for pod in &mut self.snapshot.pods {
                    if pod.node.as_deref() == Some(node.name.as_str()) {
                        pod.node.clone_from(&target);
                    }
                }
                self.log.push(format!("drain {}", node.name));
                Outcome::Done { evicted: 2 }
            }
        }
    }
}

fn begin(plan: &Plan) -> Execution {
    let id = PlanId::new(Uuid::from_u128(0x1234_5678));
    Execution::begin(id, ClusterId::new(Uuid::nil()), plan, at(0))
}

fn run(world: &mut World, plan: &Plan, execution: &mut Execution) {
    for _ in 0..400 {
        if execution.is_over() {
            return;
        }
        world.tick(plan, execution);
    }
    panic!("not over after 400 looks: {execution:#?}");
}

#[test]
fn launches_before_it_cordons_before_it_drains_before_it_terminates() {
    let (mut world, plan) = (World::new(), plan());
    let mut execution = begin(&plan);
    run(&mut world, &plan, &mut execution);
    assert_eq!(execution.commands[0].phase, CommandPhase::Done);
    assert_eq!(
        world.log,
        [
            "create m7i.large us-east-1a spot",
            "cordon 2",
            "drain a",
            "terminate a",
            "drain b",
            "terminate b"
        ]
    );
}

#[test]
fn an_offering_without_capacity_is_followed_by_the_next_and_left_behind_empty() {
    let (mut world, plan) = (World::new(), plan());
    world.no_capacity.insert("m7i.large us-east-1a spot".to_owned());
    let mut execution = begin(&plan);
    run(&mut world, &plan, &mut execution);
    assert_eq!(execution.commands[0].phase, CommandPhase::Done);
    assert_eq!(world.log[0], "create m6i.large us-east-1a spot");
    assert_eq!(world.groups.len(), 1, "the failed group is deleted: {:?}", world.groups);
}

#[test]
fn without_any_capacity_nothing_is_drained() {
    let (mut world, plan) = (World::new(), plan());
    for choice in &plan.commands[0].launch[0].choices {
        world.no_capacity.insert(choice.pool.to_string());
    }
    let mut execution = begin(&plan);
    run(&mut world, &plan, &mut execution);
    assert_eq!(execution.commands[0].phase, CommandPhase::Failed);
    assert!(world.groups.is_empty(), "{:?}", world.groups);
    assert!(world.log.iter().all(|line| !line.starts_with("drain a")), "{:?}", world.log);
}

#[test]
fn a_node_that_cannot_be_emptied_is_kept_and_schedulable() {
    let (mut world, plan) = (World::new(), plan());
    world.stuck.insert("a".to_owned());
    let mut execution = begin(&plan);
    run(&mut world, &plan, &mut execution);
    let command = &execution.commands[0];
    assert_eq!(command.phase, CommandPhase::Done);
    assert_eq!(command.nodes[0].phase, NodePhase::Kept);
    assert_eq!(command.nodes[1].phase, NodePhase::Gone);
    world.agent();
    assert!(!world.node("a").unwrap().unschedulable);
    assert!(command.failure.as_ref().unwrap().contains("pdb/default/web"));
}

/// How long the first drain is given, and the action that orders it beyond that.
fn given(change: impl Fn(&mut World)) -> (SignedDuration, SignedDuration) {
    let (mut world, plan) = (World::new(), plan());
    change(&mut world);
    let mut execution = begin(&plan);
    run(&mut world, &plan, &mut execution);
    let drains = world.actions.values().filter_map(|action| match &action.task {
        Task::Drain { deadline, .. } => Some((action.created_at, *deadline, action.expires_at)),
        _ => None,
    });
    let (asked, deadline, expires) = drains.min().unwrap();
    (deadline.duration_since(asked), expires.duration_since(deadline))
}

#[test]
fn a_drain_is_given_more_time_where_its_pods_go_one_after_the_other_or_end_slowly() {
    let (minutes, seconds) = (SignedDuration::from_mins, SignedDuration::from_secs);
    assert_eq!(given(|_| {}), (minutes(15) + seconds(30), minutes(10)));
    let set = |world: &mut World| {
        for pod in &mut world.snapshot.pods {
            let (kind, name) = ("StatefulSet".to_owned(), "db".to_owned());
            pod.owner = Some(WorkloadRef { kind, namespace: "default".to_owned(), name });
        }
    };
    assert_eq!(given(set), (minutes(15 + 3) + seconds(2 * 30), minutes(10)));
    let slow = |world: &mut World| {
        set(world);
        world.snapshot.pods.iter_mut().for_each(|pod| pod.grace_seconds = 600);
    };
    assert_eq!(given(slow), (minutes(15 + 3 + 2 * 10), minutes(10)));
    // Not for ever.
    let slower = |world: &mut World| {
        world.snapshot.pods.iter_mut().for_each(|pod| pod.grace_seconds = 86_400);
    };
    assert_eq!(given(slower), (minutes(240), minutes(10)));
}

#[test]
fn when_no_node_can_be_emptied_the_launch_is_undone() {
    let (mut world, plan) = (World::new(), plan());
    world.stuck.extend(["a".to_owned(), "b".to_owned()]);
    let mut execution = begin(&plan);
    run(&mut world, &plan, &mut execution);
    assert_eq!(execution.commands[0].phase, CommandPhase::Failed);
    assert!(world.groups.is_empty(), "{:?}", world.groups);
    assert_eq!(world.snapshot.nodes.len(), 2);
}

#[test]
fn a_process_that_dies_before_its_calls_goes_on_afterwards() {
    for lost in 1..30 {
        let (mut world, plan) = (World::new(), plan());
        world.drop_cloud_calls_at = Some(lost * 30);
        let mut execution = begin(&plan);
        run(&mut world, &plan, &mut execution);
        assert_eq!(execution.commands[0].phase, CommandPhase::Done, "lost at look {lost}");
        assert_eq!(world.snapshot.nodes.len(), 1);
    }
}

#[test]
fn a_stop_at_any_moment_leaves_every_node_whole_or_gone() {
    for moment in 0..12 {
        let (mut world, plan) = (World::new(), plan());
        let mut execution = begin(&plan);
        for _ in 0..moment {
            world.tick(&plan, &mut execution);
        }
        execution.stop_requested_by = Some("maria".to_owned());
        run(&mut world, &plan, &mut execution);
        world.agent();
        for node in &world.snapshot.nodes {
            assert!(!node.unschedulable, "{} is left cordoned, stopped at {moment}", node.name);
        }
        assert_eq!(world.snapshot.pods.len(), 4);
        let homeless = world.snapshot.pods.iter().filter(|pod| pod.node.is_none()).count();
        assert_eq!(homeless, 0, "stopped at {moment}");
    }
}

#[test]
fn on_unfit_data_nothing_new_is_begun() {
    let (mut world, plan) = (World::new(), plan());
    world.fit = Err(NotFit::NoNodes);
    let mut execution = begin(&plan);
    run(&mut world, &plan, &mut execution);
    assert_eq!(execution.commands[0].phase, CommandPhase::Skipped);
    assert!(world.log.is_empty(), "{:?}", world.log);
}

#[test]
fn the_disruption_limit_spaces_drains_out() {
    let (mut world, plan) = (World::new(), plan());
    world.policy.disruption_percent_per_10_minutes = 10;
    let mut execution = begin(&plan);
    run(&mut world, &plan, &mut execution);
    let [first, second] = execution.drains[..] else { panic!("{:?}", execution.drains) };
    assert!(second.duration_since(first) >= SignedDuration::from_mins(10));
}

#[test]
fn no_command_begins_outside_a_maintenance_window_and_what_began_is_finished() {
    let (mut world, plan) = (World::new(), plan());
    // From 00:10 to 00:12 UTC; carrying the plan out takes longer.
    world.policy.maintenance_windows = vec![Window {
        days: BTreeSet::new(),
        start: "00:10".parse().unwrap(),
        duration_minutes: 2,
        zone: "UTC".to_owned(),
    }];
    let mut execution = begin(&plan);
    while world.now < 570 {
        world.tick(&plan, &mut execution);
    }
    assert_eq!(execution.commands[0].phase, CommandPhase::Pending);
    assert!(world.log.is_empty(), "{:?}", world.log);
    run(&mut world, &plan, &mut execution);
    assert_eq!(execution.commands[0].phase, CommandPhase::Done);
    assert!(world.now > 720, "{}", world.now);
}

#[test]
fn a_budget_of_no_nodes_holds_a_command_back_until_its_window_closes() {
    let (mut world, plan) = (World::new(), plan());
    let hour = Window {
        days: BTreeSet::new(),
        start: "00:00".parse().unwrap(),
        duration_minutes: 60,
        zone: "UTC".to_owned(),
    };
    let budget = |reason| Budget {
        nodes: Nodes::Count(0),
        window: Some(hour.clone()),
        reasons: [reason].into(),
    };
    world.policy.budgets = vec![budget(ReasonKind::Spot)];
    let mut execution = begin(&plan);
    world.tick(&plan, &mut execution);
    assert_eq!(execution.commands[0].phase, CommandPhase::Launching, "it is about Spot alone");
    let mut execution = begin(&plan);
    let mut world = World::new();
    world.policy.budgets = vec![budget(ReasonKind::Consolidation)];
    while world.now < 3_570 {
        world.tick(&plan, &mut execution);
    }
    assert!(world.log.is_empty(), "{:?}", world.log);
    run(&mut world, &plan, &mut execution);
    assert_eq!(execution.commands[0].phase, CommandPhase::Done);
}

fn cpu(cpu_milli: u64) -> Resources {
    Resources { cpu_milli, ..Resources::default() }
}

/// The plan's world once nodes are being drained: the launched one is the third.
fn draining(plan: &Plan) -> (World, Execution) {
    let (mut world, mut execution) = (World::new(), begin(plan));
    while execution.commands[0].phase != CommandPhase::Cordoning {
        world.tick(plan, &mut execution);
    }
    (world, execution)
}

#[test]
fn a_node_whose_pods_would_find_no_room_is_kept_and_none_of_them_evicted() {
    let plan = plan();
    let (mut world, mut execution) = draining(&plan);
    // Pods that came after the plan was made have taken most of what it launched.
    for pod in &mut world.snapshot.pods {
        pod.requests = cpu(if pod.name == "web-a" { 1_000 } else { 100 });
    }
    world.snapshot.nodes[2].allocatable = cpu(500);
    let from = world.now;
    run(&mut world, &plan, &mut execution);
    let command = &execution.commands[0];
    assert_eq!(command.phase, CommandPhase::Done);
    let [kept, gone] = &command.nodes[..] else { panic!("{:?}", command.nodes) };
    assert_eq!((kept.phase, gone.phase), (NodePhase::Kept, NodePhase::Gone));
    let failure = command.failure.as_ref().unwrap();
    assert!(failure.contains("a: 1 of its pods would find no room elsewhere"), "{failure}");
    assert!(!world.log.contains(&"drain a".to_owned()), "{:?}", world.log);
    let waited = kept.since.duration_since(at(from));
    assert!(waited >= SignedDuration::from_mins(3), "room may yet appear: {waited:?}");
}

#[test]
fn pods_without_room_get_the_nodes_back_that_were_to_go() {
    let plan = plan();
    let (mut world, mut execution) = draining(&plan);
    for number in 0..3 {
        world.pod("a", &format!("burst-{number}"));
        let burst = world.snapshot.pods.last_mut().unwrap();
        (burst.node, burst.created_at) = (None, at(world.now));
    }
    let from = world.now;
    run(&mut world, &plan, &mut execution);
    world.agent();
    assert!(!world.log.contains(&"drain b".to_owned()), "{:?}", world.log);
    assert!(world.snapshot.nodes.iter().all(|node| !node.unschedulable));
    let failure = execution.commands[0].failure.as_ref().unwrap();
    assert!(failure.contains("b: 3 pods find no room"), "{failure}");
    let [gone, kept] = &execution.commands[0].nodes[..] else { panic!("{execution:?}") };
    assert!(kept.since.duration_since(gone.since) >= SignedDuration::from_mins(3), "{execution:?}");
    assert!(world.now - from <= 600, "they waited {} seconds", world.now - from);
}

#[test]
fn pods_that_waited_before_and_ones_that_just_came_hold_nothing_up() {
    let plan = plan();
    let mut world = World::new();
    world.pod("a", "waits");
    let waits = world.snapshot.pods.last_mut().unwrap();
    (waits.node, waits.created_at) = (None, at(20));
    let mut execution = begin(&plan);
    while execution.commands[0].phase != CommandPhase::Draining {
        world.tick(&plan, &mut execution);
    }
    world.pod("a", "came");
    let came = world.snapshot.pods.last_mut().unwrap();
    (came.node, came.created_at) = (None, at(world.now));
    world.tick(&plan, &mut execution);
    world.tick(&plan, &mut execution);
    assert_eq!(execution.drains.len(), 2, "{execution:#?}");
}
