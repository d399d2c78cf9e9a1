//! Expiring many keys.

use super::{ApiKeys, error_of, of_customer, of_partition, stored::Stored};
use crate::{
    Change, Grant, Operation, PageRequest, Step,
    attempt::{Attempt, retry},
    expression::Expression,
    item::{Item, from_item, s, text},
    keys::{self, Family, Index},
    operation::on_customer::{GET, PUT, QUERY},
    query::Query,
    write::{Failed, Transaction},
};
use domain::{CustomerKey, Error, PartitionKey, Result, Tenant, customer::Customer};
use serde::Serialize;

/// How many keys one step expires at most. A transaction takes 100 items, and one of them may be an idempotency key.
const PAGE: u8 = 99;

impl ApiKeys<'_> {
    pub const EXPIRE_FOREIGN: Operation = Operation::new(&[QUERY, GET, PUT], &[]);
    /// Expires a page of the keys of a partition with this foreign key. `answer` gets how many, and the position of the next page. Its
    /// result is stored with the idempotency key, in the same transaction.
    pub async fn expire_foreign<T: Serialize>(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        foreign_key: &str,
        request: &PageRequest,
        answer: impl Fn(usize, Option<String>) -> T,
        change: &Change,
    ) -> Result<T> {
        let wanted = Expression::new("#foreignKey = :foreignKey").with(":foreignKey", s(foreign_key));
        let query = &of_partition(tenant, partition).filter(active().and(wanted));
        let answer = &answer;
        retry(|| async move {
            let (found, next) = self.page_to_expire(query, request.limit, request.after.clone()).await?;
            if found.is_empty() && next.is_none() && request.after.is_none() {
                self.expect_partition(tenant, partition).await?;
            }
            let answer = answer(found.len(), next);
            if found.is_empty() {
                return Ok(Attempt::Done(answer));
            }
            let tx = self.0.transaction(change).remember_answer(200, &answer, None)?;
            match expire_in(tx, tenant.key(), &found, change)?.commit().await {
                Ok(()) => Ok(Attempt::Done(answer)),
                // One of them was changed.
                Err(Failed::Condition("key", _)) => Ok(Attempt::Again(())),
                Err(failed) => Err(error_of(failed)),
            }
        })
        .await
    }

    pub const PARTITION_DELETED: Operation = Operation::new(&[GET, QUERY, PUT], &[]);
    /// A partition was deleted: expires a page of its keys. It never comes back, because its key is used only once.
    pub async fn partition_deleted(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        from: Option<String>,
        change: &Change,
    ) -> Result<Step> {
        if self.0.exists(&keys::partition(tenant.key(), partition)).await? {
            return Ok(Step::Nothing("the partition exists"));
        }
        let query = of_partition(tenant, partition).filter(active());
        self.expire_page(tenant, &query, from, change).await
    }

    pub const CUSTOMER_DISABLED: Operation = Operation::new(&[GET, QUERY, PUT], &[]);
    /// A customer was disabled: expires a page of the keys that existed then. The customer holds the time when it was disabled, so the
    /// result is the same even if it is enabled again.
    pub async fn customer_disabled(&self, tenant: Tenant, from: Option<String>, change: &Change) -> Result<Step> {
        let Some(item) = self.0.get(&keys::customer(tenant.key())).await? else {
            return Ok(Step::Nothing("the customer was deleted, and its partitions with it"));
        };
        let Some(ended_at) = from_item::<Customer>(item)?.api_keys_ended_at else {
            return Ok(Step::Nothing("the customer was never disabled"));
        };
        let existed_then = Expression::new("#createdAt <= :createdAt").with(":createdAt", s(ended_at.to_string()));
        let query = of_customer(tenant).filter(active().and(existed_then));
        self.expire_page(tenant, &query, from, change).await
    }

    pub const EXPIRE_DUE: Operation = Operation::new(&[Grant::query(Index::ExpiringKeys, Family::Expiring), PUT], &[]);
    /// Expires a page of the keys of one shard that have reached their expiry. The result is whether there may be more.
    pub async fn expire_due(&self, shard: u8, change: &Change) -> Result<bool> {
        let due = Query::of(keys::expiring_keys(shard))
            .index(Index::ExpiringKeys)
            .up_to(change.now.to_string());
        let items = self.0.first(&due, PAGE).await?;
        let is_full = items.len() == usize::from(PAGE);
        for item in items {
            let customer = customer_of(&item)?;
            let before = Stored::read(item)?;
            let Some(after) = before.key.expired(change.now, &change.actor) else {
                continue;
            };
            let put = self.0.transaction(change).put(
                "key",
                before.with(&after).item(customer, change)?,
                Expression::version_is(before.key.meta.version),
            );
            match put.commit().await {
                // It was changed or deleted, and the index is not up to date, or is being changed. The next run reads it again.
                Ok(()) | Err(Failed::Condition(..) | Failed::Other(Error::Contended)) => {}
                Err(Failed::Other(error)) => return Err(error),
            }
        }
        Ok(is_full)
    }

    async fn page_to_expire(
        &self,
        query: &Query<'_>,
        limit: u8,
        after: Option<String>,
    ) -> Result<(Vec<Stored>, Option<String>)> {
        let page = PageRequest {
            limit: limit.min(PAGE),
            after,
        };
        let (items, next) = self.0.page_of_partition(query, &page).await?;
        let found = items.into_iter().map(Stored::read).collect::<Result<_>>()?;
        Ok((found, next))
    }

    async fn expire_page(
        &self,
        tenant: Tenant,
        query: &Query<'_>,
        from: Option<String>,
        change: &Change,
    ) -> Result<Step> {
        let (found, next) = self.page_to_expire(query, PAGE, from).await?;
        if !found.is_empty() {
            let tx = expire_in(self.0.transaction(change), tenant.key(), &found, change)?;
            tx.commit().await.map_err(|failed| match failed {
                // One of them was changed. The next attempt reads it again.
                Failed::Condition(..) => Error::Contended,
                Failed::Other(error) => error,
            })?;
        }
        Ok(next.map_or(Step::Done, Step::More))
    }
}

/// Adds the expiry of these keys to a transaction.
fn expire_in<'c>(
    mut tx: Transaction<'c>,
    customer: CustomerKey,
    found: &[Stored],
    change: &Change,
) -> Result<Transaction<'c>> {
    for before in found {
        if let Some(after) = before.key.expired(change.now, &change.actor) {
            let item = before.with(&after).item(customer, change)?;
            tx = tx.put("key", item, Expression::version_is(before.key.meta.version));
        }
    }
    Ok(tx)
}

fn active() -> Expression {
    Expression::new("#status = :status").with(":status", s("Active"))
}

fn customer_of(item: &Item) -> Result<CustomerKey> {
    let pk = text(item, keys::PK)?;
    let (customer, _) =
        keys::owner_of_partition(pk).ok_or_else(|| Error::Internal(format!("{pk} is not a customer's partition")))?;
    Ok(customer)
}
