//! Valid values of the domain, one function per kind.
//!
//! `n` makes ids: the same `n` is the same id.

use domain::account::{Account, LinkState};
use domain::action::{Action, ActionState, NodeIdentity, Task};
use domain::audit::Actor;
use domain::cluster::{Cluster, ClusterKind, SnapshotInfo};
use domain::execution::Execution;
use domain::identity::{AgentKey, Organisation, Role, Session, User};
use domain::instance::InstanceRecord;
use domain::ledger::{LedgerHour, LedgerLine, Levers, Quality};
use domain::offering::{
    Architecture, CapacityType, InstanceType, Market, Offering, Pool, Resources,
};
use domain::optimization::Optimization;
use domain::plan::{PlanState, Position};
use domain::snapshot::{ClusterSnapshot, Node, NodeManager, Pod, PodKind, WorkloadRef};
use domain::{
    AccountId, ActionId, ClusterId, KeyId, Money, OrgId, PlanId, SessionId, Tenant, UserId,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use storage::AuditEntry;
use uuid::Uuid;

/// The moment of all tests: Monday 2046-03-05 10:30:00 UTC. Far ahead, for `DynamoDB` Local removes what
/// has expired by the machine's clock.
pub const NOW: Timestamp = Timestamp::constant(2_403_858_600, 0);

/// A UUID.
pub const fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// A tenant, proven by the test.
#[expect(clippy::disallowed_methods, reason = "tests prove tenants as they like")]
pub const fn tenant(n: u128) -> Tenant {
    Tenant::proven(OrgId::new(uuid(n)))
}

/// The tenant's organisation.
pub fn organisation(tenant: Tenant) -> Organisation {
    Organisation { id: tenant.org(), name: "Example Ltd".to_owned(), created_at: NOW }
}

/// An owner, `user<n>@example.com`.
pub fn user(tenant: Tenant, n: u128) -> User {
    User {
        id: UserId::new(uuid(n)),
        org: tenant.org(),
        email: format!("user{n}@example.com"),
        name: format!("User {n}"),
        role: Role::Owner,
        password_hash: "$2b$04$never.used.in.tests".to_owned(),
        sessions_valid_from: NOW,
        created_at: NOW,
    }
}

/// A session that began now and lasts 30 days.
pub fn session(user: &User, n: u128) -> Session {
    Session {
        id: SessionId::new(uuid(n)),
        user: user.id,
        org: user.org,
        refresh_hash: "5e".repeat(32),
        previous_refresh_hash: None,
        rotated_at: None,
        created_at: NOW,
        expires_at: NOW + SignedDuration::from_hours(30 * 24),
        revoked: false,
    }
}

/// A linked account; its twelve digits end in `n`.
pub fn account(n: u128) -> Account {
    let aws_account_id = format!("{:012}", 123_400_000_000 + n);
    Account {
        id: AccountId::new(uuid(n)),
        name: format!("account-{n}"),
        role_arn: format!("arn:aws:iam::{aws_account_id}:role/SpotOptimizer"),
        aws_account_id,
        external_id: format!("external-{n}"),
        regions: vec!["us-east-1".to_owned()],
        state: LinkState::Linked,
        checked_at: Some(NOW),
        created_at: NOW,
    }
}

/// A cluster of the account in us-east-1, with the default policy and no snapshot yet.
pub fn cluster(account: &Account, n: u128) -> Cluster {
    Cluster {
        id: ClusterId::new(uuid(n)),
        account: account.id,
        name: format!("cluster-{n}"),
        region: "us-east-1".to_owned(),
        kind: ClusterKind::ManagedNodeGroups,
        kubernetes_version: "1.36".to_owned(),
        optimisation_enabled: true,
        policy: domain::policy::Policy::default(),
        template: domain::policy::NodeTemplate::default(),
        generation: 0,
        baseline: None,
        created_at: NOW,
    }
}

/// A live key of the cluster's agent.
pub fn agent_key(tenant: Tenant, cluster: &Cluster, generation: u32) -> AgentKey {
    let number = cluster.id.uuid().as_u128().wrapping_mul(1_000).wrapping_add(generation.into());
    AgentKey {
        id: KeyId::new(uuid(number)),
        org: tenant.org(),
        cluster: cluster.id,
        secret_hash: "ab".repeat(32),
        generation,
        created_at: NOW,
        revoked_at: None,
    }
}

/// A pool in us-east-1a.
pub fn pool(instance_type: &str, capacity_type: CapacityType) -> Pool {
    Pool { instance_type: instance_type.to_owned(), zone: "us-east-1a".to_owned(), capacity_type }
}

/// `m5.large` and `m5.xlarge` in us-east-1a, on-demand at list price and Spot at 40 % of it.
pub fn market() -> Market {
    let mut types = BTreeMap::new();
    let mut offerings = Vec::new();
    for (name, vcpu, memory_mib, nanos) in
        [("m5.large", 2, 8 * 1024, 96_000_000), ("m5.xlarge", 4, 16 * 1024, 192_000_000)]
    {
        types.insert(name.to_owned(), instance_type(name, vcpu, memory_mib));
        for (capacity_type, percent) in [(CapacityType::Spot, 40), (CapacityType::OnDemand, 100)] {
            offerings.push(Offering {
                pool: pool(name, capacity_type),
                price_per_hour: Money::from_nanos(nanos).ratio(percent, 100),
                estimated: false,
                interruption: None,
            });
        }
    }
    offerings.sort_by(|a, b| a.pool.cmp(&b.pool));
    Market {
        region: "us-east-1".to_owned(),
        priced_at: NOW,
        sources: vec!["made up for tests".to_owned()],
        types,
        offerings,
    }
}

fn instance_type(name: &str, vcpu: u32, memory_mib: u64) -> InstanceType {
    InstanceType {
        name: name.to_owned(),
        architecture: Architecture::Amd64,
        vcpu,
        memory_mib,
        max_pods: 29,
        gpus: 0,
        current_generation: true,
        bare_metal: false,
        burstable: false,
    }
}

/// Two nodes of [`snapshot_of`].
pub fn snapshot() -> ClusterSnapshot {
    snapshot_of(2)
}

/// Ready on-demand `m5.large` nodes of node group `web`, each with one replica of Deployment
/// `default/web` that asks for half a CPU and 512 MiB.
pub fn snapshot_of(nodes: u32) -> ClusterSnapshot {
    let web = WorkloadRef {
        kind: "Deployment".to_owned(),
        namespace: "default".to_owned(),
        name: "web".to_owned(),
    };
    let (reference, replicas) = (web.clone(), Some(nodes));
    ClusterSnapshot {
        taken_at: NOW,
        nodes: (1..=nodes).map(node).collect(),
        pods: (1..=nodes).map(|n| pod(&web, n)).collect(),
        workloads: vec![domain::snapshot::Workload { reference, replicas, ready: nodes }],
        disruption_budgets: vec![],
        findings: vec![],
    }
}

fn node(n: u32) -> Node {
    let machine = instance_type("m5.large", 2, 8 * 1024);
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    Node {
        name: format!("node-{n}"),
        instance_id: Some(instance_id(u128::from(n))),
        instance_type: Some(machine.name.clone()),
        zone: Some("us-east-1a".to_owned()),
        capacity_type: Some(CapacityType::OnDemand),
        architecture: Some(Architecture::Amd64),
        manager: NodeManager::ManagedNodeGroup { name: "web".to_owned() },
        created_at: NOW - SignedDuration::from_hours(24),
        ready: true,
        unschedulable: false,
        terminating: false,
        do_not_disrupt: false,
        allocatable: machine.allocatable(),
        labels: BTreeMap::from([
            label("eks.amazonaws.com/nodegroup", "web"),
            label("kubernetes.io/arch", "amd64"),
            label("node.kubernetes.io/instance-type", "m5.large"),
            label("topology.kubernetes.io/zone", "us-east-1a"),
        ]),
        taints: vec![],
    }
}

fn pod(owner: &WorkloadRef, n: u32) -> Pod {
    Pod {
        namespace: owner.namespace.clone(),
        name: format!("{}-{n}", owner.name),
        uid: uuid(u128::from(n)).to_string(),
        node: Some(format!("node-{n}")),
        ready: true,
        terminating: false,
        created_at: NOW - SignedDuration::from_hours(1),
        requests: Resources { cpu_milli: 500, memory_mib: 512, pods: 1, ..Resources::default() },
        owner: Some(owner.clone()),
        kind: PodKind::Replicated,
        labels: BTreeMap::from([("app".to_owned(), owner.name.clone())]),
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
    }
}

/// What is known of a snapshot of two nodes and two pods, whose body is nowhere.
pub fn snapshot_info(taken_at: Timestamp) -> SnapshotInfo {
    SnapshotInfo {
        taken_at,
        object_key: format!("snapshot/{}.json.gz", "ab".repeat(32)),
        sha256: "ab".repeat(32),
        pods: 2,
        position: position(2),
        pools: vec![],
        previous_nodes: None,
    }
}

/// A fleet of `nodes` on-demand nodes at 0.096 USD an hour.
pub fn position(nodes: u32) -> Position {
    Position {
        cost_per_hour: Money::from_nanos(96_000_000) * u64::from(nodes),
        nodes,
        ..Position::default()
    }
}

/// A proposed optimisation with one command, made `generation` minutes after [`NOW`].
pub fn optimization(cluster: &Cluster, generation: u64) -> Optimization {
    let created_at = NOW + SignedDuration::from_mins(generation as i64);
    let number = cluster.id.uuid().as_u128().wrapping_mul(1_000).wrapping_add(generation.into());
    Optimization {
        id: PlanId::new(uuid(number)),
        cluster: cluster.id,
        generation,
        state: PlanState::Proposed,
        plan_hash: "cd".repeat(32),
        plan_key: format!("plan/{}", "cd".repeat(32)),
        input_key: format!("input/{}", "ef".repeat(32)),
        before: position(4),
        after: position(3),
        lower_bound_per_hour: Money::from_nanos(270_000_000),
        gap_ppm: 66_666,
        commands: 1,
        created_at,
        expires_at: created_at + SignedDuration::from_hours(1),
        approved_by: None,
        approved_at: None,
        finished_at: None,
        failure: None,
        measured_saving_per_hour: None,
    }
}

/// The optimisation just begun, with nothing recorded of its commands.
pub fn execution(optimization: &Optimization) -> Execution {
    Execution {
        plan: optimization.id,
        cluster: optimization.cluster,
        started_at: NOW,
        stop_requested_by: None,
        commands: vec![],
        drains: vec![],
        unfit_since: None,
    }
}

/// A pending action to cordon `node-1`.
pub fn action(optimization: &Optimization, n: u128) -> Action {
    Action {
        id: ActionId::new(uuid(n)),
        cluster: optimization.cluster,
        plan: optimization.id,
        command: 0,
        task: Task::Cordon {
            nodes: vec![NodeIdentity { name: "node-1".to_owned(), instance_id: instance_id(1) }],
        },
        state: ActionState::Pending,
        lease: None,
        attempts: 0,
        not_before: NOW,
        expires_at: NOW + SignedDuration::from_hours(1),
        created_at: NOW,
        outcome: None,
    }
}

/// `i-000…n`.
pub fn instance_id(n: u128) -> String {
    format!("i-{n:017x}")
}

/// A running on-demand `m5.large`, launched a day ago.
pub fn instance(n: u128) -> InstanceRecord {
    InstanceRecord {
        instance_id: instance_id(n),
        pool: pool("m5.large", CapacityType::OnDemand),
        node_group: Some("web".to_owned()),
        launched_at: NOW - SignedDuration::from_hours(24),
        terminated_at: None,
        reclaimed: None,
        seen_at: NOW,
        overlap: None,
    }
}

/// A closed hour: four nodes became three of the same price.
pub fn ledger_hour(cluster: &Cluster, hour: Timestamp) -> LedgerHour {
    let node = Money::from_nanos(96_000_000);
    LedgerHour {
        cluster: cluster.id,
        hour,
        baseline: node * 4,
        actual: node * 3,
        actual_spot: Money::ZERO,
        levers: Levers { consolidation: node, ..Levers::default() },
        residual: Money::ZERO,
        quality: Quality::Measured,
        baseline_definition: "four nodes".to_owned(),
        lines: vec![LedgerLine {
            pool: pool("m5.large", CapacityType::OnDemand),
            instance_ids: (1..=3).map(instance_id).collect(),
            seconds: 3 * 3_600,
            on_demand_cost: Some(node * 3),
            cost: node * 3,
            estimated: false,
        }],
    }
}

/// An audit entry of a user at [`NOW`].
pub fn entry(action: &str, subject: impl std::fmt::Display) -> AuditEntry {
    AuditEntry {
        actor: Actor::User { id: UserId::new(uuid(1)).to_string() },
        action: action.to_owned(),
        subject: subject.to_string(),
        request_id: Some("req-1".to_owned()),
        at: NOW,
    }
}
