#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

//! The embedded database under `kill -9`: what was acknowledged is there.

use domain::audit::verify_chain;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use storage::{Objects, PageRequest, Table, Transaction, create_table};
use testing::values::{account, entry, tenant};

struct Database {
    process: Child,
    endpoint: String,
}

impl Database {
    fn open(file: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_embedded-table"));
        let mut process = command.arg(file).stdout(Stdio::piped()).spawn().unwrap();
        let mut endpoint = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut endpoint).unwrap();
        Self { process, endpoint: endpoint.trim().to_owned() }
    }

    async fn table(&self) -> Table {
        let client = testing::client(&self.endpoint).await;
        create_table(&client, "table").await.unwrap();
        Table::new(client, "table", Objects::memory(), &[7; 32])
    }

    /// `kill -9`, in the middle of whatever it is doing.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "a folder of its own")]
async fn no_acknowledged_write_is_lost_and_no_transaction_is_half_done() {
    let folder = std::env::temp_dir().join(format!("survival-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("table.db");
    let tenant = tenant(1);
    let acknowledged: Arc<Mutex<Vec<u128>>> = Arc::default();

    for round in 0..3_u128 {
        let database = Database::open(&file);
        let table = database.table().await;
        let (enough, mut reached) = tokio::sync::mpsc::channel(1);
        let writer = tokio::spawn({
            let acknowledged = acknowledged.clone();
            async move {
                for n in 0.. {
                    let account = account(round * 1_000_000 + n);
                    let mut tx = Transaction::new(tenant, entry("account.create", account.id));
                    tx.create(&account);
                    // The answer that the kill cuts off ends the writing.
                    if table.commit(tx).await.is_err() {
                        return;
                    }
                    acknowledged.lock().unwrap().push(round * 1_000_000 + n);
                    if n == 40 {
                        enough.send(()).await.unwrap();
                    }
                }
            }
        });
        reached.recv().await.unwrap();
        database.kill();
        writer.await.unwrap();
    }

    let database = Database::open(&file);
    let table = database.table().await;
    let acknowledged = acknowledged.lock().unwrap().clone();
    assert!(acknowledged.len() > 120, "{} writes", acknowledged.len());
    for n in &acknowledged {
        table.account(tenant, account(*n).id).await.unwrap();
    }
    let (mut rows, mut accounts, mut cursors) = (Vec::new(), 0, (None, None));
    loop {
        let page = table.audit_chain(tenant, &PageRequest::new(200, cursors.0)).await.unwrap();
        rows.extend(page.items);
        cursors.0 = page.next;
        if cursors.0.is_none() {
            break;
        }
    }
    loop {
        let page = table.accounts(tenant, &PageRequest::new(200, cursors.1)).await.unwrap();
        accounts += page.items.len();
        cursors.1 = page.next;
        if cursors.1.is_none() {
            break;
        }
    }
    verify_chain(&rows).unwrap();
    assert_eq!(rows.len(), accounts, "each account came with its audit row");
    // At most one write per round was done and not acknowledged.
    assert!((acknowledged.len()..=acknowledged.len() + 3).contains(&accounts), "{accounts}");
    database.kill();
    std::fs::remove_dir_all(folder).unwrap();
}
