//! The embedded table: a DynamoDB-compatible server in this process, reached by the same client as
//! Amazon's.

use crate::error::CliError;
use aws_credential_types::Credentials;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;

/// How often items past their time to live are removed; DynamoDB promises a few days.
const SWEEP: Duration = Duration::from_mins(1);

/// Starts the server on a free loopback port and returns a client for it.
pub(super) async fn start(file: &Path) -> Result<aws_sdk_dynamodb::Client, CliError> {
    let failed = |error: &dyn std::fmt::Display| {
        CliError::Failed(format!("cannot open the table {}: {error}", file.display()))
    };
    let path = file.to_str().ok_or_else(|| failed(&"its path is not UTF-8"))?;
    let database = dynoxide::Database::new(path).map_err(|error| failed(&error))?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| failed(&error))?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    let swept = database.clone();
    tokio::spawn(dynoxide::server::serve_with_shutdown(
        listener,
        database,
        std::future::pending::<()>(),
    ));
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(SWEEP);
        loop {
            interval.tick().await;
            if let Err(error) = swept.sweep_ttl() {
                tracing::warn!(%error, "expired items could not be removed");
            }
        }
    });
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region("us-east-1")
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(Credentials::from_keys("embedded", "embedded", None))
        .load()
        .await;
    Ok(aws_sdk_dynamodb::Client::new(&config))
}
