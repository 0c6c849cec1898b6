//! The clusters' agents, as they would run in their pods: each with its own key, over HTTP.

use crate::error::CliError;
use agent::{Agent, ApiClient};
use kubernetes::{Clock, Cluster};
use secrecy::SecretString;
use simulator::World;
use std::collections::BTreeMap;

/// Starts an agent beside each cluster, on the world's clock.
pub(super) fn start(
    keys: &BTreeMap<String, String>,
    url: &str,
    world: &World,
    speed: u32,
) -> Result<(), CliError> {
    for (cluster, key) in keys {
        let now = world.clock().clone();
        let clock = Clock::running(move || now.now(), speed);
        let cluster = Cluster::new(world.kube_client(cluster), clock.clone());
        let api = ApiClient::new(url, SecretString::from(key.clone())).map_err(super::failed)?;
        let agent = Agent::new(cluster, api, None);
        tokio::spawn(agent::run(agent, clock, std::future::pending()));
    }
    Ok(())
}
