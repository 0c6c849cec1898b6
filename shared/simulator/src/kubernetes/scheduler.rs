//! The scheduler: filters and scores of kube-scheduler's default profile, as far as a
//! [`Pod`] can ask.

use super::resource::Resource;
use super::state::{ClusterState, key, whole};
use domain::offering::Resources;
use domain::snapshot::{Labels, Node, Pod, PodTerm, TaintEffect, TopologySpread, tolerated};
use serde_json::json;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A pod that holds a place.
struct Placed {
    node: usize,
    namespace: String,
    labels: Labels,
    prototype: Arc<Pod>,
    terminating: bool,
}

/// The cluster while pods are being placed.
struct Board {
    nodes: Vec<Arc<Node>>,
    used: Vec<Resources>,
    placed: Vec<Placed>,
}

/// A pod that waits.
struct Waiting {
    namespace: String,
    labels: Labels,
    prototype: Arc<Pod>,
    /// Zones its volumes are in.
    zones: BTreeSet<String>,
    claims: Vec<String>,
}

impl ClusterState {
    /// Places pending pods, the most important and oldest first; what fits nowhere keeps waiting.
    pub(super) fn schedule(&mut self) {
        let mut pending: Vec<_> = self
            .pods
            .values()
            .filter(|pod| pod.node.is_none() && pod.deletion.is_none())
            .map(|pod| (pod.created_at, pod.key()))
            .collect();
        if pending.is_empty() {
            return;
        }
        let priority = |state: &mut Self, key: &str| state.prototype(key).map(|pod| pod.priority);
        pending.sort_by_cached_key(|(created, key)| {
            (Reverse(priority(self, key)), *created, key.clone())
        });
        let mut board = self.board();
        for (_, key) in pending {
            let Some(waiting) = self.waiting(&key) else { continue };
            match board.place(&waiting) {
                Ok(node) => {
                    board.take(&waiting, node);
                    let node = Arc::clone(&board.nodes[node]);
                    self.bind_volumes(&waiting, &node);
                    self.bind(&key, &node.name);
                }
                Err(message) => {
                    let Some(pod) = self.pods.get_mut(&key) else { continue };
                    if pod.unschedulable.as_ref() != Some(&message) {
                        self.revision += 1;
                        pod.revision = self.revision;
                        pod.unschedulable = Some(message);
                    }
                }
            }
        }
    }

    fn board(&mut self) -> Board {
        let nodes = self.parsed_nodes();
        let index: BTreeMap<String, usize> =
            nodes.iter().enumerate().map(|(index, node)| (node.name.clone(), index)).collect();
        let mut used = vec![Resources::default(); nodes.len()];
        let mut placed = Vec::new();
        let keys: Vec<String> = self.pods.keys().cloned().collect();
        for key in keys {
            let Some(prototype) = self.prototype(&key) else { continue };
            let pod = &self.pods[&key];
            let Some(node) = pod.node.as_ref().and_then(|name| index.get(name)) else { continue };
            used[*node].add(&prototype.requests);
            placed.push(Placed {
                node: *node,
                namespace: pod.namespace.clone(),
                labels: self.labels_of(pod),
                prototype,
                terminating: pod.deletion.is_some(),
            });
        }
        Board { nodes, used, placed }
    }

    fn waiting(&mut self, key: &str) -> Option<Waiting> {
        let prototype = self.prototype(key)?;
        let pod = self.pods.get(key)?;
        let template = self.templates.get(&pod.template)?;
        let of_set = pod.claims.iter().map(|(_, claim)| claim.clone());
        let claims: Vec<String> = template
            .claims()
            .into_iter()
            .chain(of_set)
            .map(|claim| format!("{}/{claim}", pod.namespace))
            .collect();
        let zones =
            claims.iter().filter_map(|claim| self.volume_zones.get(claim).cloned()).collect();
        let namespace = pod.namespace.clone();
        Some(Waiting { labels: self.labels_of(pod), namespace, prototype, zones, claims })
    }

    /// Volumes are made where their first pod goes, and stay there.
    fn bind_volumes(&mut self, waiting: &Waiting, node: &Node) {
        let Some(zone) = &node.zone else { return };
        for claim in &waiting.claims {
            if self.volume_zones.contains_key(claim) {
                continue;
            }
            self.volume_zones.insert(claim.clone(), zone.clone());
            let (namespace, name) = claim.split_once('/').unwrap_or(("", claim));
            let volume = format!("pvc-{}", self.new_uid(claim));
            let at = whole(self.now);
            let term = json!({ "matchExpressions": [{ "key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone] }] });
            let volumes = [
                (
                    Resource::PersistentVolumes,
                    "",
                    volume.as_str(),
                    json!({
                    "claimRef": { "namespace": namespace, "name": name },
                    "nodeAffinity": { "required": { "nodeSelectorTerms": [term] } } }),
                ),
                (
                    Resource::PersistentVolumeClaims,
                    namespace,
                    name,
                    json!({ "volumeName": volume }),
                ),
            ];
            for (resource, namespace, name, spec) in volumes {
                let key = key(resource, namespace, name);
                let uid = self.new_uid(&key);
                let mut object = json!({
                    "metadata": { "name": name, "uid": uid, "creationTimestamp": at },
                    "spec": spec, "status": { "phase": "Bound" } });
                if !namespace.is_empty() {
                    object["metadata"]["namespace"] = json!(namespace);
                }
                resource.default_fields(&mut object);
                self.store(key, object);
            }
        }
    }
}

/// Whether a pod may run on a node, whatever else runs there; else why not, in the scheduler's words.
pub(super) fn may_run_on(pod: &Pod, node: &Node) -> Result<(), &'static str> {
    if !tolerated(&pod.tolerations, &node.taints) {
        return Err("node(s) had untolerated taint(s)");
    }
    if is_selected(pod, node) {
        Ok(())
    } else {
        Err("node(s) didn't match Pod's node affinity/selector")
    }
}

fn is_selected(pod: &Pod, node: &Node) -> bool {
    pod.selects(node) && !pod.unsupported.iter().any(|demand| demand.starts_with("node affinity"))
}

impl Board {
    /// The best node for a pod, or the scheduler's message that there is none.
    fn place(&self, pod: &Waiting) -> Result<usize, String> {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        let mut best: Option<(i64, usize)> = None;
        for index in 0..self.nodes.len() {
            match self.filter(pod, index) {
                Ok(()) => {
                    let score = self.score(pod, index);
                    if best.is_none_or(|(most, _)| score > most) {
                        best = Some((score, index));
                    }
                }
                Err(reason) => *reasons.entry(reason).or_default() += 1,
            }
        }
        best.map(|(_, index)| index).ok_or_else(|| {
            let reasons: Vec<String> =
                reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
            format!("0/{} nodes are available: {}.", self.nodes.len(), reasons.join(", "))
        })
    }

    fn take(&mut self, pod: &Waiting, node: usize) {
        self.used[node].add(&pod.prototype.requests);
        self.placed.push(Placed {
            node,
            namespace: pod.namespace.clone(),
            labels: pod.labels.clone(),
            prototype: Arc::clone(&pod.prototype),
            terminating: false,
        });
    }

    fn filter(&self, pod: &Waiting, index: usize) -> Result<(), &'static str> {
        let node = &self.nodes[index];
        may_run_on(&pod.prototype, node)?;
        let free = node.allocatable.saturating_sub(&self.used[index]);
        let asked = &pod.prototype.requests;
        if !free.covers(asked) {
            return Err(if free.cpu_milli < asked.cpu_milli {
                "Insufficient cpu"
            } else if free.memory_mib < asked.memory_mib {
                "Insufficient memory"
            } else if free.pods < asked.pods {
                "Too many pods"
            } else {
                "Insufficient resources"
            });
        }
        let in_zone = |zone: &String| node.zone.as_ref() == Some(zone);
        if !pod.zones.iter().all(in_zone) {
            return Err("node(s) had volume node affinity conflict");
        }
        let ports = &pod.prototype.host_ports;
        let taken = |other: &&Placed| {
            other.node == index
                && other.prototype.host_ports.iter().any(|port| ports.contains(port))
        };
        if !ports.is_empty() && self.placed.iter().any(|other| taken(&other)) {
            return Err("node(s) didn't have free ports for the requested pod ports");
        }
        self.filter_by_pods(pod, node)?;
        let spread = pod.prototype.topology_spread.iter().filter(|constraint| constraint.required);
        for constraint in spread {
            if !self.keeps_skew(pod, node, constraint) {
                return Err("node(s) didn't match pod topology spread constraints");
            }
        }
        Ok(())
    }

    /// Required affinity and anti-affinity, the pods' that are there included.
    fn filter_by_pods(&self, pod: &Waiting, node: &Node) -> Result<(), &'static str> {
        let shares = |key: &str, other: &Placed| {
            let here = node.labels.get(key);
            here.is_some() && self.nodes[other.node].labels.get(key) == here
        };
        let refused = pod.prototype.anti_affinity.iter().any(|term| {
            let hits = |other: &Placed| {
                means(term, &other.namespace, &other.labels) && shares(&term.topology_key, other)
            };
            self.placed.iter().any(hits)
        });
        if refused {
            return Err("node(s) didn't match pod anti-affinity rules");
        }
        let refused = self.placed.iter().any(|other| {
            other.prototype.anti_affinity.iter().any(|term| {
                means(term, &pod.namespace, &pod.labels) && shares(&term.topology_key, other)
            })
        });
        if refused {
            return Err("node(s) didn't satisfy existing pods anti-affinity rules");
        }
        for term in &pod.prototype.affinity {
            let meant = |other: &&Placed| means(term, &other.namespace, &other.labels);
            let near = |other: &Placed| shares(&term.topology_key, other);
            let mut others = self.placed.iter().filter(meant).peekable();
            // The first of a group that wants to be together may go anywhere.
            let is_first = others.peek().is_none() && means(term, &pod.namespace, &pod.labels);
            let possible = node.labels.contains_key(&term.topology_key);
            if !(possible && (is_first || others.any(near))) {
                return Err("node(s) didn't match pod affinity rules");
            }
        }
        Ok(())
    }

    fn keeps_skew(&self, pod: &Waiting, node: &Node, constraint: &TopologySpread) -> bool {
        let Some(here) = node.labels.get(&constraint.topology_key) else { return false };
        let counts = self.domains(pod, constraint);
        let enough = constraint.min_domains.is_none_or(|least| counts.len() >= least as usize);
        let least = if enough { counts.values().copied().min().unwrap_or(0) } else { 0 };
        let itself = u32::from(constraint.selector.matches(&pod.labels));
        counts.get(here.as_str()).copied().unwrap_or(0) + itself <= least + constraint.max_skew
    }

    /// Matching pods per domain, over the nodes the pod may be on by selector and affinity.
    fn domains(&self, pod: &Waiting, constraint: &TopologySpread) -> BTreeMap<&str, u32> {
        let domain = |node: &Node| -> bool {
            node.labels.contains_key(&constraint.topology_key) && is_selected(&pod.prototype, node)
        };
        let mut counts: BTreeMap<&str, u32> = self
            .nodes
            .iter()
            .filter(|node| domain(node))
            .filter_map(|node| node.labels.get(&constraint.topology_key))
            .map(|domain| (domain.as_str(), 0))
            .collect();
        for other in &self.placed {
            let counted = !other.terminating
                && other.namespace == pod.namespace
                && domain(&self.nodes[other.node])
                && constraint.selector.matches(&other.labels);
            if counted
                && let Some(name) = self.nodes[other.node].labels.get(&constraint.topology_key)
            {
                *counts.entry(name).or_default() += 1;
            }
        }
        counts
    }

    /// `LeastAllocated`, then what the pod would rather have and its siblings' distance.
    fn score(&self, pod: &Waiting, index: usize) -> i64 {
        let node = &self.nodes[index];
        let asked = &pod.prototype.requests;
        let share = |used: u64, asked: u64, all: u64| -> i64 {
            let left = all.saturating_sub(used + asked);
            i64::try_from((left * 100).checked_div(all).unwrap_or(0)).unwrap_or(0)
        };
        let (used, all) = (&self.used[index], &node.allocatable);
        let cpu = share(used.cpu_milli, asked.cpu_milli, all.cpu_milli);
        let memory = share(used.memory_mib, asked.memory_mib, all.memory_mib);
        let preferred: i64 = pod
            .prototype
            .preferred_node_affinity
            .iter()
            .filter(|(_, term)| term.matches(Some(&node.name), &node.labels))
            .map(|(weight, _)| i64::from(*weight))
            .sum();
        let disliked = node.taints.iter().filter(|taint| {
            taint.effect == TaintEffect::PreferNoSchedule
                && !pod.prototype.tolerations.iter().any(|toleration| toleration.tolerates(taint))
        });
        let siblings = |near: &dyn Fn(&Node) -> bool| -> i64 {
            let same = |other: &&Placed| {
                other.namespace == pod.namespace
                    && other.prototype.owner.is_some()
                    && other.prototype.owner == pod.prototype.owner
                    && near(&self.nodes[other.node])
            };
            i64::try_from(self.placed.iter().filter(same).count()).unwrap_or(0)
        };
        let on_node = siblings(&|other| other.name == node.name);
        let in_zone = siblings(&|other| other.zone == node.zone);
        let disliked = i64::try_from(disliked.count()).unwrap_or(0);
        i64::midpoint(cpu, memory) + 2 * preferred - 300 * disliked - 25 * on_node - 8 * in_zone
    }
}

fn means(term: &PodTerm, namespace: &str, labels: &Labels) -> bool {
    (term.namespaces.is_empty() || term.namespaces.iter().any(|name| name == namespace))
        && term.selector.matches(labels)
}
