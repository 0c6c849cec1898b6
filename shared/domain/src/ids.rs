//! Typed, prefixed ids and the tenant.
//!
//! An id is a UUID behind a prefix that names its kind (`clu_0197…`), so that ids of two kinds can
//! not be exchanged, neither in code nor by a caller. Ids that people's actions create are
//! `UUIDv7`; ids that jobs create are derived from what they stand for ([`derived_uuid`]), so that
//! the same event replayed writes the same item.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Why a text is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that looks like {prefix}_019a2b3c-…")]
pub struct ParseIdError {
    /// The prefix the text should have had.
    pub prefix: &'static str,
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Gives a UUID its kind.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.hyphenated())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let wrong = ParseIdError { prefix: $prefix };
                let uuid = text.strip_prefix(concat!($prefix, "_")).ok_or(wrong.clone())?;
                // One spelling per id: what is parsed is printed again byte for byte.
                match Uuid::try_parse(uuid) {
                    Ok(parsed) if parsed.hyphenated().to_string() == uuid => Ok(Self(parsed)),
                    _ => Err(wrong),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

typed_ids! {
    /// An organisation: the tenant of everything else.
    OrgId = "org";
    /// A person.
    UserId = "usr";
    /// A signed-in session of a person.
    SessionId = "ses";
    /// A linked AWS account.
    AccountId = "acc";
    /// A registered EKS cluster.
    ClusterId = "clu";
    /// A node template.
    TemplateId = "tpl";
    /// An optimisation policy.
    PolicyId = "pol";
    /// An optimisation: one plan for one cluster.
    PlanId = "opt";
    /// One thing the agent is asked to do.
    ActionId = "act";
    /// An agent's API key.
    KeyId = "key";
}

/// A UUID that follows from its parts alone (UUID version 8 over SHA-256).
///
/// Parts are length-prefixed, so `["ab", "c"]` and `["a", "bc"]` differ.
pub fn derived_uuid(parts: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::new_v8(bytes)
}

/// Whose data may be touched.
///
/// A storage key can only be built from a tenant, and a tenant is only made where a caller has been
/// proven: from a session, from an agent's key, or from an item of a sweeper's own collection.
/// Clippy forbids [`Tenant::proven`] everywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(OrgId);

impl Tenant {
    /// Makes a tenant of an organisation whose right to act has just been proven.
    pub const fn proven(org: OrgId) -> Self {
        Self(org)
    }

    /// The organisation.
    pub const fn org(self) -> OrgId {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_what_it_parses() {
        let text = "clu_0197a3b0-7a51-7000-8000-000000000001";
        assert_eq!(text.parse::<ClusterId>().map(|id| id.to_string()), Ok(text.to_owned()));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert!("acc_0197a3b0-7a51-7000-8000-000000000001".parse::<ClusterId>().is_err());
    }

    #[test]
    fn a_second_spelling_of_the_same_uuid_is_refused() {
        assert!("clu_0197A3B0-7A51-7000-8000-000000000001".parse::<ClusterId>().is_err());
        assert!("clu_0197a3b07a5170008000000000000001".parse::<ClusterId>().is_err());
    }

    #[test]
    fn derived_ids_tell_their_parts_apart() {
        assert_eq!(derived_uuid(&["a", "b"]), derived_uuid(&["a", "b"]));
        assert_ne!(derived_uuid(&["ab", "c"]), derived_uuid(&["a", "bc"]));
    }
}
