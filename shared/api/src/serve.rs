//! The main of an API function.

use crate::app::{App, Settings};
use crate::clock::Clock;
use crate::identity::{PRODUCTION_COST, Pepper};
use crate::layers;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use runtime::{Ctx, Secrets, block_on, logs, required};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::process::ExitCode;
use utoipa_axum::router::OpenApiRouter;

/// Serves `routes` as a Lambda function behind API Gateway.
///
/// Settings: `TABLE_NAME`, `BUCKET`, `PUBLIC_URL`, `SECRETS_ARN`. A missing one ends the process with
/// one line that names it.
pub fn serve(routes: OpenApiRouter<App>) -> ExitCode {
    logs::start();
    block_on::<lambda_http::Error>(async {
        let app = from_env().await?;
        lambda_http::run(layers::router(routes, app)).await
    })
}

async fn from_env() -> Result<App, lambda_http::Error> {
    let public_url = required("PUBLIC_URL")?;
    let secrets_arn = required("SECRETS_ARN")?;
    let aws = runtime::load_from_env().await;
    let secrets = Secrets::fetch(&aws, &secrets_arn).await?;
    let signing_seed = key("signing_key", &secrets.signing_key)?;
    let ctx = Ctx::from_env(&aws, &cursor_key(&signing_seed))?;
    let settings = Settings {
        public_url,
        signing_seed,
        pepper: Pepper::new(key("pepper", &secrets.pepper)?),
        bcrypt_cost: PRODUCTION_COST,
    };
    Ok(App::new(ctx, settings, Clock::system())?)
}

/// The key that seals pages' cursors, from the one that signs tokens.
pub fn cursor_key(signing_seed: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update("cursor").chain_update(signing_seed).finalize().into()
}

/// 32 bytes of base64.
fn key(name: &str, text: &SecretString) -> Result<[u8; 32], String> {
    let bytes = BASE64_STANDARD.decode(text.expose_secret()).unwrap_or_default();
    bytes.try_into().map_err(|_| format!("the secret {name} is not the base64 of 32 bytes"))
}

const _: () = assert!(PRODUCTION_COST >= 12, "cheaper hashes are for tests");
