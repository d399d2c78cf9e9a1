//! Reads: one item, or one page. Each is one request.

use crate::{
    Action, Grant, IdempotencyKey, Operation, PageRequest, Table,
    item::{Item, from_item, s},
    keys::{self, Family, Index, ItemKey},
    write::{Expression, TRIES, refused},
};
use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::{EntityKind, Error, Owner, Replay, Result, Timestamp};
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// How many items a filtered page looks at before it gives what it found and a cursor.
const FILTERED_AT_ONCE: i32 = 1000;

/// How many items `BatchGetItem` takes.
const BATCH: usize = 100;

/// What a page is a page of.
pub struct Query<'q> {
    pub partition: String,
    /// Only sort keys that begin so.
    pub prefix: &'q str,
    pub index: Option<Index>,
    pub filter: Option<Expression>,
    pub newest_first: bool,
}

/// A page of items, and the last one that was looked at, if there are more after it.
pub struct Items {
    pub items: Vec<Item>,
    pub last: Option<Item>,
}

impl Table {
    /// Strongly consistent: what a create answered is readable at once.
    pub(crate) async fn get(&self, key: &ItemKey) -> Result<Option<Item>> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(refused)?;
        Ok(answer.item)
    }

    /// Several items in one request, as consistent as `get`; those that are there, in any order.
    pub(crate) async fn get_all(&self, keys: &[ItemKey]) -> Result<Vec<Item>> {
        self.get_parts_of_all(keys, &[]).await
    }

    /// As `get_all`, but only these attributes of each item; all, if none is named.
    pub(crate) async fn get_parts_of_all(&self, keys: &[ItemKey], attributes: &[&str]) -> Result<Vec<Item>> {
        // By placeholders: several of the names are reserved words.
        let placeholders: Vec<String> = (0..attributes.len()).map(|index| format!("#a{index}")).collect();
        let projection = (!attributes.is_empty()).then(|| placeholders.join(", "));
        let named = attributes.iter().map(|name| (*name).to_owned());
        let names: Option<HashMap<_, _>> =
            (!attributes.is_empty()).then(|| placeholders.into_iter().zip(named).collect());
        let mut items = Vec::new();
        for keys in keys.chunks(BATCH) {
            let mut wanted = Some(keys.iter().map(ItemKey::attributes).collect::<Vec<_>>());
            for _ in 0..TRIES {
                let Some(keys) = wanted.take() else { break };
                let all = KeysAndAttributes::builder()
                    .set_keys(Some(keys))
                    .set_projection_expression(projection.clone())
                    .set_expression_attribute_names(names.clone())
                    .consistent_read(true);
                let all = all.build().map_err(|e| Error::Internal(e.to_string()))?;
                let batch = self.client.batch_get_item().request_items(&self.name, all);
                let mut answer = batch.send().await.map_err(refused)?;
                items.extend(
                    answer
                        .responses
                        .as_mut()
                        .and_then(|tables| tables.remove(&self.name))
                        .unwrap_or_default(),
                );
                // What a busy partition did not give is asked for again.
                wanted = answer
                    .unprocessed_keys
                    .and_then(|mut tables| tables.remove(&self.name))
                    .map(|rest| rest.keys);
            }
            if wanted.is_some() {
                return Err(Error::Unavailable("the table gives only some of the items".into()));
            }
        }
        Ok(items)
    }

    /// The one item of an index with a partition key only.
    pub(crate) async fn find<T: DeserializeOwned>(&self, index: Index, partition: String) -> Result<Option<T>> {
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(index.name())
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", index.partition_attribute())
            .expression_attribute_values(":pk", s(partition))
            .limit(1)
            .send()
            .await
            .map_err(refused)?;
        answer.items.unwrap_or_default().pop().map(from_item).transpose()
    }

    pub(crate) async fn page(&self, query: Query<'_>, request: &PageRequest, start: Option<Item>) -> Result<Items> {
        let (pk, sk) = match query.index {
            Some(index) => (index.partition_attribute(), index.sort_attribute()),
            None => ("pk", Some("sk")),
        };
        let mut call = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(query.index.map(|index| index.name().to_owned()))
            .expression_attribute_names("#pk", pk)
            .expression_attribute_values(":pk", s(query.partition))
            .scan_index_forward(!query.newest_first)
            .consistent_read(query.index.is_none())
            .set_exclusive_start_key(start);
        let mut condition = "#pk = :pk".to_owned();
        if let (Some(sk), false) = (sk, query.prefix.is_empty()) {
            condition.push_str(" AND begins_with(#sk, :prefix)");
            call = call
                .expression_attribute_names("#sk", sk)
                .expression_attribute_values(":prefix", s(query.prefix));
        }
        call = call.key_condition_expression(condition);
        // One more than asked for: whether there is a next page is known without asking for it.
        let mut look_at = i32::from(request.limit) + 1;
        if let Some(filter) = query.filter {
            look_at = FILTERED_AT_ONCE;
            call = call.filter_expression(filter.text);
            for (name, value) in filter.values {
                // `:type` is compared with `#type`: several of the fields' names are reserved words.
                let field = name.trim_start_matches(':');
                call = call
                    .expression_attribute_names(format!("#{field}"), field)
                    .expression_attribute_values(name, value);
            }
        }
        let answer = call.limit(look_at).send().await.map_err(refused)?;
        let mut items = answer.items.unwrap_or_default();
        let mut last = answer.last_evaluated_key.filter(|key| !key.is_empty());
        let limit = usize::from(request.limit);
        if items.len() > limit {
            items.truncate(limit);
            last = items.last().cloned();
        }
        Ok(Items { items, last })
    }
}

impl Table {
    /// A page of one of the table's own partitions. A position in it is a sort key.
    pub(crate) async fn page_of_partition(
        &self,
        query: Query<'_>,
        request: &PageRequest,
    ) -> Result<(Vec<Item>, Option<String>)> {
        let start = request.after.as_ref().map(|sk| {
            let key = [(keys::PK, &query.partition), (keys::SK, sk)];
            key.map(|(name, value)| (name.to_owned(), s(value))).into()
        });
        let page = self.page(query, request, start).await?;
        let next = match &page.last {
            Some(last) => Some(text(last, keys::SK)?.to_owned()),
            None => None,
        };
        Ok((page.items, next))
    }

    /// A page of what an owner has of one kind. An empty first page may be the page of an owner that isn't there: only then is it worth
    /// a second request to tell.
    pub(crate) async fn page_of_children<T: DeserializeOwned>(
        &self,
        owner: Owner,
        prefix: &str,
        filter: Option<Expression>,
        newest_first: bool,
        request: &PageRequest,
    ) -> Result<(Vec<T>, Option<String>)> {
        let (children, next) = self.page_of(owner, prefix, filter, newest_first, request).await?;
        if children.is_empty() && next.is_none() && request.after.is_none() {
            let customer = owner.tenant().key();
            let (key, kind) = match owner.client() {
                Some(client) => (keys::client(customer, client), EntityKind::Client),
                None => (keys::customer(customer), EntityKind::Customer),
            };
            if self.get(&key).await?.is_none() {
                return Err(Error::NotFound(kind));
            }
        }
        Ok((children, next))
    }

    /// As `page_of_children`, of an owner that may be gone.
    pub(crate) async fn page_of<T: DeserializeOwned>(
        &self,
        owner: Owner,
        prefix: &str,
        filter: Option<Expression>,
        newest_first: bool,
        request: &PageRequest,
    ) -> Result<(Vec<T>, Option<String>)> {
        let query = Query {
            partition: keys::owner_partition(owner),
            prefix,
            index: None,
            filter,
            newest_first,
        };
        let (items, next) = self.page_of_partition(query, request).await?;
        let children = items.into_iter().map(from_item).collect::<Result<_>>()?;
        Ok((children, next))
    }
}

/// A text attribute that every item of this kind has.
pub fn text<'i>(item: &'i Item, name: &str) -> Result<&'i str> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| Error::Internal(format!("an item lacks its {name}")))
}

impl Table {
    pub const ANSWERED_BEFORE: Operation = Operation::new(&[Grant::on(Family::Idempotency, Action::GetItem)], &[]);
    /// The answer that was given before to this idempotency key, if there was one.
    pub async fn answered_before(&self, key: &IdempotencyKey, now: Timestamp) -> Result<Option<Replay>> {
        match self.get(&keys::idempotency(&key.id)).await? {
            Some(item) => key.answered_before(item, now),
            None => Ok(None),
        }
    }
}
