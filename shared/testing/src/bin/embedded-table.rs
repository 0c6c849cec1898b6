//! Serves an embedded database from a file until it is killed: what `tests/survival.rs` kills.

use dynoxide::Database;
use std::error::Error;
use tokio::net::TcpListener;

/// Prints the endpoint on a line of its own and serves.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: embedded-table FILE")?;
    let database = Database::new(&file)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()).await?;
    Ok(())
}
