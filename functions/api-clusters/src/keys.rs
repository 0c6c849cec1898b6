//! Agents' keys.

use crate::registration::revoked;
use crate::view;
use api::identity::AgentSecret;
use api::{App, Caller, Error, chance};
use domain::identity::{AgentKey, MAX_LIVE_KEYS};
use domain::{ClusterId, KeyId};

/// Makes a key for a cluster's agent.
pub(crate) async fn create(
    app: &App,
    caller: &Caller,
    id: ClusterId,
) -> Result<view::AgentKey, Error> {
    app.table().cluster(caller.tenant, id).await?;
    let keys = app.table().agent_keys(caller.tenant, id).await?;
    let live = keys.iter().filter(|key| key.value.revoked_at.is_none()).count();
    if live >= MAX_LIVE_KEYS {
        let detail = format!("{MAX_LIVE_KEYS} keys of this cluster are live: revoke one first");
        return Err(Error::conflict("too-many-keys", detail));
    }
    let now = app.clock.now();
    let secret = AgentSecret::new(KeyId::new(chance::id()));
    let mut tx = caller.transaction("agent_key.create", secret.key, now);
    tx.create(&AgentKey {
        id: secret.key,
        org: caller.tenant.org(),
        cluster: id,
        secret_hash: secret.hash(),
        // No two keys of a cluster can have the same: of two made at once, one fails.
        generation: keys.last().map_or(1, |key| key.value.generation + 1),
        created_at: now,
        revoked_at: None,
    });
    app.table().commit(tx).await?;
    let install_command = format!(
        "kubectl apply -f infra/agent/manifests/agent.yaml && \
         kubectl create secret generic spot-optimizer-agent --namespace spot-optimizer \
         --from-literal=SPOT_OPTIMIZER_URL={} --from-literal=SPOT_OPTIMIZER_KEY={}",
        app.settings.public_url, secret.text
    );
    Ok(view::AgentKey { key: secret.text, key_id: secret.key.to_string(), install_command })
}

/// Revokes a key of a cluster. One that is revoked already stays so.
pub(crate) async fn revoke(
    app: &App,
    caller: &Caller,
    id: ClusterId,
    key: KeyId,
) -> Result<(), Error> {
    let keys = app.table().agent_keys(caller.tenant, id).await?;
    let stored = keys.into_iter().find(|stored| stored.value.id == key).ok_or(Error::NotFound)?;
    let now = app.clock.now();
    if let Some(revoked) = revoked(&stored.value, now) {
        let mut tx = caller.transaction("agent_key.revoke", key, now);
        tx.update(&stored, revoked);
        app.table().commit(tx).await?;
    }
    Ok(())
}
