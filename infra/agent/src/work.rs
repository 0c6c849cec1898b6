//! Leased actions under way.

use crate::api_client::ApiClient;
use domain::action::{ActionResult, LeasedAction, Outcome, Task};
use domain::ids::ActionId;
use jiff::SignedDuration;
use kubernetes::{Cluster, DrainOptions, PodName};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often a result is sent before it is given up; its lease then runs out and the action,
/// being idempotent, is done again.
const RESULT_TRIES: u32 = 5;

/// Longest message the API takes, in characters.
const LONGEST_MESSAGE: usize = 2000;

/// The newest lease of each action that is being carried out.
type Fences = Arc<Mutex<BTreeMap<ActionId, u64>>>;

pub(crate) struct Work {
    worker: Worker,
    fences: Fences,
    tasks: JoinSet<()>,
}

impl Work {
    pub(crate) fn new(cluster: Cluster, api: ApiClient, own_pod: Option<PodName>) -> Self {
        let worker = Worker { cluster, api, own_pod };
        Self { worker, fences: Fences::default(), tasks: JoinSet::new() }
    }

    /// How many actions are being carried out.
    pub(crate) fn running(&self) -> usize {
        lock(&self.fences).len()
    }

    /// Begins an action. One that is under way already, its lease having run out meanwhile, goes
    /// on under the new lease.
    pub(crate) fn start(&mut self, action: LeasedAction) {
        let LeasedAction { id, fence, task, .. } = action;
        if lock(&self.fences).insert(id, fence).is_some() {
            return;
        }
        tracing::info!(action = %id, kind = task.kind(), "an action begins");
        let (worker, fences) = (self.worker.clone(), Arc::clone(&self.fences));
        self.tasks.spawn(async move {
            let _entry = Entry { id, fences: Arc::clone(&fences) };
            let outcome = worker.carry_out(task).await;
            tracing::info!(action = %id, ?outcome, "an action ends");
            worker.report(id, &fences, shortened(outcome)).await;
        });
    }

    /// Lets go of what has ended.
    pub(crate) fn forget_finished(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Err(error) = ended {
                // Its lease runs out and it is leased again.
                tracing::error!(%error, "an action broke off");
            }
        }
    }

    /// Waits for all, at most so long.
    pub(crate) async fn finish(&mut self, patience: Duration) {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("actions under way are left to the next lease");
            self.tasks.shutdown().await;
        }
    }
}

/// An action's place among the fences, given up however its task ends.
struct Entry {
    id: ActionId,
    fences: Fences,
}

impl Drop for Entry {
    fn drop(&mut self) {
        lock(&self.fences).remove(&self.id);
    }
}

#[derive(Clone)]
struct Worker {
    cluster: Cluster,
    api: ApiClient,
    own_pod: Option<PodName>,
}

impl Worker {
    async fn carry_out(&self, task: Task) -> Outcome {
        match task {
            Task::Cordon { nodes } => self.cluster.cordon(&nodes).await,
            Task::Uncordon { nodes } => self.cluster.uncordon(&nodes).await,
            Task::Drain { node, deadline, evict_bare_pods, evict_local_storage } => {
                let own_pod = self.own_pod.clone();
                let options =
                    DrainOptions { node, deadline, evict_bare_pods, evict_local_storage, own_pod };
                self.cluster.drain(&options).await
            }
        }
    }

    /// Sends a result under the newest lease there is at that moment.
    async fn report(&self, id: ActionId, fences: &Fences, outcome: Outcome) {
        for attempt in 0..RESULT_TRIES {
            let Some(fence) = lock(fences).get(&id).copied() else { return };
            let result = ActionResult { fence, outcome: outcome.clone() };
            match self.api.settle(id, &result).await {
                Ok(()) => return,
                Err(error) if error.is_passing() => {
                    tracing::warn!(action = %id, %error, "a result was not taken yet");
                    self.cluster.pause(SignedDuration::from_secs(1 << attempt)).await;
                }
                Err(error) => {
                    tracing::warn!(action = %id, %error, "a result was refused");
                    return;
                }
            }
        }
    }
}

fn shortened(outcome: Outcome) -> Outcome {
    let short = |message: String| message.chars().take(LONGEST_MESSAGE).collect();
    match outcome {
        Outcome::Done { evicted } => Outcome::Done { evicted },
        Outcome::Refused { code, message, evicted } => {
            Outcome::Refused { code, message: short(message), evicted }
        }
        Outcome::Failed { message } => Outcome::Failed { message: short(message) },
    }
}

fn lock(fences: &Fences) -> MutexGuard<'_, BTreeMap<ActionId, u64>> {
    fences.lock().unwrap_or_else(PoisonError::into_inner)
}
