//! A linked AWS account.

use crate::ids::AccountId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An AWS account the product may look at and act in, through a role in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Which.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// Twelve digits.
    pub aws_account_id: String,
    /// The role to assume.
    pub role_arn: String,
    /// Made by us, unique, never changed: the role's trust policy demands it, so that nobody else
    /// can have us assume it (the confused deputy).
    pub external_id: String,
    /// Regions to look into, such as `us-east-1`.
    pub regions: Vec<String>,
    /// Whether it works.
    pub state: LinkState,
    /// When the link was last tried.
    pub checked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Whether a link works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LinkState {
    /// The role has not been tried.
    Pending,
    /// The role works with our `ExternalId` and not without it.
    Linked,
    /// The role does not work, or works for anybody.
    Broken {
        /// For people: what to change.
        reason: String,
    },
}

/// What three tries to assume the role showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkProbe {
    /// It can be assumed with our `ExternalId`.
    pub with_ours: bool,
    /// It can be assumed without one.
    pub without: bool,
    /// It can be assumed with a wrong one.
    pub with_wrong: bool,
}

impl LinkProbe {
    /// What the link is after these tries.
    pub fn judge(self) -> LinkState {
        let reason = match self {
            Self { with_ours: true, without: false, with_wrong: false } => {
                return LinkState::Linked;
            }
            Self { with_ours: false, .. } => {
                "The role cannot be assumed. Create it from the template, or check its ARN and its trust policy."
            }
            Self { .. } => {
                "The role can be assumed without the right ExternalId. Add the sts:ExternalId condition to its trust policy."
            }
        };
        LinkState::Broken { reason: reason.to_owned() }
    }
}

/// Why a role ARN is not one of this account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleArnError {
    /// Not of the form of a role's ARN.
    #[error("expected a role ARN such as arn:aws:iam::123456789012:role/SpotOptimizer")]
    Form,
    /// Of another account.
    #[error("the role belongs to another AWS account")]
    OtherAccount,
}

/// Checks that `arn` is a role of the account with these twelve digits.
pub fn check_role_arn(arn: &str, aws_account_id: &str) -> Result<(), RoleArnError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [prefix, partition, service, region, account, resource] = parts[..] else {
        return Err(RoleArnError::Form);
    };
    let role = resource.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    let known = matches!(partition, "aws" | "aws-cn" | "aws-us-gov");
    if prefix != "arn" || !known || service != "iam" || !region.is_empty() || !role {
        return Err(RoleArnError::Form);
    }
    if account != aws_account_id {
        return Err(RoleArnError::OtherAccount);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_counts_only_where_the_external_id_is_demanded() {
        let probe = |with_ours, without, with_wrong| LinkProbe { with_ours, without, with_wrong };
        assert_eq!(probe(true, false, false).judge(), LinkState::Linked);
        for broken in
            [probe(false, false, false), probe(true, true, false), probe(true, false, true)]
        {
            assert!(matches!(broken.judge(), LinkState::Broken { .. }), "{broken:?}");
        }
    }

    #[test]
    fn a_role_arn_must_be_of_the_account() {
        let check = |arn| check_role_arn(arn, "123456789012");
        assert_eq!(check("arn:aws:iam::123456789012:role/path/Spot"), Ok(()));
        assert_eq!(check("arn:aws:iam::999999999999:role/Spot"), Err(RoleArnError::OtherAccount));
        for wrong in ["", "arn:aws:iam::123456789012:role/", "arn:aws:iam::123456789012:user/x"] {
            assert_eq!(check(wrong), Err(RoleArnError::Form), "{wrong}");
        }
    }
}
