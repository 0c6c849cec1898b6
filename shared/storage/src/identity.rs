//! Organisations, people, their sessions, and agents' keys.

use crate::entity::{Beside, Companion, Entity};
use crate::error::Error;
use crate::item::{Item, Stored};
use crate::key::{Key, Range};
use crate::page::{Page, PageRequest};
use crate::table::{Order, Table};
use domain::identity::{AgentKey, Organisation, Session, User};
use domain::{ClusterId, KeyId, OrgId, SessionId, Tenant, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

impl Item for Organisation {
    const KIND: &'static str = "organisation";

    fn owner(&self) -> Option<OrgId> {
        Some(self.id)
    }
}

impl Entity for Organisation {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn key(&self, tenant: Tenant) -> Key {
        Key::organisation(tenant)
    }
}

impl Item for User {
    const KIND: &'static str = "user";

    fn owner(&self) -> Option<OrgId> {
        Some(self.org)
    }
}

impl Entity for User {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn key(&self, tenant: Tenant) -> Key {
        Key::user(tenant, self.id)
    }

    /// An e-mail address belongs to one person in all organisations, and finds them at sign-in.
    fn companions(&self, _tenant: Tenant) -> Vec<Companion> {
        let owner = EmailOwner { org: self.org, user: self.id };
        vec![Companion::item(Key::email(&self.email), EmailOwner::KIND, &owner, None)]
    }
}

/// Whose an e-mail address is.
#[derive(Debug, Serialize, Deserialize)]
struct EmailOwner {
    org: OrgId,
    user: UserId,
}

impl Item for EmailOwner {
    const KIND: &'static str = "email";
}

impl Item for Session {
    const KIND: &'static str = "session";

    fn owner(&self) -> Option<OrgId> {
        Some(self.org)
    }
}

impl Entity for Session {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn key(&self, _tenant: Tenant) -> Key {
        Key::session(self.id)
    }

    fn companions(&self, tenant: Tenant) -> Vec<Companion> {
        let key = Key::session_of(tenant, self.user, self.id);
        vec![Companion::expiring_pointer(key, self.id, self.expires_at)]
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

impl Item for AgentKey {
    const KIND: &'static str = "agent_key";

    fn owner(&self) -> Option<OrgId> {
        Some(self.org)
    }
}

impl Entity for AgentKey {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn key(&self, _tenant: Tenant) -> Key {
        Key::agent_key(self.id)
    }

    /// The pointer's key holds the generation, so no two keys of a cluster can share one.
    fn companions(&self, tenant: Tenant) -> Vec<Companion> {
        let (cluster, generation) = (self.cluster, self.generation);
        let pointer = Key::agent_key_of(tenant, cluster, generation);
        let mut companions = vec![Companion::pointer(pointer, self.id)];
        if self.revoked_at.is_none() {
            companions.push(Companion(Beside::LiveKey { cluster, generation }));
        }
        companions
    }
}

impl Table {
    /// The tenant's organisation.
    pub async fn organisation(&self, tenant: Tenant) -> Result<Stored<Organisation>, Error> {
        self.get(tenant, &Key::organisation(tenant)).await
    }

    /// A person of this organisation.
    pub async fn user(&self, tenant: Tenant, id: UserId) -> Result<Stored<User>, Error> {
        self.get(tenant, &Key::user(tenant, id)).await
    }

    /// People of this organisation, in the order they came.
    pub async fn users(
        &self,
        tenant: Tenant,
        page: &PageRequest,
    ) -> Result<Page<Stored<User>>, Error> {
        self.page(tenant, &Range::users(tenant), Order::Ascending, page).await
    }

    /// The person with this e-mail address in whatever organisation: for signing in, before a tenant
    /// is known. Upper and lower case are the same.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<Stored<User>>, Error> {
        let Some(owner) = self.find::<EmailOwner>(None, &Key::email(email)).await? else {
            return Ok(None);
        };
        let tenant = crate::proven(owner.value.org);
        self.find(Some(tenant), &Key::user(tenant, owner.value.user)).await
    }

    /// A session: for proving who calls, before a tenant is known. It says itself whose it is, and
    /// may be revoked or over.
    pub async fn session(&self, id: SessionId) -> Result<Stored<Session>, Error> {
        let found = self.find(None, &Key::session(id)).await?;
        found.ok_or(Error::NotFound { kind: Session::KIND })
    }

    /// All sessions of a person that are kept, revoked ones too.
    pub async fn sessions(
        &self,
        tenant: Tenant,
        user: UserId,
    ) -> Result<Vec<Stored<Session>>, Error> {
        self.all_by(tenant, &Range::sessions_of(tenant, user), Key::session).await
    }

    /// An agent's key: for proving who calls, before a tenant is known. It says itself whose it is,
    /// and may be revoked.
    pub async fn agent_key(&self, id: KeyId) -> Result<Stored<AgentKey>, Error> {
        let found = self.find(None, &Key::agent_key(id)).await?;
        found.ok_or(Error::NotFound { kind: AgentKey::KIND })
    }

    /// All keys a cluster ever had, oldest generation first.
    pub async fn agent_keys(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
    ) -> Result<Vec<Stored<AgentKey>>, Error> {
        self.all_by(tenant, &Range::agent_keys_of(tenant, cluster), Key::agent_key).await
    }
}
