//! What runs in the demo's clusters, as manifests.

use crate::kubernetes::LOAD_ANNOTATION;
use serde_json::{Value, json};

/// A Deployment in a few words.
struct App {
    namespace: &'static str,
    name: &'static str,
    replicas: u32,
    cpu_milli: u32,
    memory_mib: u32,
    traits: &'static [Trait],
}

/// What an app asks for beyond its requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trait {
    /// Evenly over zones, strictly.
    ZoneSpread,
    /// At most one per node.
    OnePerNode,
    /// A budget with `maxUnavailable: 1`.
    OneAtATime,
    /// A budget with `minAvailable: 80%`.
    MostAvailable,
    /// A single replica under `minAvailable: 1`: never to be evicted.
    NeverEvicted,
    /// Busy early at night and after noon, UTC.
    Bursts,
    /// Busy on working days from seven to seven, UTC.
    WorkingHours,
    /// An `emptyDir` it fills.
    Scratch,
    /// Wants nodes of the group for memory.
    MemoryNodes,
}
use Trait::{
    Bursts, MemoryNodes, MostAvailable, NeverEvicted, OneAtATime, OnePerNode, Scratch,
    WorkingHours, ZoneSpread,
};

const fn app(
    namespace: &'static str,
    name: &'static str,
    replicas: u32,
    cpu_milli: u32,
    memory_mib: u32,
    traits: &'static [Trait],
) -> App {
    App { namespace, name, replicas, cpu_milli, memory_mib, traits }
}

const WEB_PROD: [App; 13] = [
    app("shop", "storefront", 9, 1000, 1536, &[ZoneSpread, MostAvailable]),
    app("shop", "catalog-api", 6, 750, 2048, &[ZoneSpread, OneAtATime]),
    app("shop", "cart", 6, 500, 1024, &[ZoneSpread, OneAtATime]),
    app("shop", "checkout", 6, 750, 1536, &[ZoneSpread, OnePerNode, OneAtATime]),
    app("shop", "search", 6, 1200, 4096, &[OnePerNode, MostAvailable]),
    app("shop", "image-resizer", 5, 900, 1024, &[MostAvailable]),
    app("shop", "recommendations", 4, 1000, 3072, &[OneAtATime]),
    app("payments", "payments-api", 4, 500, 1024, &[ZoneSpread, OnePerNode, OneAtATime]),
    app("payments", "ledger-writer", 1, 500, 2048, &[NeverEvicted]),
    app("platform", "ingress-nginx", 3, 750, 1024, &[ZoneSpread, OnePerNode, OneAtATime]),
    app("platform", "notifications", 3, 250, 512, &[OneAtATime]),
    app("platform", "prometheus-adapter", 2, 200, 512, &[OneAtATime]),
    app("platform", "reports", 2, 500, 2048, &[Scratch]),
];

const BATCH: [App; 7] = [
    app("etl", "ingest", 6, 1500, 3072, &[OneAtATime]),
    app("etl", "transform", 16, 2000, 4096, &[Bursts]),
    app("etl", "aggregate", 5, 1500, 12_288, &[Bursts, MemoryNodes]),
    app("ml", "feature-builder", 6, 1000, 10_240, &[Bursts, MemoryNodes]),
    app("ml", "scorer", 8, 1500, 2048, &[Bursts, MostAvailable]),
    app("etl", "scheduler", 1, 500, 1024, &[]),
    app("etl", "export", 3, 1000, 2048, &[Scratch]),
];

const DEV: [App; 14] = [
    app("team-a", "storefront", 2, 150, 512, &[WorkingHours]),
    app("team-a", "catalog-api", 2, 150, 512, &[WorkingHours]),
    app("team-a", "cart", 1, 100, 256, &[WorkingHours]),
    app("team-a", "checkout", 1, 100, 384, &[WorkingHours]),
    app("team-a", "postgres", 1, 500, 2048, &[]),
    app("team-b", "search", 2, 400, 2048, &[WorkingHours]),
    app("team-b", "recommendations", 2, 300, 1024, &[WorkingHours]),
    app("team-b", "notebook", 3, 500, 3072, &[WorkingHours]),
    app("team-b", "redis", 1, 200, 1024, &[]),
    app("team-c", "payments-api", 2, 200, 512, &[WorkingHours]),
    app("team-c", "ledger-writer", 1, 200, 768, &[WorkingHours]),
    app("team-c", "reports", 2, 400, 1536, &[WorkingHours]),
    app("ci", "runner", 8, 600, 1536, &[WorkingHours]),
    app("ci", "registry-mirror", 1, 250, 1024, &[]),
];

/// The manifests of one of the demo's clusters: what every EKS cluster runs, and its own apps.
/// Requests come to about half of the nodes in busy hours, as in real clusters.
pub fn workloads(cluster: &str) -> Vec<Value> {
    let apps: &[App] = match cluster {
        "web-prod" => &WEB_PROD,
        "batch" => &BATCH,
        "dev" => &DEV,
        _ => &[],
    };
    let mut manifests = system();
    manifests.extend(apps.iter().flat_map(manifests_of));
    if cluster == "web-prod" {
        manifests.extend(database());
    }
    manifests
}

fn system() -> Vec<Value> {
    let daemons = [
        ("kube-system", "aws-node", 50, 64),
        ("kube-system", "kube-proxy", 100, 64),
        ("logging", "fluent-bit", 100, 160),
    ];
    let mut manifests: Vec<Value> = daemons.iter().map(daemon_set).collect();
    let dns = app("kube-system", "coredns", 2, 100, 70, &[ZoneSpread, OneAtATime]);
    let mut dns = manifests_of(&dns);
    dns[0]["spec"]["template"]["spec"]["priorityClassName"] = json!("system-cluster-critical");
    let metrics = app("kube-system", "metrics-server", 2, 100, 200, &[OnePerNode, OneAtATime]);
    manifests.extend(dns);
    manifests.extend(manifests_of(&metrics));
    manifests
}

fn daemon_set((namespace, name, cpu_milli, memory_mib): &(&str, &str, u32, u32)) -> Value {
    let mut template = pod_template(name, *cpu_milli, *memory_mib);
    template["spec"]["priorityClassName"] = json!("system-node-critical");
    template["spec"]["tolerations"] = json!([{ "operator": "Exists" }]);
    json!({
        "kind": "DaemonSet",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "selector": { "matchLabels": { "app": name } }, "template": template },
    })
}

/// A `StatefulSet` whose volumes hold it in their zones.
fn database() -> [Value; 2] {
    let mut template = pod_template("postgres", 1500, 6144);
    template["spec"]["affinity"] = one_per_node("postgres");
    template["spec"]["topologySpreadConstraints"] = zone_spread("postgres");
    let set = json!({
        "kind": "StatefulSet",
        "metadata": { "name": "postgres", "namespace": "payments" },
        "spec": {
            "replicas": 3,
            "serviceName": "postgres",
            "selector": { "matchLabels": { "app": "postgres" } },
            "template": template,
            "volumeClaimTemplates": [{ "metadata": { "name": "data" } }],
        },
    });
    let budget = budget("payments", "postgres", &json!({ "maxUnavailable": 1 }));
    [set, budget]
}

fn manifests_of(app: &App) -> Vec<Value> {
    let has = |wanted| app.traits.contains(&wanted);
    let mut template = pod_template(app.name, app.cpu_milli, app.memory_mib);
    let spec = &mut template["spec"];
    if has(ZoneSpread) {
        spec["topologySpreadConstraints"] = zone_spread(app.name);
    }
    if has(OnePerNode) {
        spec["affinity"] = one_per_node(app.name);
    }
    if has(Scratch) {
        spec["volumes"] = json!([{ "name": "scratch", "emptyDir": {} }]);
    }
    if has(MemoryNodes) {
        let expression = json!({ "key": "node.kubernetes.io/instance-type", "operator": "In",
            "values": ["r5.2xlarge", "r5.4xlarge", "r6i.2xlarge", "r6i.4xlarge", "r7i.2xlarge"] });
        let preference =
            json!({ "weight": 100, "preference": { "matchExpressions": [expression] } });
        spec["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"] =
            json!([preference]);
    }
    let mut metadata = json!({ "name": app.name, "namespace": app.namespace });
    if let Some(hours) = replicas_by_hour(app) {
        metadata["annotations"] = json!({ LOAD_ANNOTATION: hours });
    }
    let deployment = json!({
        "kind": "Deployment",
        "metadata": metadata,
        "spec": { "replicas": app.replicas, "selector": { "matchLabels": { "app": app.name } }, "template": template },
    });
    let limits = [
        (OneAtATime, json!({ "maxUnavailable": 1 })),
        (MostAvailable, json!({ "minAvailable": "80%" })),
        (NeverEvicted, json!({ "minAvailable": 1 })),
    ];
    let limit = limits.iter().find(|(wanted, _)| has(*wanted));
    let budget = limit.map(|(_, limit)| budget(app.namespace, app.name, limit));
    std::iter::once(deployment).chain(budget).collect()
}

/// Replicas for the 168 hours of a week, Monday first.
fn replicas_by_hour(app: &App) -> Option<String> {
    let is_busy: fn(u32) -> bool = if app.traits.contains(&Bursts) {
        |hour| matches!(hour % 24, 0..=4 | 12..=15)
    } else if app.traits.contains(&WorkingHours) {
        |hour| hour / 24 < 5 && matches!(hour % 24, 7..=18)
    } else {
        return None;
    };
    let quiet = if app.traits.contains(&Bursts) { app.replicas.div_ceil(4) } else { 0 };
    let replicas = |hour| if is_busy(hour) { app.replicas } else { quiet };
    let hours: Vec<String> = (0..168).map(|hour| replicas(hour).to_string()).collect();
    Some(hours.join(","))
}

fn pod_template(app: &str, cpu_milli: u32, memory_mib: u32) -> Value {
    let memory = format!("{memory_mib}Mi");
    json!({
        "metadata": { "labels": { "app": app } },
        "spec": {
            "containers": [{
                "name": app,
                "image": format!("registry.example/{app}:1.4.2"),
                "resources": {
                    "requests": { "cpu": format!("{cpu_milli}m"), "memory": memory },
                    "limits": { "memory": memory },
                },
            }],
        },
    })
}

fn zone_spread(app: &str) -> Value {
    json!([{ "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": { "matchLabels": { "app": app } } }])
}

fn one_per_node(app: &str) -> Value {
    json!({ "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [
        { "topologyKey": "kubernetes.io/hostname", "labelSelector": { "matchLabels": { "app": app } } }] } })
}

fn budget(namespace: &str, app: &str, limit: &Value) -> Value {
    let mut spec = limit.clone();
    spec["selector"] = json!({ "matchLabels": { "app": app } });
    json!({ "kind": "PodDisruptionBudget", "metadata": { "name": app, "namespace": namespace }, "spec": spec })
}
