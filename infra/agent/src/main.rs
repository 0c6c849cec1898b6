//! The agent's process: settings, logs, connections, signals.

use agent::{Agent, ApiClient};
use clap::Parser;
use kubernetes::{Clock, Cluster, PodName};
use secrecy::SecretString;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Spot Optimizer's agent: runs in a cluster, says what is there, and carries out what is leased.
#[derive(Parser)]
#[command(version)]
struct Settings {
    /// Where the API is, such as <https://spot.example.com>.
    #[arg(long, env = "SPOT_OPTIMIZER_URL")]
    url: String,
    /// The cluster's key, `spo_…`.
    #[arg(long, env = "SPOT_OPTIMIZER_KEY", hide_env_values = true)]
    key: SecretString,
    /// The agent's own pod, which it evicts last.
    #[arg(long, env = "POD_NAME", requires = "pod_namespace")]
    pod_name: Option<String>,
    /// Its namespace.
    #[arg(long, env = "POD_NAMESPACE")]
    pod_namespace: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let settings = Settings::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).init();
    match start(settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the agent can not start");
            ExitCode::FAILURE
        }
    }
}

async fn start(settings: Settings) -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::system();
    let cluster = Cluster::infer(clock.clone()).await?;
    let api = ApiClient::new(&settings.url, settings.key)?;
    let own_pod = settings.pod_name.zip(settings.pod_namespace);
    let own_pod = own_pod.map(|(name, namespace)| PodName { namespace, name });
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    agent::run(Agent::new(cluster, api, own_pod), clock, stop).await;
    Ok(())
}
