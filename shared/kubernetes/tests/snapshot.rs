//! Objects in, snapshot out, as tables.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![allow(
    clippy::assigning_clones,
    clippy::default_trait_access,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::items_after_statements,
    clippy::needless_raw_string_hashes,
    clippy::semicolon_if_nothing_returned,
    clippy::single_match_else,
    reason = "tables of text"
)]

use domain::snapshot::{ClusterSnapshot, Pod};
use expect_test::expect;
use kubernetes::dump;
use kubernetes::snapshot::from_objects;
use serde_json::{Value, json};

fn snapshot(items: &[Value]) -> ClusterSnapshot {
    let list = json!({ "kind": "List", "apiVersion": "v1", "items": items });
    let objects = dump::read(list.to_string().as_bytes()).unwrap();
    from_objects(objects, "2026-11-23T12:00:00Z".parse().unwrap())
}

fn node(name: &str, labels: Value, provider: &str) -> Value {
    json!({ "kind": "Node",
        "metadata": { "name": name, "labels": labels, "creationTimestamp": "2026-11-01T00:00:00Z" },
        "spec": { "providerID": provider },
        "status": {
            "allocatable": { "cpu": "3920m", "memory": "15Gi", "pods": "58", "ephemeral-storage": "20Gi",
                "nvidia.com/gpu": "1", "attachable-volumes-aws-ebs": "25", "hugepages-2Mi": "0" },
            "conditions": [{ "type": "Ready", "status": "True" }] } })
}

fn pod(name: &str, spec: Value) -> Value {
    json!({ "kind": "Pod",
        "metadata": { "name": name, "namespace": "web", "uid": name,
            "labels": { "app": "api", "pod-template-hash": "77f9" },
            "ownerReferences": [{ "kind": "ReplicaSet", "name": "api-77f9", "controller": true }] },
        "spec": spec,
        "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] } })
}

fn findings(snapshot: &ClusterSnapshot) -> String {
    snapshot
        .findings
        .iter()
        .map(|finding| format!("{:?} {}: {}\n", finding.code, finding.subject, finding.message))
        .collect()
}

#[test]
fn a_node_is_known_by_its_labels_and_provider_id() {
    let aws = "aws:///us-east-1a/i-0abc";
    let table = [
        node(
            "group",
            json!({ "eks.amazonaws.com/nodegroup": "ng", "eks.amazonaws.com/capacityType": "SPOT",
            "node.kubernetes.io/instance-type": "m5.xlarge", "topology.kubernetes.io/zone": "us-east-1a",
            "kubernetes.io/arch": "amd64" }),
            aws,
        ),
        node(
            "karpenter",
            json!({ "karpenter.sh/nodepool": "default", "karpenter.sh/capacity-type": "on-demand",
            "kubernetes.io/arch": "arm64" }),
            aws,
        ),
        node(
            "auto",
            json!({ "eks.amazonaws.com/compute-type": "auto", "karpenter.sh/nodepool": "general-purpose" }),
            aws,
        ),
        node(
            "fargate",
            json!({ "eks.amazonaws.com/compute-type": "fargate" }),
            "aws:///us-east-1a/0b1c-2d/fargate-ip-10-0-0-1",
        ),
        node("asg", json!({ "node.kubernetes.io/lifecycle": "spot" }), aws),
        node("young", json!({ "eks.amazonaws.com/nodegroup-image": "ami" }), ""),
        node("gke", json!({}), "gce://project/us-central1-a/gke-1"),
        node("metal", json!({}), ""),
    ];
    let rows: String = snapshot(&table)
        .nodes
        .iter()
        .map(|node| {
            format!(
                "{:<9} {:?} {:?} {:?} {:?} {:?} {:?}\n",
                node.name,
                node.manager,
                node.instance_id,
                node.instance_type,
                node.zone,
                node.capacity_type,
                node.architecture,
            )
        })
        .collect();
    expect![[r#"
        asg       SelfManaged Some("i-0abc") None None Some(Spot) None
        auto      AutoMode Some("i-0abc") None None None None
        fargate   Fargate None None None None None
        gke       OtherCloud None None None None None
        group     ManagedNodeGroup { name: "ng" } Some("i-0abc") Some("m5.xlarge") Some("us-east-1a") Some(Spot) Some(Amd64)
        karpenter Karpenter { node_pool: "default" } Some("i-0abc") None None Some(OnDemand) Some(Arm64)
        metal     OtherCloud None None None None None
        young     SelfManaged None None None None None
    "#]].assert_eq(&rows);
    let allocatable = &snapshot(&table).nodes[0].allocatable;
    expect![[r#"Resources { cpu_milli: 3920, memory_mib: 15360, ephemeral_mib: 20480, pods: 58, extended: {"nvidia.com/gpu": 1} }"#]].assert_eq(&format!("{allocatable:?}"));
}

#[test]
fn the_topmost_controller_owns_a_pod() {
    let owned = |kind: &str, name: &str, owner: Value| {
        json!({ "kind": kind, "metadata": { "name": name, "namespace": "web", "ownerReferences": [owner] },
            "spec": { "replicas": 2 }, "status": { "readyReplicas": 1 } })
    };
    let with_owner = |name: &str, owner: Value, labels: Value| {
        let mut pod = pod(name, json!({ "containers": [] }));
        pod["metadata"]["ownerReferences"] = json!([owner]);
        pod["metadata"]["labels"] = labels;
        pod
    };
    let by = |kind: &str, name: &str| json!({ "kind": kind, "name": name, "controller": true });
    let mut mirror = pod("kube-proxy-node", json!({ "containers": [] }));
    mirror["metadata"]["annotations"] = json!({ "kubernetes.io/config.mirror": "1" });
    mirror["metadata"]["ownerReferences"] = json!([by("Node", "ip-10-0-0-1")]);
    let mut bare = pod("bare", json!({ "containers": [] }));
    bare["metadata"]["ownerReferences"] = json!([]);
    let mut deployment = owned("Deployment", "listed", json!({ "kind": "App", "name": "x" }));
    deployment["metadata"]["ownerReferences"] = Value::Null;
    let snapshot = snapshot(&[
        deployment,
        owned("ReplicaSet", "listed-1a", by("Deployment", "listed")),
        owned("ReplicaSet", "canary-5c", by("Rollout", "canary")),
        owned("Job", "report-2800", by("CronJob", "report")),
        with_owner("a", by("ReplicaSet", "listed-1a"), json!({})),
        with_owner("b", by("ReplicaSet", "api-77f9"), json!({ "pod-template-hash": "77f9" })),
        with_owner(
            "c",
            by("ReplicaSet", "canary-5c"),
            json!({ "rollouts-pod-template-hash": "5c" }),
        ),
        with_owner("d", by("Job", "report-2800"), json!({})),
        with_owner("e", by("Job", "once"), json!({})),
        with_owner("f", by("DaemonSet", "logs"), json!({})),
        mirror,
        bare,
    ]);
    let pods = snapshot.pods.iter().map(|pod| {
        let owner = pod.owner.as_ref().map_or("-".to_owned(), ToString::to_string);
        format!("{:<16} {:<12} {owner}\n", pod.name, format!("{:?}", pod.kind))
    });
    let workloads = snapshot.workloads.iter().map(|workload| {
        format!("{} {:?} ready {}\n", workload.reference, workload.replicas, workload.ready)
    });
    expect![[r#"
        a                Replicated   Deployment web/listed
        b                Replicated   Deployment web/api
        bare             Bare         -
        c                Replicated   Rollout web/canary
        d                Replicated   CronJob web/report
        e                Replicated   Job web/once
        f                DaemonSet    DaemonSet web/logs
        kube-proxy-node  Mirror       Node web/ip-10-0-0-1
        CronJob web/report None ready 1
        DaemonSet web/logs None ready 1
        Deployment web/api None ready 1
        Deployment web/listed Some(2) ready 1
        Job web/once None ready 1
        Rollout web/canary None ready 1
    "#]]
    .assert_eq(&pods.chain(workloads).collect::<String>());
}

#[test]
fn constraints_are_honoured_or_named() {
    let selector = json!({ "matchLabels": { "app": "api" } });
    let zone = "topology.kubernetes.io/zone";
    let spread = json!([
        { "maxSkew": 1, "topologyKey": zone, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector,
          "matchLabelKeys": ["pod-template-hash", "absent"], "minDomains": 3 },
        { "maxSkew": 1, "topologyKey": zone, "whenUnsatisfiable": "ScheduleAnyway" }]);
    let term = |extra: Value| {
        let mut term =
            json!({ "topologyKey": "kubernetes.io/hostname", "labelSelector": selector });
        term.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({ "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [term] } })
    };
    let node_terms = |terms: Value| json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": terms } } });
    let table = [
        ("spread", json!({ "topologySpreadConstraints": spread })),
        ("anti-affinity", json!({ "affinity": term(json!({})) })),
        ("all namespaces", json!({ "affinity": term(json!({ "namespaceSelector": {} })) })),
        ("some namespaces", json!({ "affinity": term(json!({ "namespaces": ["a", "b"] })) })),
        (
            "namespace selector",
            json!({ "affinity": term(json!({ "namespaceSelector": { "matchLabels": { "team": "x" } } })) }),
        ),
        ("no selector", json!({ "affinity": term(json!({ "labelSelector": null })) })),
        (
            "mismatch",
            json!({ "affinity": term(json!({ "mismatchLabelKeys": ["pod-template-hash"] })) }),
        ),
        (
            "node terms",
            json!({ "affinity": node_terms(json!([
            { "matchExpressions": [{ "key": "cpu", "operator": "Gt", "values": ["8"] }] }, {},
            { "matchFields": [{ "key": "metadata.name", "operator": "In", "values": ["n"] }] }])) }),
        ),
        ("impossible", json!({ "affinity": node_terms(json!([{}])) })),
        (
            "tolerations",
            json!({ "tolerations": [{ "operator": "Exists" }, { "key": "a", "value": "b", "effect": "NoSchedule" },
            { "key": "a", "operator": "Gt", "value": "5" }] }),
        ),
        (
            "gates and claims",
            json!({ "schedulingGates": [{ "name": "g" }], "resourceClaims": [{ "name": "gpu" }], "schedulerName": "volcano" }),
        ),
        (
            "host ports",
            json!({ "containers": [{ "name": "a", "ports": [{ "containerPort": 1, "hostPort": 9100 }, { "containerPort": 2 }] }] }),
        ),
    ];
    let items: Vec<Value> = table.iter().map(|(name, spec)| pod(name, spec.clone())).collect();
    let snapshot = snapshot(&items);
    let row = |pod: &Pod| {
        format!(
            "{}: spread {:?} anti {:?} node {:?} tolerations {:?} ports {:?} unsupported {:?}\n",
            pod.name,
            pod.topology_spread,
            pod.anti_affinity,
            pod.node_affinity,
            pod.tolerations,
            pod.host_ports,
            pod.unsupported
        )
    };
    expect![[r#"
        all namespaces: spread [] anti [PodTerm { topology_key: "kubernetes.io/hostname", selector: LabelSelector { requirements: [Requirement { key: "app", operator: In, values: ["api"] }] }, namespaces: [] }] node [] tolerations [] ports [] unsupported []
        anti-affinity: spread [] anti [PodTerm { topology_key: "kubernetes.io/hostname", selector: LabelSelector { requirements: [Requirement { key: "app", operator: In, values: ["api"] }] }, namespaces: ["web"] }] node [] tolerations [] ports [] unsupported []
        gates and claims: spread [] anti [] node [] tolerations [] ports [] unsupported ["a scheduling gate", "a dynamic resource claim", "the scheduler volcano"]
        host ports: spread [] anti [] node [] tolerations [] ports [9100] unsupported []
        impossible: spread [] anti [] node [] tolerations [] ports [] unsupported ["node affinity that no node can meet"]
        mismatch: spread [] anti [PodTerm { topology_key: "kubernetes.io/hostname", selector: LabelSelector { requirements: [Requirement { key: "app", operator: In, values: ["api"] }, Requirement { key: "pod-template-hash", operator: NotIn, values: ["77f9"] }] }, namespaces: ["web"] }] node [] tolerations [] ports [] unsupported []
        namespace selector: spread [] anti [] node [] tolerations [] ports [] unsupported ["pod anti-affinity with a namespace selector"]
        no selector: spread [] anti [] node [] tolerations [] ports [] unsupported []
        node terms: spread [] anti [] node [NodeSelectorTerm { requirements: [Requirement { key: "cpu", operator: Gt, values: ["8"] }] }, NodeSelectorTerm { requirements: [Requirement { key: "metadata.name", operator: In, values: ["n"] }] }] tolerations [] ports [] unsupported []
        some namespaces: spread [] anti [PodTerm { topology_key: "kubernetes.io/hostname", selector: LabelSelector { requirements: [Requirement { key: "app", operator: In, values: ["api"] }] }, namespaces: ["a", "b"] }] node [] tolerations [] ports [] unsupported []
        spread: spread [TopologySpread { max_skew: 1, topology_key: "topology.kubernetes.io/zone", required: true, selector: LabelSelector { requirements: [Requirement { key: "app", operator: In, values: ["api"] }, Requirement { key: "pod-template-hash", operator: In, values: ["77f9"] }] }, min_domains: Some(3) }] anti [] node [] tolerations [] ports [] unsupported []
        tolerations: spread [] anti [] node [] tolerations [Toleration { key: None, value: None, effect: None }, Toleration { key: Some("a"), value: Some("b"), effect: Some(NoSchedule) }] ports [] unsupported []
    "#]].assert_eq(&snapshot.pods.iter().map(row).collect::<String>());
}

#[test]
fn volumes_tie_pods_to_zones_and_local_data_to_nodes() {
    let volume = |name: &str, key: &str, value: &str| {
        json!({ "kind": "PersistentVolume", "metadata": { "name": name }, "spec": { "nodeAffinity": { "required": {
            "nodeSelectorTerms": [{ "matchExpressions": [{ "key": key, "operator": "In", "values": [value] }] }] } } } })
    };
    let claim = |name: &str, volume: &str| json!({ "kind": "PersistentVolumeClaim", "metadata": { "name": name, "namespace": "web" }, "spec": { "volumeName": volume } });
    let using = |name: &str, volumes: Value, annotations: Value| {
        let mut pod = pod(name, json!({ "nodeName": "n", "volumes": volumes, "containers": [] }));
        pod["metadata"]["annotations"] = annotations;
        pod
    };
    let of_claim =
        |claim: &str| json!([{ "name": "v", "persistentVolumeClaim": { "claimName": claim } }]);
    let snapshot = snapshot(&[
        node("n", json!({ "topology.kubernetes.io/zone": "us-east-1b" }), "aws:///us-east-1b/i-1"),
        volume("pv-zonal", "topology.ebs.csi.aws.com/zone", "us-east-1c"),
        volume("pv-local", "kubernetes.io/hostname", "n"),
        json!({ "kind": "PersistentVolume", "metadata": { "name": "pv-efs" }, "spec": {} }),
        claim("zonal", "pv-zonal"),
        claim("local", "pv-local"),
        claim("efs", "pv-efs"),
        claim("ephemeral-scratch", "pv-zonal"),
        using("zonal", of_claim("zonal"), json!({})),
        using("local", of_claim("local"), json!({})),
        using("efs", of_claim("efs"), json!({})),
        using("unknown", of_claim("not-listed"), json!({})),
        using("ephemeral", json!([{ "name": "scratch", "ephemeral": {} }]), json!({})),
        using("empty-dir", json!([{ "name": "tmp", "emptyDir": {} }]), json!({})),
        using(
            "host-path",
            json!([{ "name": "logs", "hostPath": { "path": "/var/log" } }]),
            json!({}),
        ),
        using("config", json!([{ "name": "c", "configMap": { "name": "c" } }]), json!({})),
        using(
            "given-up",
            json!([{ "name": "tmp", "emptyDir": {} }]),
            json!({ "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes": "cache, tmp" }),
        ),
        using(
            "safe",
            json!([{ "name": "tmp", "emptyDir": {} }]),
            json!({ "cluster-autoscaler.kubernetes.io/safe-to-evict": "true" }),
        ),
    ]);
    let row = |pod: &Pod| {
        format!(
            "{:<10} {:?} local {} {:?}\n",
            pod.name, pod.volume_zone, pod.local_storage, pod.unsupported
        )
    };
    expect![[r#"
        config     None local false []
        efs        None local false []
        empty-dir  None local true []
        ephemeral  Some("us-east-1c") local false []
        given-up   None local false []
        host-path  None local true []
        local      None local false ["a volume bound to its node"]
        safe       None local false []
        unknown    Some("us-east-1b") local false []
        zonal      Some("us-east-1c") local false []
    "#]]
    .assert_eq(&snapshot.pods.iter().map(row).collect::<String>());
}

#[test]
fn do_not_disrupt_is_honoured_in_all_its_spellings() {
    let annotated = |name: &str, annotations: Value| {
        let mut pod = pod(name, json!({ "containers": [] }));
        pod["metadata"]["annotations"] = annotations;
        pod["metadata"]["creationTimestamp"] = json!("2026-11-23T11:00:00Z");
        pod
    };
    let key = "karpenter.sh/do-not-disrupt";
    let snapshot = snapshot(&[
        annotated("a true", json!({ key: "true" })),
        annotated("b false", json!({ key: "false" })),
        annotated("c two hours, one passed", json!({ key: "2h" })),
        annotated("d half an hour, one passed", json!({ key: "30m" })),
        annotated("e old Karpenter", json!({ "karpenter.sh/do-not-evict": "true" })),
        annotated(
            "f autoscaler",
            json!({ "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" }),
        ),
        annotated("g nothing", json!({})),
    ]);
    let row = |pod: &Pod| format!("{} {}\n", pod.name, pod.do_not_disrupt);
    expect![[r#"
        a true true
        b false false
        c two hours, one passed true
        d half an hour, one passed false
        e old Karpenter true
        f autoscaler true
        g nothing false
    "#]]
    .assert_eq(&snapshot.pods.iter().map(row).collect::<String>());
}

#[test]
fn budgets_that_never_allow_are_told_from_budgets_used_up() {
    let budget = |name: &str, spec: Value, expected: u32| {
        let mut spec = spec;
        spec["selector"] = json!({ "matchLabels": { "app": name } });
        json!({ "kind": "PodDisruptionBudget", "metadata": { "name": name, "namespace": "web" }, "spec": spec,
            "status": { "disruptionsAllowed": 0, "expectedPods": expected } })
    };
    let mut uncounted = budget("uncounted", json!({ "minAvailable": 1 }), 0);
    uncounted["status"] = json!({});
    uncounted["spec"]["selector"] = json!({ "matchLabels": { "app": "api" } });
    let snapshot = snapshot(&[
        budget("all-of-one", json!({ "minAvailable": 1 }), 1),
        budget("one-of-two", json!({ "minAvailable": 1 }), 2),
        budget("hundred-percent", json!({ "minAvailable": "100%" }), 5),
        budget("half-of-one", json!({ "minAvailable": "50%" }), 1),
        budget("half-of-three", json!({ "minAvailable": "50%" }), 3),
        budget("none-unavailable", json!({ "maxUnavailable": 0 }), 9),
        budget("zero-percent", json!({ "maxUnavailable": "0%" }), 9),
        budget("one-percent-rounds-up", json!({ "maxUnavailable": "1%" }), 1),
        budget("no-pods", json!({ "minAvailable": 1 }), 0),
        uncounted,
        pod("only", json!({ "containers": [] })),
    ]);
    let rows: String = snapshot
        .disruption_budgets
        .iter()
        .map(|budget| format!("{:<22} {}\n", budget.name, budget.never_allows))
        .collect();
    expect![[r#"
        all-of-one             true
        half-of-one            true
        half-of-three          false
        hundred-percent        true
        no-pods                false
        none-unavailable       true
        one-of-two             false
        one-percent-rounds-up  false
        uncounted              true
        zero-percent           true
    "#]]
    .assert_eq(&rows);
}

#[test]
fn odd_things_are_said_once() {
    let mut bad = pod(
        "bad",
        json!({ "containers": [{ "name": "a", "resources": { "requests": { "cpu": "lots" } } }] }),
    );
    bad["metadata"]["labels"] = json!({});
    let mut sick = node("sick", json!({}), "aws:///us-east-1a/i-1");
    sick["status"]["conditions"] = json!([{ "type": "Ready", "status": "Unknown" }]);
    let budget = |name: &str| {
        json!({ "kind": "PodDisruptionBudget", "metadata": { "name": name, "namespace": "web" },
            "spec": { "minAvailable": "50%", "selector": { "matchLabels": { "app": "api" } } }, "status": { "expectedPods": 3 } })
    };
    let mut finished = pod("finished", json!({ "containers": [] }));
    finished["status"]["phase"] = json!("Succeeded");
    let cpu_only =
        json!({ "containers": [{ "name": "a", "resources": { "requests": { "cpu": "1" } } }] });
    let snapshot = snapshot(&[
        sick,
        budget("first"),
        budget("second"),
        pod("a", cpu_only.clone()),
        pod("b", cpu_only),
        pod("c", json!({ "containers": [{ "name": "a" }] })),
        finished,
        bad,
        json!({ "kind": "ConfigMap", "metadata": { "name": "ignored" } }),
    ]);
    expect![[r#"
        NodeNotReady node/sick: sick is not ready; it is left alone.
        RequestsMissing deployment/web/api: 3 of 3 pods ask for no CPU or memory; they count as zero, as the scheduler counts them.
        MultipleBudgets deployment/web/api: 3 pods are under the budgets first, second; the Eviction API refuses a pod with more than one, so they stay.
        Unreadable pod/web/bad: pod/web/bad could not be read and is left out: "lots" is not a quantity such as 100m, 1.5Gi or 2e3.
    "#]].assert_eq(&findings(&snapshot));
    assert_eq!(snapshot.pods.len(), 3, "finished and unreadable pods are out");
}
