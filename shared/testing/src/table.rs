//! A table of its own for each test.

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use dynoxide::Database;
use std::ops::Deref;
use storage::{Objects, Table, create_table};
use tokio::net::TcpListener;

/// Where Amazon's `DynamoDB` Local listens, such as `http://127.0.0.1:8000`, when tests are to run
/// on that rather than on the embedded database.
const DYNAMODB_LOCAL_ENDPOINT: &str = "DYNAMODB_LOCAL_ENDPOINT";

/// The key of cursors in tests.
const CURSOR_KEY: [u8; 32] = [7; 32];

/// A table nobody else has, with an object store in memory. It is a [`Table`] by dereference.
#[derive(Debug, Clone)]
pub struct TestTable {
    table: Table,
    client: Client,
    name: String,
}

impl TestTable {
    /// Makes an empty table in memory, or on `DynamoDB` Local where [`DYNAMODB_LOCAL_ENDPOINT`] says
    /// where that is.
    #[expect(clippy::disallowed_methods, reason = "a table of its own, where the caller says")]
    pub async fn new() -> Self {
        let endpoint = match std::env::var(DYNAMODB_LOCAL_ENDPOINT) {
            Ok(endpoint) => endpoint,
            Err(_) => embedded().await,
        };
        let client = client(&endpoint).await;
        let name = format!("test-{}", uuid::Uuid::new_v4());
        create_table(&client, &name).await.unwrap();
        let table = Table::new(client.clone(), &name, Objects::memory(), &CURSOR_KEY);
        Self { table, client, name }
    }

    /// The same table, as another process that shares the cursor key and the objects has it.
    pub fn table(&self) -> Table {
        self.table.clone()
    }

    /// The same table through another client, such as one that loses answers.
    pub fn through(&self, client: Client) -> Table {
        Table::new(client, &self.name, self.table.objects().clone(), &CURSOR_KEY)
    }

    /// The client, to look at what is stored.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Deref for TestTable {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.table
    }
}

/// A table that cannot be reached: nothing listens there, and nothing is tried twice.
pub async fn unreachable() -> Table {
    let client = client("http://127.0.0.1:1").await;
    let config = client.config().to_builder().retry_config(RetryConfig::disabled()).build();
    Table::new(Client::from_conf(config), "unreachable", Objects::memory(), &CURSOR_KEY)
}

/// Starts an embedded database in memory and returns its endpoint. It ends with the test's runtime.
async fn embedded() -> String {
    let database = Database::memory().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    endpoint
}

/// A client of a database on this machine.
pub async fn client(endpoint: &str) -> Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "testing"))
        .endpoint_url(endpoint)
        .load()
        .await;
    Client::new(&config)
}
