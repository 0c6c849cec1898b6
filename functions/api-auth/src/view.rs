//! What goes over the wire.

use api::view::Role;
use domain::identity::{Organisation, User as DomainUser};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new organisation with its first owner.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUp {
    /// To sign in with.
    #[garde(email, length(chars, max = 254))]
    #[schema(example = "maria@example.com")]
    pub email: String,
    /// 12 to 128 characters, not a common one.
    #[garde(length(chars, max = 128))]
    #[schema(min_length = 12, max_length = 128)]
    pub password: String,
    /// Yours.
    #[garde(length(chars, min = 1, max = 100))]
    pub name: String,
    /// The organisation's.
    #[garde(length(chars, min = 1, max = 100))]
    pub organisation_name: String,
    /// Give the refresh token in the body rather than in a cookie.
    #[serde(default)]
    #[garde(skip)]
    pub refresh_in_body: bool,
}

/// Who signs in.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// As at sign-up.
    #[garde(length(chars, max = 254))]
    pub email: String,
    /// As at sign-up.
    #[garde(length(chars, max = 128))]
    pub password: String,
    /// Give the refresh token in the body rather than in a cookie.
    #[serde(default)]
    #[garde(skip)]
    pub refresh_in_body: bool,
}

/// For clients without a cookie.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    /// From the answer before.
    #[garde(length(max = 200))]
    pub refresh_token: String,
}

/// A new password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    /// The one until now.
    #[garde(length(chars, max = 128))]
    pub current_password: String,
    /// 12 to 128 characters, not a common one.
    #[garde(length(chars, max = 128))]
    #[schema(min_length = 12, max_length = 128)]
    pub new_password: String,
}

/// An access token and whose it is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// Seconds it is good for.
    pub expires_in: i64,
    /// Good once, where it was asked for in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Who signed in.
    pub user: User,
}

/// A member of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// `usr_…`
    pub id: String,
    /// Lower-case.
    pub email: String,
    /// What people call them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Member of.
    pub organisation: OrganisationView,
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Organisation)]
pub struct OrganisationView {
    /// `org_…`
    pub id: String,
    /// What people call it.
    pub name: String,
}

impl User {
    pub(crate) fn of(user: &DomainUser, organisation: &Organisation) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.clone(),
            name: user.name.clone(),
            role: user.role.into(),
            organisation: OrganisationView {
                id: organisation.id.to_string(),
                name: organisation.name.clone(),
            },
        }
    }
}
