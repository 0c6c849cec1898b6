//! What goes over the wire.

use domain::account::{self, LinkState};
use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::Stored;
use utoipa::ToSchema;

/// An AWS account to link.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// What to call it.
    #[garde(length(chars, min = 1, max = 100))]
    pub name: String,
    /// Twelve digits.
    #[garde(pattern(r"^[0-9]{12}$"))]
    #[schema(example = "123456789012")]
    pub aws_account_id: String,
    /// The role to assume; the one the template makes unless said.
    #[garde(inner(length(max = 2048)))]
    pub role_arn: Option<String>,
    /// Where to look for clusters.
    #[garde(length(min = 1, max = 30), inner(pattern(r"^[a-z]{2}(-[a-z]+)+-[0-9]$")))]
    #[schema(example = json!(["us-east-1"]))]
    pub regions: Vec<String>,
}

/// A linked AWS account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Account {
    /// `acc_…`
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Twelve digits.
    pub aws_account_id: String,
    /// The role we assume.
    pub role_arn: String,
    /// What the role's trust policy must ask for, so that nobody else can have us assume it.
    pub external_id: String,
    /// Where we look for clusters.
    pub regions: Vec<String>,
    /// Whether it works.
    pub state: AccountState,
    /// When that was last tried.
    #[schema(required = true)]
    pub checked_at: Option<Timestamp>,
    /// What to change where it is broken.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// Grows with every change.
    pub revision: u64,
}

/// Whether a link works.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountState {
    /// Not tried yet.
    Pending,
    /// The role can be assumed with our `ExternalId`, and only with it.
    Linked,
    /// It does not work, or works for anybody.
    Broken,
}

impl From<Stored<account::Account>> for Account {
    fn from(stored: Stored<account::Account>) -> Self {
        let account = stored.value;
        let (state, reason) = match account.state {
            LinkState::Pending => (AccountState::Pending, None),
            LinkState::Linked => (AccountState::Linked, None),
            LinkState::Broken { reason } => (AccountState::Broken, Some(reason)),
        };
        Self {
            id: account.id.to_string(),
            name: account.name,
            aws_account_id: account.aws_account_id,
            role_arn: account.role_arn,
            external_id: account.external_id,
            regions: account.regions,
            state,
            checked_at: account.checked_at,
            reason,
            created_at: account.created_at,
            revision: stored.revision,
        }
    }
}

/// Clusters found in an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DiscoveredClusters {
    /// By region and name.
    pub items: Vec<DiscoveredCluster>,
}

/// An EKS cluster found in an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DiscoveredCluster {
    /// Its name in EKS.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Control plane version.
    pub kubernetes_version: String,
    /// `clu_…` where it is registered.
    #[schema(required = true)]
    pub registered_as: Option<String>,
}
