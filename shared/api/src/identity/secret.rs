//! Random secrets that are shown once and kept hashed: refresh tokens and agents' keys.

use crate::chance;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::audit::hex;
use domain::{KeyId, SessionId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// SHA-256, lower-case hex: what is stored of a secret with 256 random bits.
pub fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// A refresh token: `<session>.<secret>`, so that its row is found without an index.
pub struct RefreshToken {
    /// Of which session.
    pub session: SessionId,
    /// The whole text.
    pub text: String,
}

impl RefreshToken {
    /// A new one.
    pub fn new(session: SessionId) -> Self {
        let secret = URL_SAFE_NO_PAD.encode(chance::secret());
        Self { session, text: format!("{}.{secret}", session.uuid().simple()) }
    }

    /// Reads one that somebody sent.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.split_once('.')?;
        let session = SessionId::new(Uuid::try_parse(id).ok()?);
        let whole = URL_SAFE_NO_PAD.decode(secret).is_ok_and(|secret| secret.len() == 32);
        whole.then(|| Self { session, text: text.to_owned() })
    }

    /// What is stored of it.
    pub fn hash(&self) -> String {
        hash(&self.text)
    }
}

/// An agent's key: `spo_<keyid>_<secret>_<crc32>`. The checksum lets scanners of leaked secrets, and
/// us, tell a typo from a key.
pub struct AgentSecret {
    /// Which key.
    pub key: KeyId,
    /// The whole text.
    pub text: String,
}

impl AgentSecret {
    /// A new one.
    pub fn new(key: KeyId) -> Self {
        let head = format!("spo_{}_{}", key.uuid().simple(), hex(&chance::secret()));
        let text = format!("{head}_{:08x}", crc32(head.as_bytes()));
        Self { key, text }
    }

    /// Reads one that somebody sent.
    pub fn parse(text: &str) -> Option<Self> {
        let (head, crc) = text.rsplit_once('_')?;
        let (id, secret) = head.strip_prefix("spo_")?.split_once('_')?;
        let whole = secret.len() == 64 && crc == format!("{:08x}", crc32(head.as_bytes()));
        let key = KeyId::new(Uuid::try_parse(id).ok()?);
        whole.then(|| Self { key, text: text.to_owned() })
    }

    /// What is stored of it.
    pub fn hash(&self) -> String {
        hash(&self.text)
    }
}

/// CRC-32 as in zlib (reflected polynomial EDB88320).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_zlibs() {
        // The check value of CRC-32/ISO-HDLC in the catalogue of CRC algorithms.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_key_is_read_back_and_a_typo_is_not() {
        let made = AgentSecret::new(KeyId::new(chance::id()));
        let read = AgentSecret::parse(&made.text).unwrap();
        assert_eq!((read.key, read.hash()), (made.key, made.hash()));
        let typo = made.text.replacen("spo_0", "spo_1", 1);
        for wrong in ["", "spo_", "spo___", typo.as_str(), &made.text[1..]] {
            assert!(AgentSecret::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_refresh_token_is_read_back_and_nothing_else_is() {
        let made = RefreshToken::new(SessionId::new(chance::id()));
        let read = RefreshToken::parse(&made.text).unwrap();
        assert_eq!((read.session, read.hash()), (made.session, made.hash()));
        for wrong in ["", "..", "a.b.c", &made.text[2..], &format!("{}.x", made.text)] {
            assert!(RefreshToken::parse(wrong).is_none(), "{wrong}");
        }
    }
}
