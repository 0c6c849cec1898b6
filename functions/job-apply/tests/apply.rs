//! Plans are begun once, on good data only, and carried to their end.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use domain::Money;
use domain::action::{Outcome, Task};
use domain::cluster::{Cluster, SnapshotInfo};
use domain::execution::CommandPhase;
use domain::offering::{CapacityType, Resources};
use domain::optimization::Optimization;
use domain::plan::{
    Choice, Command, Launch, Plan, PlanState, PlanningInput, Position, Reason, ReasonKind, Retire,
};
use domain::snapshot::{ClusterSnapshot, NodeManager};
use std::collections::{BTreeMap, BTreeSet};
use testing::{Customer, Installation, store, store_snapshot, values};

/// What makes a snapshot unfit to act on.
type Worsen = fn(&mut SnapshotInfo);

/// What a launch in AWS is called in the world's journal.
const LAUNCH: &str = "aws eks:CreateNodegroup";

/// A customer with two nodes, and the approved plan to put one Spot node in their place.
async fn approved(installation: &Installation, n: u128) -> (Customer, Optimization) {
    let customer = installation.customer(n, 2).await;
    installation.pass(30);
    let spot = values::pool("m5.large", CapacityType::Spot);
    installation.world.set_capacity(&spot, 10).unwrap();
    let (table, tenant) = (&installation.ctx.table, customer.tenant);
    let snapshot = installation.snapshot(&customer).await;
    store_snapshot(table, tenant, &customer.cluster, &snapshot).await;
    let plan = plan(&snapshot);
    let input = PlanningInput {
        snapshot,
        market: values::market(),
        policy: customer.cluster.policy.clone(),
        template: customer.cluster.template.clone(),
        risk: domain::risk::RiskModel::default(),
        covered_vcpus: std::collections::BTreeMap::new(),
        now: installation.now(),
        budget: 0,
        seed: 0,
    };
    let stored_plan = table.objects().put(tenant, "plan", "test", &plan).await.unwrap();
    let stored_input = table.objects().put(tenant, "input", "test", &input).await.unwrap();
    let optimization = Optimization {
        state: PlanState::Approved,
        plan_hash: stored_plan.sha256,
        plan_key: stored_plan.key,
        input_key: stored_input.key,
        before: values::position(2),
        ..values::optimization(&customer.cluster, 1)
    };
    let stored = table.cluster(tenant, customer.cluster.id).await.unwrap();
    store(table, tenant, |tx| {
        tx.create(&optimization);
        tx.update(&stored, Cluster { generation: 1, ..stored.value.clone() });
    })
    .await;
    (customer, optimization)
}

/// The agent shows the cluster, and what is known of that is made worse.
async fn show(
    installation: &Installation,
    customer: &Customer,
    worsen: impl FnOnce(&mut SnapshotInfo),
) {
    let snapshot = installation.snapshot(customer).await;
    let (table, tenant) = (&installation.ctx.table, customer.tenant);
    let mut info = store_snapshot(table, tenant, &customer.cluster, &snapshot).await;
    worsen(&mut info);
    assert!(table.put_snapshot(tenant, customer.cluster.id, &info).await.unwrap());
}

fn plan(snapshot: &ClusterSnapshot) -> Plan {
    let choice = |capacity_type| Choice {
        pool: values::pool("m5.large", capacity_type),
        price_per_hour: Money::from_nanos(38_400_000),
        estimated: false,
        monthly_interruption_ppm: 0,
        allocatable: Resources::default(),
    };
    let retire = snapshot.nodes.iter().map(|node| Retire {
        node: node.name.clone(),
        instance_id: node.instance_id.clone().unwrap(),
        node_group: Some("web".to_owned()),
        pool: node.pool().unwrap(),
        price_per_hour: Money::from_nanos(96_000_000),
        evictable_pods: 1,
        drain_rounds: 1,
    });
    Plan {
        decided_at: snapshot.taken_at,
        before: values::position(2),
        after: Position::default(),
        lower_bound_per_hour: Money::ZERO,
        gap_ppm: 0,
        commands: vec![Command {
            index: 0,
            launch: vec![Launch {
                count: 1,
                choices: vec![choice(CapacityType::Spot), choice(CapacityType::OnDemand)],
                labels: BTreeMap::new(),
                taints: vec![],
                packing: vec![],
            }],
            retire: retire.collect(),
            saving_per_hour: Money::from_nanos(153_600_000),
            reason: Reason {
                kind: ReasonKind::Consolidation,
                text: String::new(),
                evictions: 2,
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

async fn state(installation: &Installation, customer: &Customer) -> (PlanState, Option<String>) {
    let plan = values::optimization(&customer.cluster, 1).id;
    let found = installation.ctx.table.optimization(customer.tenant, plan).await.unwrap().value;
    (found.state, found.failure)
}

/// The node groups that are not the customer's own.
async fn launched(installation: &Installation, customer: &Customer) -> Vec<cloud::NodeGroup> {
    let aws = installation.aws(customer).await;
    let groups = aws.node_groups(&customer.cluster.name).await.unwrap();
    groups.into_iter().filter(|group| group.name != "web").collect()
}

/// The agent: what it has emptied so far.
#[derive(Default)]
struct Agent {
    drained: BTreeSet<String>,
    asked: Vec<&'static str>,
}

impl Agent {
    /// Does all it is asked to, and shows the cluster.
    async fn answer(&mut self, installation: &Installation, customer: &Customer) {
        let (table, now) = (&installation.ctx.table, installation.now());
        let open = table.open_actions(customer.tenant, customer.cluster.id).await.unwrap();
        for stored in open {
            let mut action = stored.value.clone();
            match &action.task {
                Task::Cordon { .. } => self.asked.push("cordon"),
                Task::Uncordon { .. } => self.asked.push("uncordon"),
                Task::Drain { node, .. } => {
                    self.asked.push("drain");
                    self.drained.insert(node.name.clone());
                }
            }
            action.lease(now);
            let fence = action.lease.as_ref().unwrap().fence;
            action.settle(fence, Outcome::Done { evicted: 1 }, now, 0).unwrap();
            store(table, customer.tenant, |tx| {
                tx.update(&stored, action);
            })
            .await;
        }
        let mut snapshot = installation.snapshot(customer).await;
        let own = |manager: &NodeManager| matches!(manager, NodeManager::ManagedNodeGroup { name } if name != "web");
        let new = snapshot.nodes.iter().find(|node| own(&node.manager));
        let new = new.map(|node| node.name.clone());
        for pod in &mut snapshot.pods {
            if pod.node.as_ref().is_some_and(|node| self.drained.contains(node)) {
                assert!(new.is_some(), "drained before what is launched is ready");
                pod.node.clone_from(&new);
            }
        }
        store_snapshot(table, customer.tenant, &customer.cluster, &snapshot).await;
    }
}

#[tokio::test]
async fn a_plan_is_begun_once_however_often_the_event_comes() {
    let installation = Installation::new().await;
    let (customer, optimization) = approved(&installation, 1).await;
    installation.world.faults().keep_journal();
    for _ in 0..3 {
        job_apply::run(&installation.ctx, installation.now()).await.unwrap();
    }
    assert_eq!(installation.world.faults().journal(), [LAUNCH]);
    assert_eq!(state(&installation, &customer).await, (PlanState::Applying, None));
    let groups = launched(&installation, &customer).await;
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].capacity_type, CapacityType::Spot);
    assert_eq!(groups[0].tags["spot-optimizer:plan"], optimization.id.to_string());
    let table = &installation.ctx.table;
    let execution = table.execution(customer.tenant, optimization.id).await.unwrap().unwrap();
    assert_eq!(execution.value.commands[0].phase, CommandPhase::Launching);
    let open = table.open_action_count(customer.tenant, customer.cluster.id).await.unwrap();
    assert_eq!(open, 0, "nothing is asked of the agent before the new node is ready");
}

#[tokio::test]
async fn a_plan_is_carried_to_its_end_and_what_it_saved_is_measured() {
    let installation = Installation::new().await;
    let (customer, optimization) = approved(&installation, 1).await;
    let mut agent = Agent::default();
    for _ in 0..60 {
        job_apply::run(&installation.ctx, installation.now()).await.unwrap();
        installation.pass(1);
        agent.answer(&installation, &customer).await;
    }
    assert_eq!(state(&installation, &customer).await, (PlanState::Done, None));
    assert_eq!(agent.asked, ["cordon", "drain", "drain"]);

    let last = installation.snapshot(&customer).await;
    let kinds: Vec<_> = last.nodes.iter().map(|node| node.capacity_type).collect();
    assert_eq!(kinds, [Some(CapacityType::Spot)], "two on-demand nodes became one on Spot");
    let table = &installation.ctx.table;
    let done = table.optimization(customer.tenant, optimization.id).await.unwrap().value;
    assert_eq!(done.measured_saving_per_hour, Some(Money::from_nanos(153_600_000)));
    // The ledger is told how long old and new ran side by side.
    let page = storage::PageRequest::new(50, None);
    let instances = table.instances(customer.tenant, customer.cluster.id, &page).await.unwrap();
    assert_eq!(instances.items.len(), 2);
    for record in instances.items {
        let (from, to) = record.value.overlap.expect("it ran beside what replaced it");
        assert!(from < to && record.value.terminated_at == Some(to), "{from} {to}");
    }

    let page = storage::PageRequest::new(200, None);
    let rows = table.audit_chain(customer.tenant, &page).await.unwrap().items;
    job_apply::run(&installation.ctx, installation.now()).await.unwrap();
    let after = table.audit_chain(customer.tenant, &page).await.unwrap().items;
    assert_eq!(after.len(), rows.len(), "it is over");
}

#[tokio::test]
async fn nothing_is_begun_on_data_that_is_stale_empty_shrunken_or_contradictory() {
    let cases: [(i64, Worsen, &str); 4] = [
        (2, |_| {}, "is 720 s old"),
        (0, |info| info.position.nodes = 0, "has no nodes"),
        (0, |info| info.previous_nodes = Some(5), "nodes fell from 5 to 2"),
        (0, |info| info.position.nodes = 4, "sees 4 nodes and AWS 2"),
    ];
    for (late, worsen, reason) in cases {
        let installation = Installation::new().await;
        let (customer, _) = approved(&installation, 1).await;
        show(&installation, &customer, worsen).await;
        installation.pass(late);
        installation.world.faults().keep_journal();
        job_apply::run(&installation.ctx, installation.now()).await.unwrap();
        assert_eq!(state(&installation, &customer).await, (PlanState::Applying, None), "{reason}");

        // Given up after ten minutes, and nothing was done in them.
        installation.pass(10);
        if late == 0 {
            show(&installation, &customer, worsen).await;
        }
        job_apply::run(&installation.ctx, installation.now()).await.unwrap();
        let (state, failure) = state(&installation, &customer).await;
        assert_eq!(state, PlanState::Failed, "{reason}");
        assert!(failure.as_ref().unwrap().contains(reason), "{failure:?}");
        assert_eq!(installation.world.faults().journal(), [""; 0], "{reason}");
        let table = &installation.ctx.table;
        let page = storage::PageRequest::new(10, None);
        let asked = table.actions(customer.tenant, customer.cluster.id, &page).await.unwrap();
        assert_eq!(asked.items.len(), 0, "{reason}");
    }
}

#[tokio::test]
async fn a_plan_waits_while_its_cluster_is_switched_off() {
    let installation = Installation::new().await;
    let (customer, _) = approved(&installation, 1).await;
    let (table, tenant) = (&installation.ctx.table, customer.tenant);
    let switch = async |optimisation_enabled| {
        let stored = table.cluster(tenant, customer.cluster.id).await.unwrap();
        let cluster = Cluster { optimisation_enabled, ..stored.value.clone() };
        store(table, tenant, |tx| {
            tx.update(&stored, cluster);
        })
        .await;
        job_apply::run(&installation.ctx, installation.now()).await.unwrap();
        state(&installation, &customer).await.0
    };
    assert_eq!(switch(false).await, PlanState::Approved);
    assert_eq!(launched(&installation, &customer).await, []);
    assert_eq!(switch(true).await, PlanState::Applying);
}

#[tokio::test]
async fn a_plan_that_was_overtaken_expires() {
    let installation = Installation::new().await;
    let (customer, _) = approved(&installation, 1).await;
    let (table, tenant) = (&installation.ctx.table, customer.tenant);
    let stored = table.cluster(tenant, customer.cluster.id).await.unwrap();
    store(table, tenant, |tx| {
        tx.update(&stored, Cluster { generation: 2, ..stored.value.clone() });
    })
    .await;
    job_apply::run(&installation.ctx, installation.now()).await.unwrap();
    let (state, why) = state(&installation, &customer).await;
    assert_eq!((state, why.as_deref()), (PlanState::Expired, Some("overtaken by generation 2")));
    assert_eq!(launched(&installation, &customer).await, []);
}

#[tokio::test]
async fn one_tenants_failure_stops_no_other_and_fails_the_run() {
    let installation = Installation::new().await;
    let mut customers = Vec::new();
    for n in 1..=3 {
        customers.push(approved(&installation, n).await.0);
    }
    for customer in &customers {
        show(&installation, customer, |_| {}).await;
    }
    let locked = &customers[1].account;
    let trust = |external_id| {
        let world = &installation.world;
        world.install_role(&locked.aws_account_id, "SpotOptimizer", external_id).unwrap();
    };
    trust("another");
    let failed = job_apply::run(&installation.ctx, installation.now()).await.unwrap_err();
    assert_eq!(failed.to_string(), "1 of 3 plans failed");
    trust(&locked.external_id);
    let groups = [
        launched(&installation, &customers[0]).await.len(),
        launched(&installation, &customers[1]).await.len(),
        launched(&installation, &customers[2]).await.len(),
    ];
    assert_eq!(groups, [1, 0, 1]);
}
