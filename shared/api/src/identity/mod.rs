//! Who is asking: passwords, access tokens, refresh tokens, agents' keys.

mod password;
mod secret;
mod token;

pub use password::{PRODUCTION_COST, PasswordError, Passwords};
pub use secret::{AgentSecret, RefreshToken, hash};
pub use token::{ACCESS_TOKEN_SECONDS, Claims, TokenError, Tokens};

use secrecy::{ExposeSecret, SecretBox};
use std::sync::Arc;

/// Days a session lasts without being used.
pub const SESSION_DAYS: i64 = 30;

/// The key under which passwords are hashed; kept apart from the table.
#[derive(Clone)]
pub struct Pepper(Arc<SecretBox<[u8; 32]>>);

impl Pepper {
    /// From 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Arc::new(SecretBox::new(Box::new(bytes))))
    }

    fn bytes(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}
