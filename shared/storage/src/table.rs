//! The table and the ways to read it.
//!
//! Every read is strongly consistent: identities and leases need it, and one behaviour is easier to
//! reason about than two.

use crate::commit::pause;
use crate::entity::Pointer;
use crate::error::Error;
use crate::item::{Attributes, Item, Stored, decode, key_attributes, key_of, number, text};
use crate::key::{Key, Range};
use crate::objects::Objects;
use crate::page::{CursorSealer, Page, PageRequest};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeysAndAttributes, Select};
use domain::Tenant;
use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

/// Keys of one `BatchGetItem`.
const BATCH: usize = 100;

/// The table, with the object store for what is too large for it. Cheap to clone.
#[derive(Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    objects: Objects,
    cursors: CursorSealer,
}

/// Which way a range is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

impl Table {
    /// The table `name`; `cursor_key` is a secret that all processes share, so that a page begun at
    /// one can be continued at another.
    pub fn new(
        client: Client,
        name: impl Into<String>,
        objects: Objects,
        cursor_key: &[u8; 32],
    ) -> Self {
        Self { client, name: name.into(), objects, cursors: CursorSealer::new(cursor_key) }
    }

    /// The object store beside it.
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// One item, where it is there.
    pub(crate) async fn find<T: Item>(
        &self,
        tenant: Option<Tenant>,
        key: &Key,
    ) -> Result<Option<Stored<T>>, Error> {
        let request = self.client.get_item().table_name(&self.name).consistent_read(true);
        let answer = request.set_key(Some(key_attributes(key))).send().await?;
        answer.item.map(|item| decode(tenant, item)).transpose()
    }

    /// One item that must be there.
    pub(crate) async fn get<T: Item>(&self, tenant: Tenant, key: &Key) -> Result<Stored<T>, Error> {
        self.find(Some(tenant), key).await?.ok_or(Error::NotFound { kind: T::KIND })
    }

    /// One page of a range of items.
    pub(crate) async fn page<T: Item>(
        &self,
        tenant: Tenant,
        range: &Range,
        order: Order,
        page: &PageRequest,
    ) -> Result<Page<Stored<T>>, Error> {
        let (items, next) = self.raw_page(range, order, page).await?;
        let items = items.into_iter().map(|item| decode(Some(tenant), item));
        Ok(Page { items: items.collect::<Result<_, _>>()?, next })
    }

    /// One page of what a range of pointers points at.
    pub(crate) async fn page_by<T: Item, Id: FromStr>(
        &self,
        tenant: Tenant,
        range: &Range,
        order: Order,
        page: &PageRequest,
        key: impl Fn(Id) -> Key,
    ) -> Result<Page<Stored<T>>, Error> {
        let (pointers, next) = self.raw_page(range, order, page).await?;
        let keys = follow(tenant, pointers, key)?;
        Ok(Page { items: self.batch(tenant, keys).await?, next })
    }

    /// All of a range of items.
    pub(crate) async fn all<T: Item>(
        &self,
        tenant: Option<Tenant>,
        range: &Range,
    ) -> Result<Vec<Stored<T>>, Error> {
        self.items(range).await?.into_iter().map(|item| decode(tenant, item)).collect()
    }

    /// All of a range as it is.
    pub(crate) async fn items(&self, range: &Range) -> Result<Vec<Attributes>, Error> {
        Ok(self.read(range, Order::Ascending, None, None).await?.0)
    }

    /// All that a range of pointers points at.
    pub(crate) async fn all_by<T: Item, Id: FromStr>(
        &self,
        tenant: Tenant,
        range: &Range,
        key: impl Fn(Id) -> Key,
    ) -> Result<Vec<Stored<T>>, Error> {
        self.batch(tenant, follow(tenant, self.items(range).await?, key)?).await
    }

    /// How many items a range has.
    pub(crate) async fn count(&self, range: &Range) -> Result<u32, Error> {
        let mut counted = 0;
        let mut start = None;
        loop {
            let query = self.query(range, Order::Ascending).select(Select::Count);
            let answer = query.set_exclusive_start_key(start).send().await?;
            counted += answer.count.unsigned_abs();
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(counted);
            }
        }
    }

    /// Items by their keys, in the order of the keys; those that are gone are left out.
    pub(crate) async fn batch<T: Item>(
        &self,
        tenant: Tenant,
        keys: Vec<Key>,
    ) -> Result<Vec<Stored<T>>, Error> {
        let mut found = self.batch_items(&keys).await?;
        let items = keys.iter().filter_map(|key| found.remove(key));
        items.map(|item| decode(Some(tenant), item)).collect()
    }

    /// Items as they are, by their keys.
    pub(crate) async fn batch_items(
        &self,
        keys: &[Key],
    ) -> Result<BTreeMap<Key, Attributes>, Error> {
        let mut found = BTreeMap::new();
        for chunk in keys.chunks(BATCH) {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(chunk.iter().map(key_attributes).collect()))
                .consistent_read(true)
                .build()
                .map_err(Error::unavailable)?;
            let mut wanted = Some(HashMap::from([(self.name.clone(), wanted)]));
            let mut refused = 0;
            while let Some(request) = wanted.take().filter(|request| !request.is_empty()) {
                // What a busy table leaves out is asked for again, more and more slowly.
                pause(refused).await;
                let request = self.client.batch_get_item().set_request_items(Some(request));
                let answer = request.send().await?;
                for item in answer.responses.unwrap_or_default().into_values().flatten() {
                    if let Some(key) = key_of(&item) {
                        found.insert(key, item);
                    }
                }
                wanted = answer.unprocessed_keys;
                refused += 1;
            }
        }
        Ok(found)
    }

    async fn raw_page(
        &self,
        range: &Range,
        order: Order,
        page: &PageRequest,
    ) -> Result<(Vec<Attributes>, Option<String>), Error> {
        let after = page.cursor().map(|cursor| self.cursors.open(range, cursor)).transpose()?;
        let (items, last) = self.read(range, order, after, Some(page.limit())).await?;
        Ok((items, last.map(|last| self.cursors.seal(range, &last))))
    }

    /// Items of a range, at most `limit`, and the last one's sort key where more follow. One more
    /// than asked for is read, so that no cursor leads to an empty page.
    async fn read(
        &self,
        range: &Range,
        order: Order,
        after: Option<String>,
        limit: Option<usize>,
    ) -> Result<(Vec<Attributes>, Option<String>), Error> {
        let mut items: Vec<Attributes> = Vec::new();
        if range.from > range.to {
            return Ok((items, None));
        }
        let mut start = after.map(|sk| key_attributes(&Key { pk: range.pk.clone(), sk }));
        loop {
            let wanted = limit.map(|limit| (limit + 1 - items.len()) as i32);
            let query = self.query(range, order).set_limit(wanted);
            let answer = query.set_exclusive_start_key(start).send().await?;
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if let Some(limit) = limit.filter(|limit| items.len() > *limit) {
                items.truncate(limit);
                let last = items.last().and_then(key_of).map(|key| key.sk);
                return Ok((items, last));
            }
            if start.is_none() {
                return Ok((items, None));
            }
        }
    }

    fn query(
        &self,
        range: &Range,
        order: Order,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .scan_index_forward(order == Order::Ascending)
            .key_condition_expression("PK = :pk AND SK BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(&range.pk))
            .expression_attribute_values(":from", text(&range.from))
            .expression_attribute_values(":to", text(&range.to))
    }

    /// Writes an item unless the one there has a larger revision: for observations, of
    /// which the newest wins. Returns whether it was written.
    pub(crate) async fn put_newer(&self, item: Attributes, revision: u64) -> Result<bool, Error> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(PK) OR #revision <= :revision")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":revision", number(revision));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if crate::error::is_refused(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The keys of what pointers point at.
fn follow<Id: FromStr>(
    tenant: Tenant,
    pointers: Vec<Attributes>,
    key: impl Fn(Id) -> Key,
) -> Result<Vec<Key>, Error> {
    let one = |item| {
        let pointer: Stored<Pointer> = decode(Some(tenant), item)?;
        let id = pointer.value.id.parse().map_err(|_| Error::corrupt(Pointer::KIND, "no id"))?;
        Ok(key(id))
    };
    pointers.into_iter().map(one).collect()
}
