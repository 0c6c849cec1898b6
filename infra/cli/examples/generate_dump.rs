//! Writes a plausible cluster in the JSON that `kubectl get … -o json` prints, for benchmarks:
//!
//! ```console
//! $ cargo run --release -p spot-optimizer --example generate_dump -- 10000 400 > cluster.json
//! ```
//!
//! Arguments are the pods and the nodes. The same arguments give the same bytes. Workloads sit in
//! twenty namespaces; most have a budget, some spread over zones, keep their replicas on different
//! nodes or have a volume; four `DaemonSet`s run everywhere. Nodes are as full as the default
//! scheduler leaves them, a little over half.
#![allow(clippy::expect_used)]

use serde_json::{Value, json};
use std::io::Write;

const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
const CREATED: &str = "2026-11-02T08:00:00Z";

/// Type, vCPU, MiB, pods, capacity type.
const GROUPS: [(&str, u64, u64, u64, &str); 5] = [
    ("m5.4xlarge", 16, 65_536, 234, "ON_DEMAND"),
    ("m5.2xlarge", 8, 32_768, 58, "ON_DEMAND"),
    ("c5.4xlarge", 16, 32_768, 234, "ON_DEMAND"),
    ("r5.2xlarge", 8, 65_536, 58, "ON_DEMAND"),
    ("m6i.4xlarge", 16, 65_536, 234, "SPOT"),
];

/// Name, milli-CPU and MiB of what runs on every node.
const DAEMONS: [(&str, u64, u64); 4] = [
    ("aws-node", 50, 64),
    ("kube-proxy", 100, 32),
    ("ebs-csi-node", 30, 120),
    ("fluent-bit", 50, 128),
];

/// Milli-CPU and MiB people ask for.
const SHAPES: [(u64, u64); 12] = [
    (50, 64),
    (100, 128),
    (100, 256),
    (200, 512),
    (250, 256),
    (250, 512),
    (500, 512),
    (500, 1_024),
    (500, 2_048),
    (1_000, 2_048),
    (1_000, 4_096),
    (2_000, 4_096),
];

struct Node {
    name: String,
    zone: &'static str,
    group: (&'static str, u64, u64, u64, &'static str),
    cpu_left: u64,
    memory_left: u64,
    pods_left: u64,
    hosts: Vec<String>,
}

/// A deployment or stateful set.
struct Workload {
    namespace: String,
    name: String,
    replicas: u64,
    shape: (u64, u64),
    stateful: bool,
    spread: bool,
    apart: bool,
    budget: bool,
}

/// `SplitMix64`: enough to look irregular.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn uid(&mut self) -> String {
        format!(
            "{:08x}-{:04x}-4000-8000-{:012x}",
            self.below(1 << 32),
            self.below(1 << 16),
            self.below(1 << 48)
        )
    }
}

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let (pods, nodes) = (numbers.next().unwrap_or(10_000), numbers.next().unwrap_or(400));
    let items = cluster(pods, nodes);
    let list = json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}});
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, indent);
    serde::Serialize::serialize(&list, &mut serializer).expect("stdout");
    out.flush().expect("stdout");
}

fn cluster(pods: u64, node_count: u64) -> Vec<Value> {
    let mut random = Random(1);
    let mut nodes: Vec<Node> = (0..node_count).map(node).collect();
    let mut pod_items = Vec::new();
    let mut others = Vec::new();
    for (name, cpu, memory) in DAEMONS {
        others.push(controller("DaemonSet", "kube-system", name, None, &mut random));
        for node in &mut nodes {
            node.cpu_left -= cpu;
            node.memory_left -= memory;
            node.pods_left -= 1;
            pod_items.push(daemon_pod(name, (cpu, memory), node, &mut random));
        }
    }
    let mut left = pods.saturating_sub(pod_items.len() as u64);
    let mut index = 0;
    while left > 0 {
        let workload = workload(index, left, &mut random);
        left -= workload.replicas;
        index += 1;
        others.extend(controllers(&workload, &mut random));
        for ordinal in 0..workload.replicas {
            let place = place(&workload, &mut nodes, &mut random);
            pod_items.push(workload_pod(&workload, ordinal, place, &mut random));
        }
    }
    let mut items: Vec<Value> = nodes.iter().map(|node| node_item(node, &mut random)).collect();
    items.append(&mut pod_items);
    items.append(&mut others);
    items
}

fn node(index: u64) -> Node {
    let group = GROUPS[index as usize % GROUPS.len()];
    let (_, cores, memory, pods, _) = group;
    Node {
        name: format!("ip-10-{}-{}-{}.ec2.internal", index % 3, index / 200, 10 + index % 200),
        zone: ZONES[index as usize % ZONES.len()],
        group,
        cpu_left: cores * 1_000 - 110,
        memory_left: memory - memory / 14 - 355 - 11 * pods.min(110),
        pods_left: pods,
        hosts: Vec::new(),
    }
}

fn workload(index: u64, left: u64, random: &mut Random) -> Workload {
    const SIZES: [u64; 10] = [1, 1, 2, 2, 3, 3, 4, 8, 20, 40];
    let replicas = SIZES[random.below(10) as usize].min(left);
    let several = replicas > 1;
    Workload {
        namespace: format!("team-{:02}", index % 20),
        name: format!("service-{index:04}"),
        replicas,
        shape: SHAPES[random.below(12) as usize],
        stateful: random.percent(8),
        spread: several && random.percent(25),
        apart: several && replicas < 10 && random.percent(15),
        budget: several && random.percent(70),
    }
}

/// The emptier of two nodes with room, as a scheduler that spreads would have it; none stays pending.
fn place<'a>(workload: &Workload, nodes: &'a mut [Node], random: &mut Random) -> Option<&'a Node> {
    let (cpu, memory) = workload.shape;
    let fits = |node: &Node| {
        node.cpu_left >= cpu
            && node.memory_left >= memory
            && node.pods_left > 0
            && !(workload.apart && node.hosts.contains(&workload.name))
    };
    let mut best: Option<usize> = None;
    for _ in 0..40 {
        let candidate = random.below(nodes.len() as u64) as usize;
        if fits(&nodes[candidate]) {
            match best {
                None => best = Some(candidate),
                Some(other) => {
                    let emptier = nodes[candidate].cpu_left > nodes[other].cpu_left;
                    best = Some(if emptier { candidate } else { other });
                    break;
                }
            }
        }
    }
    let node = &mut nodes[best?];
    node.cpu_left -= cpu;
    node.memory_left -= memory;
    node.pods_left -= 1;
    node.hosts.push(workload.name.clone());
    Some(node)
}

fn node_item(node: &Node, random: &mut Random) -> Value {
    let (instance_type, cores, memory, pods, capacity_type) = node.group;
    let condition = |kind: &str, status: &str, reason: &str| {
        json!({
            "lastHeartbeatTime": "2026-11-23T11:48:00Z", "lastTransitionTime": CREATED,
            "message": format!("kubelet reports {reason}"), "reason": reason, "status": status, "type": kind,
        })
    };
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "annotations": {
                "csi.volume.kubernetes.io/nodeid": format!("{{\"ebs.csi.aws.com\":\"{}\"}}", node.name),
                "node.alpha.kubernetes.io/ttl": "15",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
            "creationTimestamp": CREATED,
            "labels": {
                "beta.kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/instance-type": instance_type,
                "beta.kubernetes.io/os": "linux",
                "eks.amazonaws.com/capacityType": capacity_type,
                "eks.amazonaws.com/nodegroup": format!("ng-{}", instance_type.replace('.', "-")),
                "eks.amazonaws.com/nodegroup-image": "ami-0c97930d0d19e564a",
                "failure-domain.beta.kubernetes.io/region": "us-east-1",
                "failure-domain.beta.kubernetes.io/zone": node.zone,
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": node.name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": instance_type,
                "topology.kubernetes.io/region": "us-east-1",
                "topology.kubernetes.io/zone": node.zone,
            },
            "name": node.name,
            "resourceVersion": "184467440",
            "uid": random.uid(),
        },
        "spec": {"providerID": format!("aws:///{}/i-{:017x}", node.zone, random.below(1 << 62))},
        "status": {
            "addresses": [
                {"address": "10.0.0.10", "type": "InternalIP"},
                {"address": node.name, "type": "Hostname"},
            ],
            "allocatable": {
                "cpu": format!("{}m", cores * 1_000 - 110),
                "ephemeral-storage": "76224326324", "hugepages-1Gi": "0", "hugepages-2Mi": "0",
                "memory": format!("{}Ki", (memory - memory / 14 - 355 - 11 * pods.min(110)) * 1_024),
                "pods": pods.to_string(),
            },
            "capacity": {
                "cpu": cores.to_string(),
                "ephemeral-storage": "83873772Ki", "hugepages-1Gi": "0", "hugepages-2Mi": "0",
                "memory": format!("{}Ki", (memory - memory / 28) * 1_024),
                "pods": pods.to_string(),
            },
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID"),
                condition("Ready", "True", "KubeletReady"),
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10_250}},
            "nodeInfo": {
                "architecture": "amd64", "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.40", "kubeletVersion": "v1.36.4-eks",
                "operatingSystem": "linux", "osImage": "Amazon Linux 2023",
            },
        },
    })
}

fn daemon_pod(name: &str, shape: (u64, u64), node: &Node, random: &mut Random) -> Value {
    let pod_name = format!("{name}-{:05x}", random.below(1 << 20));
    let mut spec = spec(name, shape);
    spec["nodeName"] = json!(node.name);
    spec["priorityClassName"] = json!("system-node-critical");
    spec["priority"] = json!(2_000_001_000);
    spec["tolerations"] = json!([{"operator": "Exists"}]);
    pod(&pod_name, "kube-system", name, ("DaemonSet", name), spec, random)
}

fn workload_pod(
    workload: &Workload,
    ordinal: u64,
    node: Option<&Node>,
    random: &mut Random,
) -> Value {
    let name = &workload.name;
    let mut spec = spec(name, workload.shape);
    if let Some(node) = node {
        spec["nodeName"] = json!(node.name);
    }
    let selector = json!({"matchLabels": {"app": name}});
    if workload.spread {
        spec["topologySpreadConstraints"] = json!([{
            "labelSelector": selector, "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway",
        }]);
    }
    if workload.apart {
        spec["affinity"] = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"labelSelector": selector, "topologyKey": "kubernetes.io/hostname"},
        ]}});
    }
    if workload.stateful {
        let claim = json!({"name": "data", "persistentVolumeClaim": {"claimName": format!("data-{name}-{ordinal}")}});
        spec["volumes"].as_array_mut().expect("a list").push(claim);
        let pod_name = format!("{name}-{ordinal}");
        return pod(&pod_name, &workload.namespace, name, ("StatefulSet", name), spec, random);
    }
    let set = format!("{name}-7d9f8b6c5");
    let pod_name = format!("{set}-{:05x}", random.below(1 << 20));
    pod(&pod_name, &workload.namespace, name, ("ReplicaSet", &set), spec, random)
}

fn spec(name: &str, (cpu, memory): (u64, u64)) -> Value {
    json!({
        "containers": [{
            "env": [
                {"name": "LOG_LEVEL", "value": "info"},
                {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            ],
            "image": format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}:1.42.0"),
            "imagePullPolicy": "IfNotPresent",
            "livenessProbe": {"failureThreshold": 3, "httpGet": {"path": "/healthz", "port": 8_080, "scheme": "HTTP"}, "periodSeconds": 10},
            "name": "main",
            "ports": [{"containerPort": 8_080, "name": "http", "protocol": "TCP"}],
            "resources": {
                "limits": {"memory": format!("{memory}Mi")},
                "requests": {"cpu": format!("{cpu}m"), "memory": format!("{memory}Mi")},
            },
            "terminationMessagePath": "/dev/termination-log",
            "volumeMounts": [{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access", "readOnly": true}],
        }],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": true,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "serviceAccountName": "default",
        "terminationGracePeriodSeconds": 30,
        "tolerations": [
            {"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300},
            {"effect": "NoExecute", "key": "node.kubernetes.io/unreachable", "operator": "Exists", "tolerationSeconds": 300},
        ],
        "volumes": [{"name": "kube-api-access", "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3_607, "path": "token"}},
            {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
        ]}}],
    })
}

fn pod(
    name: &str,
    namespace: &str,
    app: &str,
    (kind, owner): (&str, &str),
    spec: Value,
    random: &mut Random,
) -> Value {
    let bound = spec.get("nodeName").is_some();
    let state = if bound { "True" } else { "False" };
    let condition = |kind: &str, status: &str| json!({"lastProbeTime": null, "lastTransitionTime": CREATED, "status": status, "type": kind});
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "creationTimestamp": CREATED,
            "generateName": format!("{owner}-"),
            "labels": {"app": app, "pod-template-hash": "7d9f8b6c5"},
            "name": name,
            "namespace": namespace,
            "ownerReferences": [{
                "apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true,
                "kind": kind, "name": owner, "uid": random.uid(),
            }],
            "resourceVersion": "184467441",
            "uid": random.uid(),
        },
        "spec": spec,
        "status": {
            "conditions": [
                condition("PodReadyToStartContainers", state), condition("Initialized", state),
                condition("Ready", state), condition("ContainersReady", state), condition("PodScheduled", state),
            ],
            "hostIP": "10.0.0.10",
            "phase": if bound { "Running" } else { "Pending" },
            "podIP": "10.0.0.11",
            "qosClass": "Burstable",
            "startTime": CREATED,
        },
    })
}

/// A workload's controllers and budget.
fn controllers(workload: &Workload, random: &mut Random) -> Vec<Value> {
    let Workload { namespace, name, replicas, .. } = workload;
    let mut items = Vec::new();
    if workload.stateful {
        items.push(controller("StatefulSet", namespace, name, Some(*replicas), random));
    } else {
        items.push(controller("Deployment", namespace, name, Some(*replicas), random));
        let set = format!("{name}-7d9f8b6c5");
        let mut replica_set = controller("ReplicaSet", namespace, &set, Some(*replicas), random);
        replica_set["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true,
            "kind": "Deployment", "name": name, "uid": random.uid(),
        }]);
        items.push(replica_set);
    }
    if workload.budget {
        items.push(json!({
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"creationTimestamp": CREATED, "name": name, "namespace": namespace, "uid": random.uid()},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}},
            "status": {
                "currentHealthy": replicas, "desiredHealthy": replicas - 1, "disruptionsAllowed": 1,
                "expectedPods": replicas, "observedGeneration": 1,
            },
        }));
    }
    items
}

fn controller(
    kind: &str,
    namespace: &str,
    name: &str,
    replicas: Option<u64>,
    random: &mut Random,
) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"creationTimestamp": CREATED, "generation": 1, "name": name, "namespace": namespace, "uid": random.uid()},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec(name, (100, 128))},
        },
        "status": {"observedGeneration": 1, "readyReplicas": replicas, "replicas": replicas},
    })
}
