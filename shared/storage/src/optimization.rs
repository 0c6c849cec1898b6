//! Optimisations, how they are carried out, and the list of those to carry out.

use crate::entity::{Companion, Entity};
use crate::error::Error;
use crate::item::{Item, Stored, decode, key_of};
use crate::key::{Key, Range};
use crate::page::{Page, PageRequest};
use crate::table::{Order, Table};
use domain::execution::Execution;
use domain::optimization::Optimization;
use domain::plan::PlanState;
use domain::{ClusterId, OrgId, PlanId, Tenant};
use serde::{Deserialize, Serialize};

impl Item for Optimization {
    const KIND: &'static str = "optimization";
}

impl Entity for Optimization {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn key(&self, tenant: Tenant) -> Key {
        Key::optimization(tenant, self.id)
    }

    /// Found by time and by cluster; on the work list while there is something to carry out.
    fn companions(&self, tenant: Tenant) -> Vec<Companion> {
        let by_time = Key::optimization_at(tenant, self.created_at, self.id);
        let by_cluster = Key::optimization_of(tenant, self.cluster, self.generation, self.id);
        let mut companions =
            vec![Companion::pointer(by_time, self.id), Companion::pointer(by_cluster, self.id)];
        if matches!(self.state, PlanState::Approved | PlanState::Applying) {
            let work = Work { org: tenant.org(), cluster: self.cluster };
            companions.push(Companion::item(Key::work(self.id), Work::KIND, &work, None));
        }
        companions
    }
}

impl Item for Execution {
    const KIND: &'static str = "execution";
}

impl Entity for Execution {
    fn id(&self) -> String {
        self.plan.to_string()
    }

    fn key(&self, tenant: Tenant) -> Key {
        Key::execution(tenant, self.plan)
    }
}

/// Whose a plan on the work list is.
#[derive(Debug, Serialize, Deserialize)]
struct Work {
    org: OrgId,
    cluster: ClusterId,
}

impl Item for Work {
    const KIND: &'static str = "work";
}

/// A plan that is approved or being carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanToApply {
    /// Whose.
    pub tenant: Tenant,
    /// For which cluster.
    pub cluster: ClusterId,
    /// Which.
    pub plan: PlanId,
}

impl Table {
    /// An optimisation.
    pub async fn optimization(
        &self,
        tenant: Tenant,
        id: PlanId,
    ) -> Result<Stored<Optimization>, Error> {
        self.get(tenant, &Key::optimization(tenant, id)).await
    }

    /// Optimisations of all clusters, newest first.
    pub async fn optimizations(
        &self,
        tenant: Tenant,
        page: &PageRequest,
    ) -> Result<Page<Stored<Optimization>>, Error> {
        let key = |id| Key::optimization(tenant, id);
        self.page_by(tenant, &Range::optimizations(tenant), Order::Descending, page, key).await
    }

    /// Optimisations of one cluster, newest generation first.
    pub async fn optimizations_of(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        page: &PageRequest,
    ) -> Result<Page<Stored<Optimization>>, Error> {
        let key = |id| Key::optimization(tenant, id);
        let range = Range::optimizations_of(tenant, cluster);
        self.page_by(tenant, &range, Order::Descending, page, key).await
    }

    /// How far a plan is carried out; `None` before that has begun.
    pub async fn execution(
        &self,
        tenant: Tenant,
        plan: PlanId,
    ) -> Result<Option<Stored<Execution>>, Error> {
        self.find(Some(tenant), &Key::execution(tenant, plan)).await
    }

    /// All plans that are approved or being carried out, of one of the [`crate::key::SWEEP_SHARDS`]
    /// shards, across tenants: for the jobs.
    pub async fn plans_to_apply(&self, shard: u8) -> Result<Vec<PlanToApply>, Error> {
        let items = self.items(&Range::work(shard)).await?;
        let one = |item| {
            let plan = key_of(&item).and_then(|key| key.sk.parse().ok());
            let plan = plan.ok_or_else(|| Error::corrupt(Work::KIND, "no plan id"))?;
            let Stored { value: work, .. } = decode::<Work>(None, item)?;
            Ok(PlanToApply { tenant: crate::proven(work.org), cluster: work.cluster, plan })
        };
        items.into_iter().map(one).collect()
    }
}
