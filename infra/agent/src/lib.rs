#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

//! The in-cluster agent: says that it is alive, uploads what the cluster looks like, leases actions
//! and carries them out. It decides nothing.
//!
//! [`Agent::tick`] is one turn, [`run`] turns until told to stop. `serve` runs the same code beside
//! its simulated clusters, on their clock.

mod api_client;
mod work;

pub use api_client::{ApiClient, ApiError};

use domain::action::{Heartbeat, HeartbeatAnswer};
use jiff::{SignedDuration, Timestamp};
use kubernetes::{Clock, Cluster, PodName};
use std::future::Future;
use work::Work;

/// Actions leased at once.
const LEASED_AT_ONCE: usize = 4;

/// Most actions that are carried out at once.
const MOST_ACTIONS: usize = 16;

/// Until something that failed is tried again.
const RETRY: SignedDuration = SignedDuration::from_secs(10);

/// Between two looks for actions while there are some.
const BUSY: SignedDuration = SignedDuration::from_secs(3);

/// An agent. One process has one.
pub struct Agent {
    cluster: Cluster,
    api: ApiClient,
    work: Work,
    seq: u64,
    nodes: u32,
    kubernetes_version: Option<String>,
    heartbeat_at: Timestamp,
    snapshot_at: Timestamp,
    snapshot_taken: Option<Timestamp>,
    pending_actions: u32,
}

impl Agent {
    /// An agent that has done nothing yet. `own_pod` is the pod it runs in, drained last.
    pub fn new(cluster: Cluster, api: ApiClient, own_pod: Option<PodName>) -> Self {
        let now = cluster.now();
        let work = Work::new(cluster.clone(), api.clone(), own_pod);
        Self {
            cluster,
            api,
            work,
            seq: u64::try_from(now.as_millisecond()).unwrap_or(0),
            nodes: 0,
            kubernetes_version: None,
            heartbeat_at: now,
            snapshot_at: now,
            snapshot_taken: None,
            pending_actions: 0,
        }
    }

    /// One turn: whatever of heartbeat, snapshot and lease is due. Long actions go on beside it.
    /// Failures are logged and tried again in a later turn. Returns when the next turn is due.
    pub async fn tick(&mut self) -> Timestamp {
        let now = self.cluster.now();
        if self.heartbeat_at <= now {
            self.heartbeat(now).await;
        }
        if self.snapshot_at <= now {
            self.snapshot(now).await;
        }
        self.work.forget_finished();
        let may_lease = self.pending_actions > 0 && self.work.running() < MOST_ACTIONS;
        if may_lease && let Err(error) = self.lease().await {
            tracing::warn!(%error, "no actions could be leased");
        }
        let next = self.heartbeat_at.min(self.snapshot_at);
        if self.pending_actions > 0 { next.min(now + BUSY) } else { next }
    }

    /// How many actions are being carried out.
    pub fn actions_under_way(&self) -> usize {
        self.work.running()
    }

    /// Waits for the actions under way, which `patience` may cut short: whoever leases them next
    /// does the rest.
    pub async fn finish(mut self, patience: std::time::Duration) {
        self.work.finish(patience).await;
    }

    async fn heartbeat(&mut self, now: Timestamp) {
        if self.kubernetes_version.is_none() {
            self.kubernetes_version = self.cluster.version().await.ok();
        }
        self.seq += 1;
        let beat = Heartbeat {
            seq: self.seq,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            kubernetes_version: self.kubernetes_version.clone(),
            nodes: self.nodes,
        };
        match self.api.heartbeat(&beat).await {
            Ok(answer) => self.plan_ahead(now, &answer),
            Err(error) => {
                tracing::warn!(%error, "the heartbeat was not taken");
                self.pending_actions = 0;
                self.heartbeat_at = now + RETRY;
            }
        }
    }

    fn plan_ahead(&mut self, now: Timestamp, answer: &HeartbeatAnswer) {
        let after = |seconds: u32| SignedDuration::from_secs(i64::from(seconds.max(1)));
        self.pending_actions = answer.pending_actions;
        self.heartbeat_at = now + after(answer.next_heartbeat_seconds);
        if let Some(taken) = self.snapshot_taken {
            self.snapshot_at = taken + after(answer.next_snapshot_seconds);
        }
    }

    async fn snapshot(&mut self, now: Timestamp) {
        self.snapshot_at = now + RETRY;
        let snapshot = match self.cluster.snapshot().await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::warn!(%error, "the cluster could not be listed");
                return;
            }
        };
        self.nodes = u32::try_from(snapshot.nodes.len()).unwrap_or(u32::MAX);
        match self.api.put_snapshot(&snapshot).await {
            Ok(()) => {
                self.snapshot_taken = Some(now);
                // The next heartbeat says when the next one is wanted; until then, not before it.
                self.snapshot_at = self.heartbeat_at.max(now + RETRY);
            }
            Err(error) => tracing::warn!(%error, "the snapshot was not taken"),
        }
    }

    async fn lease(&mut self) -> Result<(), ApiError> {
        // At least one, so that an action under way whose lease ran out is leased again.
        let room = LEASED_AT_ONCE.saturating_sub(self.work.running()).max(1);
        for action in self.api.lease(room).await? {
            self.work.start(action);
        }
        Ok(())
    }
}

/// Turns until `stop` is done, then lets the actions under way end.
pub async fn run(mut agent: Agent, clock: Clock, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    loop {
        // A turn is not broken off: an answer that was paid for is used.
        let next = agent.tick().await;
        let rest = next.duration_since(clock.now()).max(SignedDuration::from_millis(100));
        tokio::select! {
            () = &mut stop => break,
            () = clock.sleep(rest) => {}
        }
    }
    agent.finish(std::time::Duration::from_secs(10)).await;
}
