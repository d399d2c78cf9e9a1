//! Reads of items by their keys.

use crate::{
    Action, Grant, IdempotencyKey, Operation, Table,
    attempt::{TRIES, pause_after},
    item::Item,
    keys::{self, Family, ItemKey},
    query::project,
    write::sdk_error,
};
use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::{Error, Replay, Result, Timestamp};

/// The limit of `BatchGetItem`.
const BATCH: usize = 100;

impl Table {
    /// Strongly consistent: a created entity can be read at once.
    pub(crate) async fn get(&self, key: &ItemKey) -> Result<Option<Item>> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(sdk_error)?;
        Ok(answer.item)
    }

    pub(crate) async fn exists(&self, key: &ItemKey) -> Result<bool> {
        Ok(self.get(key).await?.is_some())
    }

    /// Several items in one request, strongly consistent, in any order. Items that do not exist are left out.
    pub(crate) async fn get_all(&self, keys: &[ItemKey]) -> Result<Vec<Item>> {
        self.get_parts_of_all(keys, &[]).await
    }

    /// Like `get_all`, with only these attributes of each item; with all, if none is named.
    pub(crate) async fn get_parts_of_all(&self, keys: &[ItemKey], attributes: &[&str]) -> Result<Vec<Item>> {
        let (projection, names) = project(attributes);
        let mut items = Vec::new();
        for keys in keys.chunks(BATCH) {
            let mut wanted = Some(keys.iter().map(ItemKey::attributes).collect::<Vec<_>>());
            for tried in 0..TRIES {
                let Some(keys) = wanted.take() else { break };
                pause_after(tried).await;
                let all = KeysAndAttributes::builder()
                    .set_keys(Some(keys))
                    .set_projection_expression(projection.clone())
                    .set_expression_attribute_names(names.clone())
                    .consistent_read(true);
                let all = all.build().map_err(|e| Error::Internal(e.to_string()))?;
                let batch = self.client.batch_get_item().request_items(&self.name, all);
                let mut answer = batch.send().await.map_err(sdk_error)?;
                items.extend(
                    answer
                        .responses
                        .as_mut()
                        .and_then(|tables| tables.remove(&self.name))
                        .unwrap_or_default(),
                );
                // Items of a throttled partition are requested again.
                wanted = answer
                    .unprocessed_keys
                    .and_then(|mut tables| tables.remove(&self.name))
                    .map(|rest| rest.keys);
            }
            if wanted.is_some() {
                return Err(Error::Unavailable("the table returned only some of the items".into()));
            }
        }
        Ok(items)
    }

    pub const ANSWERED_BEFORE: Operation = Operation::new(&[Grant::on(Family::Idempotency, Action::GetItem)], &[]);
    /// The stored answer to this idempotency key, if there is one.
    pub async fn answered_before(&self, key: &IdempotencyKey, now: Timestamp) -> Result<Option<Replay>> {
        match self.get(&keys::idempotency(&key.id)).await? {
            Some(item) => key.answered_before(item, now),
            None => Ok(None),
        }
    }
}
