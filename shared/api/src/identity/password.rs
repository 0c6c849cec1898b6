//! Passwords: bcrypt over a keyed hash.

use super::Pepper;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The cost in production: about 280 ms of one core.
pub const PRODUCTION_COST: u32 = 12;

/// Hashes and checks passwords. The work is done off the async threads.
#[derive(Clone)]
pub struct Passwords {
    pepper: Pepper,
    cost: u32,
    /// Checked where there is no user, so that the answer takes as long.
    nobody: String,
}

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// bcrypt refused, or a stored hash is none.
    #[error("bcrypt failed")]
    Bcrypt(#[from] bcrypt::BcryptError),
    /// The worker was lost.
    #[error("the hashing task was lost")]
    Task(#[from] tokio::task::JoinError),
}

impl Passwords {
    /// Passwords under this pepper at this bcrypt cost (4 to 31).
    pub fn new(pepper: Pepper, cost: u32) -> Result<Self, PasswordError> {
        let nobody = bcrypt::hash("nobody has this password", cost)?;
        Ok(Self { pepper, cost, nobody })
    }

    /// The bcrypt cost of new hashes.
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    /// The hash to store for a password.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let (peppered, cost) = (self.peppered(password), self.cost);
        Ok(tokio::task::spawn_blocking(move || bcrypt::hash(peppered, cost)).await??)
    }

    /// Whether `password` is the one behind `hash`. Without a hash the same work is done, and the
    /// answer is no.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.nobody).to_owned();
        let peppered = self.peppered(password);
        let same = tokio::task::spawn_blocking(move || bcrypt::verify(peppered, &hash)).await??;
        Ok(same && known)
    }

    /// 44 characters whatever the password: bcrypt alone would cut it at 72 bytes.
    fn peppered(&self, password: &str) -> String {
        // HMAC pads a key to its block with zeros; the array form can not have a wrong length.
        let mut block = [0; 64];
        block[..32].copy_from_slice(self.pepper.bytes());
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(password.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords(pepper: u8) -> Passwords {
        Passwords::new(Pepper::new([pepper; 32]), 4).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_told_from_another_even_after_72_bytes() {
        let passwords = passwords(1);
        let long = "x".repeat(100);
        let hash = passwords.hash(&long).await.unwrap();
        assert!(passwords.verify(&long, Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&"x".repeat(99), Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&format!("{long}y"), Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_is_worth_nothing_without_the_pepper() {
        let hash = passwords(1).hash("grey otter counts nine").await.unwrap();
        assert!(!passwords(2).verify("grey otter counts nine", Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        assert!(!passwords(1).verify("nobody has this password", None).await.unwrap());
    }

    #[test]
    fn a_hash_carries_the_cost_it_was_made_at() {
        assert!(passwords(1).nobody.starts_with("$2b$04$"));
    }
}
