//! What every handler is given.

use crate::clock::Clock;
use crate::identity::{PasswordError, Passwords, Pepper, TokenError, Tokens};
use runtime::Ctx;
use std::sync::Arc;

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Table, object store and our AWS identity.
    pub ctx: Ctx,
    /// Settings.
    pub settings: Arc<Settings>,
    /// Passwords under the pepper.
    pub passwords: Passwords,
    /// Access tokens.
    pub tokens: Tokens,
    /// Time.
    pub clock: Clock,
}

/// Settings of the HTTP side.
#[derive(Clone)]
pub struct Settings {
    /// Where people and agents reach the product, such as `https://spot.example.com`. Also the
    /// issuer of tokens.
    pub public_url: String,
    /// Seed of the Ed25519 key that signs access tokens.
    pub signing_seed: [u8; 32],
    /// What passwords are hashed under.
    pub pepper: Pepper,
    /// [`crate::identity::PRODUCTION_COST`], but for tests.
    pub bcrypt_cost: u32,
}

/// The state could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// bcrypt does not take the cost.
    #[error("the bcrypt cost is not one")]
    Passwords(#[from] PasswordError),
    /// The signing key is none.
    #[error("the signing key is not one")]
    Tokens(#[from] TokenError),
}

impl Settings {
    /// Whether people reach the product over TLS; cookies are `Secure` then.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

impl App {
    /// The state of a router over these clients.
    pub fn new(ctx: Ctx, settings: Settings, clock: Clock) -> Result<Self, AppError> {
        Ok(Self {
            ctx,
            passwords: Passwords::new(settings.pepper.clone(), settings.bcrypt_cost)?,
            tokens: Tokens::new(&settings.signing_seed, &settings.public_url)?,
            settings: Arc::new(settings),
            clock,
        })
    }

    /// The table.
    pub const fn table(&self) -> &storage::Table {
        &self.ctx.table
    }

    /// Large bodies.
    pub const fn objects(&self) -> &storage::Objects {
        self.ctx.objects()
    }
}
