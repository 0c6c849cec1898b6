//! `spot-optimizer serve`: the whole product in one process.
//!
//! The same routers as on Lambda, the same job functions, the same clients: below them an embedded
//! table, a folder of objects and a simulated AWS account with simulated clusters.

mod agents;
mod data_folder;
mod database;
mod demo;
mod routers;
mod schedule;
mod web;

pub(crate) use routers::openapi;

use crate::error::CliError;
use api::identity::{PRODUCTION_COST, Pepper};
use api::{App, Clock, Settings};
use clap::Args;
use data_folder::{DataFolder, Secrets};
use jiff::Timestamp;
use runtime::Ctx;
use simulator::{World, WorldState};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use storage::{Objects, Table};
use tokio::net::TcpListener;

/// Name of the embedded table.
const TABLE: &str = "spot-optimizer";

/// Run the whole product on this machine, with a simulated AWS account
///
/// Everything is kept in one folder, and found again at the next start.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Folder to keep everything in; made where it is not there
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Folder of the built dashboard
    #[arg(long, default_value = "web/dist")]
    web: PathBuf,
    /// Port on 127.0.0.1
    #[arg(long, default_value_t = 4280)]
    port: u16,
    /// How many times as fast as real time the simulated world runs
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=600))]
    speed: u32,
    /// Seed of the simulated world, at its first start
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Moment from which the simulated world goes on, unless it is past that, such as 2026-03-02T09:00Z; now if not given
    #[arg(long)]
    begin: Option<Timestamp>,
}

/// Runs until it is told to stop.
pub(crate) fn run(options: &Options) -> Result<(), CliError> {
    // Every request in the terminal would bury the address; RUST_LOG=info shows them. That a condition of a
    // write did not hold is for the caller to say, not for the embedded table.
    runtime::logs::start_at("warn,dynoxide=error");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| CliError::Failed(format!("no async runtime: {error}")))?;
    runtime.block_on(serve(options))
}

async fn serve(options: &Options) -> Result<(), CliError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let hint = "is it running already? Choose another with --port";
        CliError::Failed(format!("cannot listen on {address}: {error}; {hint}"))
    })?;
    let address = listener.local_addr().map_err(failed)?;
    let data = DataFolder::open(&options.data)?;
    let secrets = data.secrets()?;
    let world = open_world(&data, options)?;
    let ctx = open_ctx(&data, &secrets, &world).await?;
    let url = format!("http://{address}");
    let app = open_app(&ctx, &secrets, &world, &url)?;
    let router = api::router(routers::routes(), app);

    let serving = router.clone().fallback_service(web::routes(&options.web));
    let server = axum::serve(listener, serving).with_graceful_shutdown(stopped());
    let server = tokio::spawn(server.into_future());
    let demo = demo::set_up(&data, &router, &ctx, &world, &secrets.demo_password).await?;
    agents::start(&demo.agents, &url, &world, options.speed)?;
    schedule::start(&ctx, world.clock(), options.speed)?;
    announce(&url, options, &secrets, world.clock().now());
    server.await.map_err(failed)?.map_err(failed)
}

#[expect(clippy::disallowed_methods, reason = "the world begins at the time of its first start")]
fn open_world(data: &DataFolder, options: &Options) -> Result<World, CliError> {
    let begin = options.begin.unwrap_or_else(Timestamp::now);
    let clock = simulator::Clock::running(begin, options.speed);
    let make = |now| WorldState::demo(now, options.seed);
    World::open(&data.path("world.json"), clock, make)
        .map_err(|error| CliError::Failed(format!("cannot open the simulated world: {error}")))
}

async fn open_ctx(data: &DataFolder, secrets: &Secrets, world: &World) -> Result<Ctx, CliError> {
    let client = database::start(&data.path("table.db")).await?;
    storage::create_table(&client, TABLE).await.map_err(failed)?;
    let objects = Objects::folder(&data.path("objects")).map_err(failed)?;
    let cursor_key = api::cursor_key(&secrets.signing_seed);
    let table = Table::new(client, TABLE, objects, &cursor_key);
    let cloud = cloud::Cloud::new(world.sdk_config(simulator::demo::REGION));
    Ok(Ctx { table, cloud })
}

fn open_app(ctx: &Ctx, secrets: &Secrets, world: &World, url: &str) -> Result<App, CliError> {
    let settings = Settings {
        public_url: url.to_owned(),
        signing_seed: secrets.signing_seed,
        pepper: Pepper::new(secrets.pepper),
        bcrypt_cost: PRODUCTION_COST,
    };
    let clock = world.clock().clone();
    App::new(ctx.clone(), settings, Clock::of(move || clock.now())).map_err(failed)
}

fn announce(url: &str, options: &Options, secrets: &Secrets, now: Timestamp) {
    let speed = match options.speed {
        1 => "in real time".to_owned(),
        speed => format!("{speed} times as fast as real time"),
    };
    let text = format!(
        "\nSpot Optimizer is running.\n\n  address   {url}\n  e-mail    {}\n  password  {}\n  data      {}\n  world     simulated, {speed}; it is {now:.0} there\n\nStop with Ctrl-C; the next start goes on from here.\n",
        demo::EMAIL,
        secrets.demo_password,
        options.data.display(),
    );
    // Whoever closed our stdout does not want to read it.
    let _ = crate::output::print(&text);
}

/// Ends when the process is asked to stop.
async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupted => {}
        () = terminated => {}
    }
    // Open connections would keep the process for as long as a browser likes.
    tokio::spawn(async {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        std::process::exit(0);
    });
}

fn failed(error: impl std::fmt::Display) -> CliError {
    CliError::Failed(error.to_string())
}
