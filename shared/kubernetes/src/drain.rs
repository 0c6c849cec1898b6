//! Draining a node: evict what may be evicted, until a fresh list shows nothing left.
//!
//! In rounds: list, decide ([`select`]), ask for evictions, wait. Nothing is remembered that a new
//! list would not tell, so that a drain broken off anywhere is just done again.

mod select;

use crate::cluster::{Cluster, ClusterError};
use crate::cordon::is_cordoned;
use crate::eviction::{BUDGET_SECONDS, Verdict};
use crate::object::Kind;
use crate::snapshot::{Objects, from_objects};
use domain::action::{NodeIdentity, Outcome};
use domain::snapshot::Pod;
use jiff::{SignedDuration, Timestamp};
use select::{Refusal, Step};
use std::collections::{BTreeMap, BTreeSet};

/// How a node is to be drained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrainOptions {
    /// Which node. It must be cordoned.
    pub node: NodeIdentity,
    /// When to give up.
    pub deadline: Timestamp,
    /// Evict pods without a controller, which will not come back.
    pub evict_bare_pods: bool,
    /// Evict pods whose `emptyDir` or `hostPath` is lost.
    pub evict_local_storage: bool,
    /// The pod this runs in, which goes last.
    pub own_pod: Option<PodName>,
}

/// A pod by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Seconds between two looks at a node.
const ROUND_SECONDS: i64 = 2;

/// Rounds in a row that may fail before the drain does.
const MOST_FAILURES: u32 = 5;

/// Why a round did not go well.
enum Stop {
    /// It must not go on.
    Refused(Refusal),
    /// It may go better the next time.
    Unclear(String),
}

impl From<ClusterError> for Stop {
    fn from(error: ClusterError) -> Self {
        let message = error.to_string();
        match error.code() {
            Some(403) => Self::Refused(Refusal { code: "forbidden", message }),
            _ => Self::Unclear(message),
        }
    }
}

/// What a drain knows beyond the list.
#[derive(Default)]
struct Progress {
    evicted: u32,
    failures: u32,
    /// By UID: not to be asked for again before.
    not_before: BTreeMap<String, Timestamp>,
    /// By UID: which budget stood in the way last.
    blocked: BTreeMap<String, String>,
}

impl Cluster {
    /// Drains a node and verifies by a fresh list that nothing evictable is left.
    ///
    /// Before the first eviction it refuses what it could not finish: a node that is not cordoned
    /// or no longer that instance, pods that ask not to be disrupted or for which consent is
    /// missing, budgets that never allow, two budgets on one pod.
    pub async fn drain(&self, options: &DrainOptions) -> Outcome {
        let mut progress = Progress::default();
        let refused = |refusal: Refusal, evicted| Outcome::Refused {
            code: refusal.code.to_owned(),
            message: refusal.message,
            evicted,
        };
        match self.look_first(options).await {
            Ok(None) => {}
            Ok(Some(outcome)) => return outcome,
            Err(error) => return failed(error),
        }
        loop {
            match self.round(options, &mut progress).await {
                Ok(true) => return self.still_ours(options, progress.evicted).await,
                Ok(false) => progress.failures = 0,
                Err(Stop::Refused(refusal)) => return refused(refusal, progress.evicted),
                Err(Stop::Unclear(message)) => {
                    tracing::warn!(node = options.node.name, message, "a drain goes on unclear");
                    progress.failures += 1;
                    if progress.failures > MOST_FAILURES {
                        return Outcome::Failed { message };
                    }
                }
            }
            if self.now() >= options.deadline {
                return refused(out_of_time(&progress), progress.evicted);
            }
            self.clock.sleep(SignedDuration::from_secs(ROUND_SECONDS)).await;
        }
    }

    /// One look and what follows from it. Whether nothing evictable is left.
    async fn round(&self, options: &DrainOptions, progress: &mut Progress) -> Result<bool, Stop> {
        let pods = self.pods_on(&options.node.name).await?;
        match select::next(&pods, options).map_err(Stop::Refused)? {
            Step::Done => Ok(true),
            Step::Wait => Ok(false),
            Step::Evict(mut pods) => {
                let now = self.now();
                pods.retain(|pod| progress.not_before.get(&pod.uid).is_none_or(|at| *at <= now));
                let _turn = self.turn.lock().await;
                let pods = self.in_turn(pods, progress).await?;
                self.evict_due(pods, progress).await.map(|()| false)
            }
        }
    }

    /// Leaves out pods of `StatefulSets` that have to wait for others of theirs.
    async fn in_turn(&self, pods: Vec<Pod>, progress: &mut Progress) -> Result<Vec<Pod>, Stop> {
        let owned = |pod: &&Pod| pod.owner.as_ref().is_some_and(|by| by.kind == "StatefulSet");
        let namespaces: BTreeSet<String> =
            pods.iter().filter(owned).map(|pod| pod.namespace.clone()).collect();
        if namespaces.is_empty() {
            return Ok(pods);
        }
        let mut objects = Objects::default();
        for name in namespaces {
            for (kind, group, plural) in [
                (Kind::Pod, "api/v1", "pods"),
                (Kind::StatefulSet, "apis/apps/v1", "statefulsets"),
                (Kind::PodDisruptionBudget, "apis/policy/v1", "poddisruptionbudgets"),
            ] {
                let path = format!("/{group}/namespaces/{name}/{plural}");
                self.list(kind, &path, "", &mut objects).await?;
            }
        }
        let (due, wait) = select::in_turn(pods, &from_objects(objects, self.now()));
        for pod in wait {
            let at = self.now() + SignedDuration::from_secs(BUDGET_SECONDS);
            progress.not_before.insert(pod.uid.clone(), at);
            let message = format!(
                "{} may not be evicted: another pod of its StatefulSet is not up, and no budget allows a second.",
                pod.subject()
            );
            progress.blocked.insert(pod.uid, message);
        }
        Ok(due)
    }

    /// What can be known before the first eviction.
    async fn look_first(&self, options: &DrainOptions) -> Result<Option<Outcome>, ClusterError> {
        let node = match self.read_node(&options.node).await {
            Ok(node) => node,
            Err(refusal) => return Ok(Some(refusal.into_outcome(&options.node))),
        };
        let name = &options.node.name;
        if !is_cordoned(&node) {
            let message = format!("Node {name} is not cordoned.");
            let code = "not_cordoned".to_owned();
            return Ok(Some(Outcome::Refused { code, message, evicted: 0 }));
        }
        let mut objects = Objects::default();
        let budgets = "/apis/policy/v1/poddisruptionbudgets";
        self.list(Kind::PodDisruptionBudget, budgets, "", &mut objects).await?;
        self.list_pods_on(name, &mut objects).await?;
        let snapshot = from_objects(objects, self.now());
        Ok(select::never(&snapshot).map(|refusal| Outcome::Refused {
            code: refusal.code.to_owned(),
            message: refusal.message,
            evicted: 0,
        }))
    }

    /// The node was emptied; it must still be the one that was meant and closed to new pods.
    async fn still_ours(&self, options: &DrainOptions, evicted: u32) -> Outcome {
        match self.read_node(&options.node).await {
            Ok(node) if is_cordoned(&node) => Outcome::Done { evicted },
            Ok(_) => {
                let message = format!("Node {} was uncordoned meanwhile.", options.node.name);
                Outcome::Refused { code: "not_cordoned".to_owned(), message, evicted }
            }
            Err(refusal) => refusal.into_outcome(&options.node),
        }
    }

    async fn pods_on(&self, node: &str) -> Result<Vec<Pod>, ClusterError> {
        let mut objects = Objects::default();
        self.list_pods_on(node, &mut objects).await?;
        if let Some(finding) = objects.findings.first() {
            // A pod that can not be read might be one that must be waited for.
            let message = finding.message.clone();
            return Err(ClusterError::Unreadable { path: "/api/v1/pods".to_owned(), message });
        }
        Ok(from_objects(objects, self.now()).pods)
    }

    async fn list_pods_on(&self, node: &str, objects: &mut Objects) -> Result<(), ClusterError> {
        self.list(Kind::Pod, "/api/v1/pods", &format!("spec.nodeName={node}"), objects).await
    }

    /// Asks for the eviction of pods.
    async fn evict_due(&self, pods: Vec<Pod>, progress: &mut Progress) -> Result<(), Stop> {
        let mut unclear = None;
        for pod in pods {
            let now = self.now();
            let mut wait = |seconds: i64| {
                let at = now + SignedDuration::from_secs(seconds);
                progress.not_before.insert(pod.uid.clone(), at);
            };
            match self.evict(&pod).await {
                Verdict::Evicted => {
                    progress.evicted += 1;
                    progress.blocked.remove(&pod.uid);
                }
                Verdict::Gone => {}
                Verdict::Blocked { seconds, cause } => {
                    wait(seconds);
                    let message = format!("{} may not be evicted: {cause}.", pod.subject());
                    progress.blocked.insert(pod.uid.clone(), message);
                }
                Verdict::Throttled { seconds } => {
                    // The next pod would be throttled as well.
                    self.clock.sleep(SignedDuration::from_secs(seconds)).await;
                }
                Verdict::NamespaceTerminating => wait(ROUND_SECONDS),
                Verdict::SeveralBudgets => {
                    return Err(Stop::Refused(select::several_budgets(&pod, "")));
                }
                Verdict::Forbidden(message) => {
                    return Err(Stop::Refused(Refusal { code: "forbidden", message }));
                }
                Verdict::Unclear(message) => unclear = Some(message),
            }
        }
        unclear.map_or(Ok(()), |message| Err(Stop::Unclear(message)))
    }
}

fn out_of_time(progress: &Progress) -> Refusal {
    match progress.blocked.values().next() {
        Some(message) => Refusal { code: "blocked_by_budget", message: message.clone() },
        None => Refusal {
            code: "deadline",
            message: "Pods were still there when the time was up.".to_owned(),
        },
    }
}

fn failed(error: ClusterError) -> Outcome {
    if error.code() == Some(403) {
        let message = error.to_string();
        return Outcome::Refused { code: "forbidden".to_owned(), message, evicted: 0 };
    }
    Outcome::Failed { message: error.to_string() }
}
