//! Plans carried out by a process that dies after each single step, be it in AWS, in the cluster or in
//! the table, and is started again; and in a cluster whose load rises meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod rising;
mod stage;

use domain::execution::GROUP_PREFIX;
use domain::offering::{CapacityType, Pool};
use serde_json::{Value, json};
use simulator::{Fault, FaultEffect};
use stage::{ACCOUNT, CLUSTER, Stage, text};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use storage::PageRequest;

/// Where a process of this test shall live, and after how many changes it shall die.
const LIVE_IN: &str = "SIMULATION_LIVES_IN";
const DIE_AFTER: &str = "SIMULATION_DIES_AFTER";

/// Nodes the cluster has at first.
const NODES: u32 = 3;

/// Deaths without which a test has not tried what it is about.
const FEWEST_DEATHS: u32 = 10;

/// Lives after which something must be wrong.
const MOST_LIVES: u32 = 300;

#[test]
fn a_process_killed_after_any_change_is_followed_by_one_that_carries_the_plan_out() {
    let test = "a_process_killed_after_any_change_is_followed_by_one_that_carries_the_plan_out";
    kill_after_every_change(
        test,
        |stage, plan| {
            // The first choice of the first launch fails, so that a failed choice is torn down too.
            let first = &plan["plan"]["commands"][0]["launch"][0]["choices"][0];
            stage.world.set_capacity(&pool(first), 0).unwrap();
        },
        |plan| {
            assert_eq!(plan["state"], "done", "{plan:#}");
            assert_eq!(plan["failure"], Value::Null, "nothing is kept");
        },
    );
}

#[test]
fn a_process_killed_after_any_change_is_followed_by_one_that_undoes_what_has_no_capacity() {
    let test =
        "a_process_killed_after_any_change_is_followed_by_one_that_undoes_what_has_no_capacity";
    kill_after_every_change(
        test,
        |stage, plan| {
            for command in list(&plan["plan"]["commands"]) {
                for launch in list(&command["launch"]) {
                    for choice in list(&launch["choices"]) {
                        stage.world.set_capacity(&pool(choice), 0).unwrap();
                    }
                }
            }
        },
        |plan| assert_eq!(plan["state"], "failed", "{plan:#}"),
    );
}

/// Carries the cluster's first plan out once undisturbed, and then by processes of which each dies after
/// its first change, after its second or after its third, as many as it takes.
#[expect(clippy::disallowed_methods, reason = "it tells the process that is to die from itself")]
fn kill_after_every_change(test: &str, prepare: fn(&Stage, &Value), expect: fn(&Value)) {
    if let Ok(folder) = std::env::var(LIVE_IN) {
        let nth = std::env::var(DIE_AFTER).unwrap().parse().unwrap();
        live(Path::new(&folder), Some(nth));
        return;
    }
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&root);
    let approved = root.join("approved");
    std::fs::create_dir_all(&approved).unwrap();
    in_runtime(async {
        let mut stage = Stage::open(&approved).await;
        stage.found(&approved, NODES, manifests()).await;
        let plan = stage.plan().await;
        stage.approve(&plan).await;
        prepare(&stage, &plan);
    });

    let undisturbed = root.join("undisturbed");
    copy(&approved, &undisturbed);
    let changes = live(&undisturbed, None);
    let calm = outcome(&undisturbed, expect);

    std::thread::scope(|scope| {
        for nth in 1..=3 {
            let folder = root.join(format!("dies-after-{nth}"));
            copy(&approved, &folder);
            let calm = &calm;
            scope.spawn(move || {
                let deaths = deaths(test, &folder, nth);
                // Undisturbed, one look may ask for the same thing several times: fewer deaths than changes.
                assert!(deaths >= FEWEST_DEATHS, "only {deaths} deaths");
                assert_eq!(&outcome(&folder, expect), calm, "killed after every {nth} changes");
                println!("{changes} changes undisturbed; died {deaths} times, after {nth} each");
            });
        }
    });
}

/// Starts processes that die after so many changes, until one lives to the end; how many died.
fn deaths(test: &str, folder: &Path, nth: u32) -> u32 {
    for deaths in 0..MOST_LIVES {
        let ended = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .env(LIVE_IN, folder)
            .env(DIE_AFTER, nth.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        if ended.signal().is_none() {
            assert!(ended.success(), "a life ended with {ended}");
            return deaths;
        }
    }
    panic!("{MOST_LIVES} lives got nowhere");
}

/// One life of the process; how many changes it made.
fn live(folder: &Path, die_after: Option<u32>) -> u32 {
    in_runtime(async {
        let mut stage = Stage::open(folder).await;
        stage.world.faults().keep_journal();
        if let Some(nth) = die_after {
            let effect = FaultEffect::DieAfter;
            let fault = Fault { call: String::new(), after: nth - 1, times: 1, effect };
            stage.world.faults().inject(fault);
        }
        stage.carry_out().await;
        let changes = stage.world.faults().journal().len();

        stage.rest().await;
        u32::try_from(changes).unwrap()
    })
}

/// What came of it all: live nodes by pool, and how many instances were ever launched. Panics where
/// anything was harmed, lost or left behind.
fn outcome(folder: &Path, expect: fn(&Value)) -> (BTreeMap<String, usize>, usize) {
    in_runtime(async {
        let stage = Stage::open(folder).await;
        let plan = stage.newest_plan().await;
        expect(&plan);

        assert_eq!(stage.world.incidents(CLUSTER), [], "a pod was harmed");
        let (groups, instances) = stage.world.look(|state| {
            assert!(state.clusters[CLUSTER].is_settled(), "a pod does not run");
            let account = &state.aws.accounts[ACCOUNT];
            (account.node_groups.clone(), account.instances.clone())
        });
        let live = || instances.values().filter(|one| one.is_live());
        for ((_, name), group) in &groups {
            let of_group = live().filter(|one| one.node_group == *name).count();
            assert_eq!(
                of_group, group.desired as usize,
                "{name} has other instances than it wants"
            );
            assert!(!group.deleting && group.failures.is_empty(), "{name} was left behind");
            assert!(of_group > 0 || !name.starts_with(GROUP_PREFIX), "{name} was left behind");
        }

        let snapshot = stage.snapshot().await;
        let nodes: BTreeSet<String> = snapshot.nodes.iter().map(|it| it.name.clone()).collect();
        let expected: BTreeSet<String> =
            live().map(simulator::aws::Instance::private_dns_name).collect();
        assert_eq!(nodes, expected, "nodes and instances");
        for node in &snapshot.nodes {
            assert!(node.ready && !node.unschedulable && node.taints.is_empty(), "{node:?}");
        }
        assert_eq!(snapshot.pods.iter().filter(|pod| pod.node.is_none()).count(), 0);

        let (tenant, cluster) = stage.own().await;
        assert_eq!(stage.ctx.table.open_action_count(tenant, cluster).await.unwrap(), 0);
        let rows = stage.ctx.table.audit_chain(tenant, &PageRequest::new(200, None)).await.unwrap();
        assert_eq!(rows.next, None, "one page holds the whole audit trail");
        domain::audit::verify_chain(&rows.items).unwrap();

        let mut pools = BTreeMap::new();
        for one in live() {
            *pools.entry(one.pool.to_string()).or_default() += 1;
        }
        (pools, instances.len())
    })
}

/// A web shop: enough budgets, spread and a volume that drains have something to wait for.
fn manifests() -> Vec<Value> {
    let workload = |kind: &str, name: &str, replicas: u32, cpu: &str, extra: Value| {
        let labels = json!({"app": name});
        let container =
            json!({"name": name, "resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}});
        let mut pod = json!({"containers": [container]});
        pod.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({
            "kind": kind, "metadata": {"name": name, "namespace": "shop"},
            "spec": {
                "replicas": replicas, "serviceName": name, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        })
    };
    let budget = |name: &str| {
        json!({
            "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}},
        })
    };
    let spread = json!({"topologySpreadConstraints": [{
        "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "storefront"}},
    }]});
    vec![
        workload("DaemonSet", "logs", 0, "100m", json!({})),
        workload("Deployment", "storefront", 6, "500m", spread),
        workload("Deployment", "catalog", 3, "750m", json!({})),
        workload("StatefulSet", "cart", 2, "500m", json!({})),
        budget("storefront"),
        budget("catalog"),
        budget("cart"),
    ]
}

fn pool(choice: &Value) -> Pool {
    let pool = &choice["pool"];
    let capacity_type = match text(pool, "capacity_type") {
        "spot" => CapacityType::Spot,
        _ => CapacityType::OnDemand,
    };
    let (instance_type, zone) = (text(pool, "instance_type"), text(pool, "zone"));
    Pool { instance_type: instance_type.to_owned(), zone: zone.to_owned(), capacity_type }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn in_runtime<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
