//! How much a pod asks for and a node has, counted as the scheduler counts.
//!
//! Source: k8s.io/component-helpers `resource.PodRequests` with `UseStatusResources`.

use crate::object::{Container, ContainerStatus, Pod, ResourceList, ResourceRequirements};
use domain::offering::Resources;

/// What the scheduler counts for a pod: the sum of its containers and sidecars, or an init
/// container with the sidecars before it where that is more, what it asks for as a whole where it
/// does, and its overhead. `pods` is 1.
pub fn requests(pod: &Pod) -> Resources {
    let spec = &pod.spec;
    let mut running = ResourceList::new();
    for container in &spec.containers {
        add(&mut running, &of_container(container, &pod.status.container_statuses));
    }
    let mut sidecars = ResourceList::new();
    let mut starting = ResourceList::new();
    for container in &spec.init_containers {
        let mut step = of_container(container, &pod.status.init_container_statuses);
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut running, &step);
            add(&mut sidecars, &step);
            step.clone_from(&sidecars);
        } else {
            add(&mut step, &sidecars);
        }
        raise(&mut starting, &step);
    }
    raise(&mut running, &starting);
    running.extend(with_defaults(&spec.resources));
    add(&mut running, &spec.overhead);
    to_resources(&running, 1)
}

/// What pods may use of a node.
pub fn allocatable(list: &ResourceList) -> Resources {
    let of = |name: &str| list.get(name).copied().unwrap_or_default();
    let extended =
        list.iter().filter(|(name, amount)| is_extended(name) && amount.units_down() > 0);
    Resources {
        cpu_milli: of("cpu").milli_down(),
        memory_mib: of("memory").mib_down(),
        ephemeral_mib: of("ephemeral-storage").mib_down(),
        pods: of("pods").units_down(),
        extended: extended.map(|(name, amount)| (name.clone(), amount.units_down())).collect(),
    }
}

fn to_resources(list: &ResourceList, pods: u64) -> Resources {
    let of = |name: &str| list.get(name).copied().unwrap_or_default();
    let extended = list.iter().filter(|(name, amount)| is_extended(name) && amount.units_up() > 0);
    Resources {
        cpu_milli: of("cpu").milli_up(),
        memory_mib: of("memory").mib_up(),
        ephemeral_mib: of("ephemeral-storage").mib_up(),
        pods,
        extended: extended.map(|(name, amount)| (name.clone(), amount.units_up())).collect(),
    }
}

/// Extended resources have a domain of their own; huge pages are counted alike.
fn is_extended(name: &str) -> bool {
    name.starts_with("hugepages-")
        || name.split_once('/').is_some_and(|(domain, _)| domain != "kubernetes.io")
}

/// A container's requests, or what it still holds while a resize in place is under way.
fn of_container(container: &Container, statuses: &[ContainerStatus]) -> ResourceList {
    let mut asked = with_defaults(&container.resources);
    if let Some(status) = statuses.iter().find(|status| status.name == container.name) {
        raise(&mut asked, &status.resources.requests);
        raise(&mut asked, &status.allocated_resources);
    }
    asked
}

/// The API server makes a limit the request where there is none.
fn with_defaults(resources: &ResourceRequirements) -> ResourceList {
    let mut requests = resources.limits.clone();
    requests.extend(resources.requests.iter().map(|(name, amount)| (name.clone(), *amount)));
    requests
}

fn add(sum: &mut ResourceList, list: &ResourceList) {
    for (name, amount) in list {
        *sum.entry(name.clone()).or_default() += *amount;
    }
}

fn raise(most: &mut ResourceList, list: &ResourceList) {
    for (name, amount) in list {
        let entry = most.entry(name.clone()).or_default();
        *entry = (*entry).max(*amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn counted(name: &str, spec: Value) -> String {
        let pod: Pod = serde_json::from_value(json!({ "spec": spec })).unwrap();
        let sum = requests(&pod);
        let extended: Vec<String> =
            sum.extended.iter().map(|(name, amount)| format!(" {name}={amount}")).collect();
        format!(
            "{name:<34} {:>5}m {:>5}Mi {:>4}Mi{}\n",
            sum.cpu_milli,
            sum.memory_mib,
            sum.ephemeral_mib,
            extended.concat()
        )
    }

    fn container(cpu: &str, memory: &str) -> Value {
        json!({ "name": cpu, "resources": { "requests": { "cpu": cpu, "memory": memory } } })
    }

    fn sidecar(cpu: &str, memory: &str) -> Value {
        let mut container = container(cpu, memory);
        container["restartPolicy"] = json!("Always");
        container
    }

    #[test]
    fn pods_count_as_the_scheduler_counts_them() {
        let app = container("500m", "1Gi");
        let rows = [
            counted("one container", json!({ "containers": [app] })),
            counted(
                "two containers add up",
                json!({ "containers": [app, container("1", "512Mi")] }),
            ),
            counted(
                "a large init container wins",
                json!({ "containers": [app], "initContainers": [container("2", "256Mi")] }),
            ),
            counted(
                "init containers run one by one",
                json!({ "containers": [app], "initContainers": [container("400m", "1Mi"), container("300m", "1Mi")] }),
            ),
            counted(
                "a sidecar stays beside the app",
                json!({ "containers": [app], "initContainers": [sidecar("200m", "128Mi")] }),
            ),
            counted(
                "an init container after a sidecar",
                json!({ "containers": [app], "initContainers": [sidecar("200m", "128Mi"), container("600m", "2Gi")] }),
            ),
            counted(
                "an init container before a sidecar",
                json!({ "containers": [app], "initContainers": [container("600m", "2Gi"), sidecar("200m", "128Mi")] }),
            ),
            counted(
                "overhead comes on top",
                json!({ "containers": [app], "overhead": { "cpu": "250m", "memory": "120Mi" } }),
            ),
            counted(
                "pod-level resources replace the sum",
                json!({ "containers": [app], "resources": { "requests": { "cpu": "3" } }, "overhead": { "cpu": "100m" } }),
            ),
            counted(
                "a limit alone is the request",
                json!({ "containers": [{ "name": "a", "resources": { "limits": { "cpu": "1", "memory": "1Gi" } } }] }),
            ),
            counted(
                "extended resources",
                json!({ "containers": [{ "name": "a", "resources": { "requests": {
                    "nvidia.com/gpu": "2", "hugepages-2Mi": "4Mi", "ephemeral-storage": "1G" } } }] }),
            ),
            counted(
                "rounding up happens once",
                json!({ "containers": [container("0.3m", "1"), container("0.3m", "1")] }),
            ),
            counted("nothing asked", json!({ "containers": [{ "name": "a" }] })),
        ];
        expect_test::expect![[r"
            one container                        500m  1024Mi    0Mi
            two containers add up               1500m  1536Mi    0Mi
            a large init container wins         2000m  1024Mi    0Mi
            init containers run one by one       500m  1024Mi    0Mi
            a sidecar stays beside the app       700m  1152Mi    0Mi
            an init container after a sidecar    800m  2176Mi    0Mi
            an init container before a sidecar   700m  2048Mi    0Mi
            overhead comes on top                750m  1144Mi    0Mi
            pod-level resources replace the sum  3100m  1024Mi    0Mi
            a limit alone is the request        1000m  1024Mi    0Mi
            extended resources                     0m     0Mi  954Mi hugepages-2Mi=4194304 nvidia.com/gpu=2
            rounding up happens once               1m     1Mi    0Mi
            nothing asked                          0m     0Mi    0Mi
        "]].assert_eq(&rows.concat());
    }
}
