//! What agents are asked to do.

use crate::entity::{Companion, Entity};
use crate::error::{Error, is_refused};
use crate::item::{Item, Stored, encode, number};
use crate::key::{Key, Range};
use crate::page::{Page, PageRequest};
use crate::table::{Order, Table};
use domain::action::Action;
use domain::{ActionId, ClusterId, Tenant};

impl Item for Action {
    const KIND: &'static str = "action";
}

impl Entity for Action {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn key(&self, tenant: Tenant) -> Key {
        Key::action(tenant, self.cluster, self.id)
    }

    /// While it is open, the agent finds it without reading those that are settled.
    fn companions(&self, tenant: Tenant) -> Vec<Companion> {
        let open = Key::open_action(tenant, self.cluster, self.id);
        if self.state.is_final() { vec![] } else { vec![Companion::pointer(open, self.id)] }
    }
}

impl Table {
    /// An action of a cluster.
    pub async fn action(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        id: ActionId,
    ) -> Result<Stored<Action>, Error> {
        self.get(tenant, &Key::action(tenant, cluster, id)).await
    }

    /// Actions of a cluster, settled ones too, in the order of their ids.
    pub async fn actions(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        page: &PageRequest,
    ) -> Result<Page<Stored<Action>>, Error> {
        self.page(tenant, &Range::actions(tenant, cluster), Order::Ascending, page).await
    }

    /// All actions of a cluster that are not settled.
    pub async fn open_actions(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
    ) -> Result<Vec<Stored<Action>>, Error> {
        let range = Range::open_actions(tenant, cluster);
        self.all_by(tenant, &range, |id| Key::action(tenant, cluster, id)).await
    }

    /// How many they are, without reading them.
    pub async fn open_action_count(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
    ) -> Result<u32, Error> {
        self.count(&Range::open_actions(tenant, cluster)).await
    }

    /// Saves an action that has just been leased: bookkeeping, not audited, so it can not settle an
    /// action. Fails with [`Error::Conflict`] where another lease was faster.
    pub async fn save_lease(
        &self,
        tenant: Tenant,
        stored: &Stored<Action>,
        leased: Action,
    ) -> Result<Stored<Action>, Error> {
        // Only the lease may differ, and what leasing counts; anything else is for a transaction.
        let mut expected = stored.value.clone();
        expected.lease.clone_from(&leased.lease);
        expected.attempts = leased.attempts;
        expected.state = leased.state;
        if expected != leased || leased.state.is_final() {
            return Err(Error::corrupt(Action::KIND, "a lease changes nothing but the lease"));
        }
        let revision = stored.revision + 1;
        let key = leased.key(tenant);
        let item = encode(&key, (Action::KIND, Action::VERSION), revision, None, &leased)?;
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("#revision = :revision")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":revision", number(stored.revision));
        match put.send().await {
            Ok(_) => Ok(Stored { value: leased, revision }),
            Err(error) if is_refused(&error) => Err(Error::Conflict { kind: Action::KIND }),
            Err(error) => Err(error.into()),
        }
    }
}
