//! People, their sessions, and agents' keys.

use crate::ids::{ClusterId, KeyId, OrgId, SessionId, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Which.
    pub id: OrgId,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a member may do. Ordered: each may do what the ones before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Also plan, approve and change settings of clusters.
    Operator,
    /// Also link accounts and manage members.
    Owner,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Which.
    pub id: UserId,
    /// Member of.
    pub org: OrgId,
    /// Lower-case.
    pub email: String,
    /// What people call them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// bcrypt of the peppered password.
    pub password_hash: String,
    /// Sessions begun before this are void.
    pub sessions_valid_from: Timestamp,
    /// When they signed up.
    pub created_at: Timestamp,
}

/// For how long a refresh token that was exchanged is still taken: the answer to its exchange may have
/// been lost on the way, or another tab was a moment faster.
pub const REUSE_LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// A signed-in session: one per sign-in, kept while its refresh tokens are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// Of which organisation.
    pub org: OrgId,
    /// SHA-256 of the one refresh token that is good now, lower-case hex.
    pub refresh_hash: String,
    /// Hash of the one before: seeing it again later than [`REUSE_LEEWAY`] means it was stolen, and
    /// ends the session.
    pub previous_refresh_hash: Option<String>,
    /// When the one before was exchanged; absent before the first exchange.
    #[serde(default)]
    pub rotated_at: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Ended by logout, password change, reuse of a refresh token.
    pub revoked: bool,
}

/// An agent's key, for one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentKey {
    /// Which.
    pub id: KeyId,
    /// Of which organisation.
    pub org: OrgId,
    /// For which cluster.
    pub cluster: ClusterId,
    /// SHA-256 of the secret, lower-case hex. The secret has 256 random bits, so no slow hash is needed.
    pub secret_hash: String,
    /// Grows with every key of the cluster.
    pub generation: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Most live keys of a cluster: two may overlap while one is being exchanged.
pub const MAX_LIVE_KEYS: usize = 2;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Fewer than 12 characters.
    #[error("use at least 12 characters")]
    TooShort,
    /// More than 128 characters.
    #[error("use at most 128 characters")]
    TooLong,
    /// On the list of common ones, or made of the account's own words.
    #[error("this password is too easy to guess: choose another")]
    Common,
}

/// Judges a new password: length in characters, no rules of composition, not a common one.
/// Source: NIST SP 800-63B §5.1.1.2.
pub fn check_password(password: &str, email: &str) -> Result<(), PasswordRefused> {
    let characters = password.chars().count();
    if characters < 12 {
        return Err(PasswordRefused::TooShort);
    }
    if characters > 128 {
        return Err(PasswordRefused::TooLong);
    }
    let lower = password.to_lowercase();
    let local = email.split('@').next().unwrap_or_default().to_lowercase();
    let plain: String = lower.chars().filter(char::is_ascii_alphabetic).collect();
    let first = lower.chars().next();
    let repeated = lower.chars().all(|letter| Some(letter) == first);
    let common = COMMON_STEMS.iter().any(|stem| {
        // The stem with digits and signs around it, as people make twelve characters of it.
        !plain.is_empty() && plain.replace(stem, "").is_empty()
    });
    let digits_only = plain.is_empty() && lower.chars().all(|letter| letter.is_ascii_digit());
    let own = local.len() >= 4 && lower.contains(&local);
    if repeated || common || digits_only || own {
        return Err(PasswordRefused::Common);
    }
    Ok(())
}

/// What the commonest passwords are made of.
const COMMON_STEMS: &[&str] = &[
    "password",
    "passwort",
    "passw",
    "qwerty",
    "qwertz",
    "qwertyuiop",
    "asdfghjkl",
    "asdf",
    "zxcvbnm",
    "letmein",
    "welcome",
    "admin",
    "administrator",
    "iloveyou",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "superman",
    "batman",
    "master",
    "shadow",
    "trustno",
    "changeme",
    "secret",
    "default",
    "root",
    "test",
    "guest",
    "login",
    "abc",
    "abcd",
    "abcdef",
    "abcdefgh",
    "abcdefghijkl",
    "spot",
    "optimizer",
    "spotoptimizer",
    "kubernetes",
    "starwars",
    "whatever",
    "michael",
    "jennifer",
    "charlie",
    "computer",
    "internet",
    "summer",
    "winter",
    "spring",
    "autumn",
    "hello",
    "helloworld",
    "correcthorsebatterystaple",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_judged_by_length_and_commonness_alone() {
        let judge = |password: &str| check_password(password, "maria.schmidt@example.com");
        assert_eq!(judge("short"), Err(PasswordRefused::TooShort));
        assert_eq!(judge(&"long ".repeat(26)), Err(PasswordRefused::TooLong));
        for common in
            ["Password1234!", "admin123admin", "aaaaaaaaaaaaa", "123456789012", "maria.schmidt-1"]
        {
            assert_eq!(judge(common), Err(PasswordRefused::Common), "{common}");
        }
        for good in ["grey otter counts nine", "ünïcödé-påsswørds", "x9$k2!mQ0z&7"] {
            assert_eq!(judge(good), Ok(()), "{good}");
        }
    }
}
