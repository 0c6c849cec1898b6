//! Registering a cluster, changing it and letting it go.

use crate::settings::{self, Change};
use crate::view::NewCluster;
use api::{App, Caller, Error, IfMatch, chance};
use domain::ClusterId;
use domain::account::LinkState;
use domain::cluster::{Cluster, ClusterKind};
use domain::identity::AgentKey;
use domain::plan::PlanState;
use domain::policy::{NodeTemplate, Policy};
use jiff::Timestamp;
use storage::PageRequest;

/// How often a plan may come in between a read and a write.
const TRIES: u32 = 5;

/// Looks the cluster up in its account and registers it.
pub(crate) async fn register(
    app: &App,
    caller: &Caller,
    new: NewCluster,
) -> Result<Cluster, Error> {
    let account = app.table().account(caller.tenant, new.account_id).await;
    let account = account.map_err(|error| match error {
        storage::Error::NotFound { .. } | storage::Error::Foreign { .. } => {
            Error::invalid("/account_id", "there is no such account")
        }
        error => error.into(),
    })?;
    if account.value.state != LinkState::Linked {
        return Err(Error::conflict("not-linked", "verify the link of this account first"));
    }
    if !account.value.regions.contains(&new.region) {
        return Err(Error::invalid("/region", "this is none of the account's regions"));
    }
    let aws = app.ctx.cloud.assume(&runtime::role_link(&account.value, &new.region)).await?;
    let found = aws.cluster(&new.name).await.map_err(|error| match error {
        cloud::Error::NotFound { .. } => {
            Error::invalid("/name", "there is no EKS cluster of this name in this region")
        }
        error => error.into(),
    })?;
    // Karpenter does not show in AWS; the first snapshot tells.
    let kind = match found.auto_mode {
        true => ClusterKind::AutoMode,
        false if aws.node_groups(&new.name).await?.is_empty() => ClusterKind::Mixed,
        false => ClusterKind::ManagedNodeGroups,
    };
    let now = app.clock.now();
    let cluster = Cluster {
        id: ClusterId::new(chance::id()),
        account: new.account_id,
        name: found.name,
        region: new.region,
        kind,
        kubernetes_version: found.version,
        optimisation_enabled: true,
        policy: Policy::default(),
        template: NodeTemplate::default(),
        generation: 0,
        baseline: None,
        created_at: now,
    };
    let mut tx = caller.transaction("cluster.create", cluster.id, now);
    // Nobody can unlink the account meanwhile.
    tx.update(&account, account.value.clone());
    let created = tx.create(&cluster);
    app.table().commit(tx).await?;
    Ok(created.value)
}

/// Changes a cluster's settings, if they are still those that were read.
pub(crate) async fn change(
    app: &App,
    caller: &Caller,
    id: ClusterId,
    read: &IfMatch,
    change: &Change,
) -> Result<Cluster, Error> {
    let mut tries = 0;
    loop {
        let stored = app.table().cluster(caller.tenant, id).await?;
        read.check(settings::revision(&stored.value))?;
        let mut tx = caller.transaction("cluster.update", id, app.clock.now());
        let saved = tx.update(&stored, change.apply(&stored.value));
        match app.table().commit(tx).await {
            Ok(()) => return Ok(saved.value),
            // A plan came in between; the settings may be as they were.
            Err(storage::Error::Conflict { .. }) if tries < TRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Forgets a cluster with its agent's keys. What it saved stays in the ledger.
pub(crate) async fn remove(app: &App, caller: &Caller, id: ClusterId) -> Result<(), Error> {
    let now = app.clock.now();
    let stored = app.table().cluster(caller.tenant, id).await?;
    let newest = PageRequest::new(20, None);
    let plans = app.table().optimizations_of(caller.tenant, id, &newest).await?;
    let busy = |state| matches!(state, PlanState::Approved | PlanState::Applying);
    if plans.items.iter().any(|plan| busy(plan.value.state)) {
        let detail = "a plan of this cluster is being carried out: cancel it first";
        return Err(Error::conflict("cluster-busy", detail));
    }
    let mut tx = caller.transaction("cluster.delete", id, now);
    tx.delete(&stored);
    for key in app.table().agent_keys(caller.tenant, id).await? {
        if let Some(revoked) = revoked(&key.value, now) {
            tx.update(&key, revoked);
        }
    }
    Ok(app.table().commit(tx).await?)
}

/// The key, revoked; `None` where it is already.
pub(crate) fn revoked(key: &AgentKey, now: Timestamp) -> Option<AgentKey> {
    key.revoked_at.is_none().then(|| AgentKey { revoked_at: Some(now), ..key.clone() })
}
