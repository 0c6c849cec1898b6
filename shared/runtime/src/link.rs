//! From a linked account to its AWS.

use domain::account::Account;

/// How to get into an account's region. The session's name is what the customer's CloudTrail shows.
pub fn role_link(account: &Account, region: &str) -> cloud::RoleLink {
    cloud::RoleLink {
        role_arn: account.role_arn.clone(),
        external_id: account.external_id.clone(),
        region: region.to_owned(),
        session_name: "spot-optimizer".to_owned(),
    }
}
