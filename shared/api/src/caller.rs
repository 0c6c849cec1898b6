//! Who is asking: a person with an access token, or a cluster's agent with its key.

use crate::app::App;
use crate::error::Error;
use crate::identity::AgentSecret;
use crate::requested::Requested;
use axum::extract::FromRequestParts;
use domain::audit::Actor;
use domain::identity::Role;
use domain::{ClusterId, KeyId, OrgId, SessionId, Tenant, UserId};
use http::{HeaderMap, header, request::Parts};
use subtle::ConstantTimeEq;

/// A signed-in person.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whose data may be touched.
    pub tenant: Tenant,
    /// Who.
    pub user: UserId,
    /// What they may do. Of the token: **Invariant:** whoever changes a role ends its user's sessions.
    pub role: Role,
    /// In which session.
    pub session: SessionId,
    /// In which request.
    pub requested: Requested,
}

impl Caller {
    /// Goes on only for members who may do what `role` may.
    pub fn require(&self, role: Role) -> Result<(), Error> {
        if self.role >= role {
            return Ok(());
        }
        let name = crate::view::name_of(&role);
        Err(Error::Forbidden(format!(
            "this needs the role {name}: ask an owner of the organisation"
        )))
    }

    /// As the audit trail names them.
    pub fn actor(&self) -> Actor {
        Actor::User { id: self.user.to_string() }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        // Whoever asked before in this request has done the work.
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        let claims = bearer(&parts.headers).and_then(|token| app.tokens.check(token));
        let claims = claims.ok_or(Error::Unauthorized)?;
        // One consistent read: whoever ends a session is obeyed from the next request on.
        let session = app.table().session(claims.sid).await.map_err(unproven)?.value;
        let tenant = proven(session.org);
        let alive = !session.revoked && app.clock.wall() < session.expires_at;
        if !alive || session.user != claims.sub || session.org != claims.org {
            return Err(Error::Unauthorized);
        }
        let caller = Self {
            tenant,
            user: session.user,
            role: claims.role,
            session: session.id,
            requested: Requested::from_request_parts(parts, app).await?,
        };
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

/// A cluster's agent.
#[derive(Debug, Clone)]
pub struct AgentCaller {
    /// Whose cluster it is.
    pub tenant: Tenant,
    /// Which cluster: the only one it may speak of.
    pub cluster: ClusterId,
    /// By which key.
    pub key: KeyId,
    /// Generation of that key.
    pub generation: u32,
    /// In which request.
    pub requested: Requested,
}

impl AgentCaller {
    /// As the audit trail names it.
    pub fn actor(&self) -> Actor {
        Actor::Agent { key: self.key.to_string() }
    }
}

impl FromRequestParts<App> for AgentCaller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let sent =
            bearer(&parts.headers).and_then(AgentSecret::parse).ok_or(Error::Unauthorized)?;
        let key = app.table().agent_key(sent.key).await.map_err(unproven)?.value;
        let same: bool = sent.hash().as_bytes().ct_eq(key.secret_hash.as_bytes()).into();
        if !same || key.revoked_at.is_some() {
            return Err(Error::Unauthorized);
        }
        Ok(Self {
            tenant: proven(key.org),
            cluster: key.cluster,
            key: key.id,
            generation: key.generation,
            requested: Requested::from_request_parts(parts, app).await?,
        })
    }
}

/// The tenant of an organisation whose right to act has just been proven: by a session, by an agent's
/// key, or by a password at sign-in.
#[allow(clippy::disallowed_methods, reason = "the one place where the HTTP side proves a tenant")]
pub fn proven(org: OrgId) -> Tenant {
    Tenant::proven(org)
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A session or key that is not there proves nothing.
fn unproven(error: storage::Error) -> Error {
    match error {
        storage::Error::NotFound { .. } => Error::Unauthorized,
        error => error.into(),
    }
}
