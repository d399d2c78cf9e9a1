//! Expiring many keys.

use super::{ApiKeys, of_partition, stored::Stored};
use crate::{
    Change, Grant, Operation, PageRequest, Step,
    expression::Expression,
    item::{Item, from_item, s, text},
    keys::{self, Family, Index},
    operation::on_customer::{GET, PUT, QUERY},
    query::Query,
    write::Failed,
};
use domain::{CustomerKey, Error, Kind, PartitionKey, Result, Tenant, customer::Customer, partition::Partition};

/// How many keys one step expires at most, and how many one transaction does.
const PAGE: u8 = 100;

const AT_ONCE: usize = 50;

/// How many partitions without active keys one step skips at most.
const EMPTY_AT_ONCE: usize = 25;

impl ApiKeys<'_> {
    pub const EXPIRE_FOREIGN: Operation = Operation::new(&[QUERY, PUT], &[]);
    /// Expires a page of the keys of a partition with this foreign key. The result is how many, and the position of the next page.
    pub async fn expire_foreign(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        foreign_key: &str,
        request: &PageRequest,
        change: &Change,
    ) -> Result<(usize, Option<String>)> {
        let filter = active().and(Expression::new("#foreignKey = :foreignKey").with(":foreignKey", s(foreign_key)));
        self.expire_page(tenant.key(), partition, filter, request, change).await
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
        let page = PageRequest {
            limit: PAGE,
            after: from,
        };
        let (_, next) = self
            .expire_page(tenant.key(), partition, active(), &page, change)
            .await?;
        Ok(next.map_or(Step::Done, Step::More))
    }

    pub const CUSTOMER_DISABLED: Operation = Operation::new(&[GET, QUERY, PUT], &[]);
    /// A customer was disabled: expires a page of the keys that existed then, partition by partition. The customer holds the time when it was
    /// disabled, so the result is the same even if it is enabled again.
    pub async fn customer_disabled(&self, tenant: Tenant, from: Option<&str>, change: &Change) -> Result<Step> {
        let Some(item) = self.0.get(&keys::customer(tenant.key())).await? else {
            return Ok(Step::Nothing("the customer was deleted, and its partitions with it"));
        };
        let Some(ended_at) = from_item::<Customer>(item)?.api_keys_ended_at else {
            return Ok(Step::Nothing("the customer was never disabled"));
        };
        let existed_then = Expression::new("#createdAt <= :createdAt").with(":createdAt", s(ended_at.to_string()));
        let filter = active().and(existed_then);
        let (mut partition, mut after) = match from {
            None => (self.partition_after(tenant, None).await?, None),
            Some(cursor) => read_cursor(cursor)?,
        };
        for _ in 0..EMPTY_AT_ONCE {
            let Some(key) = partition else { return Ok(Step::Done) };
            let page = PageRequest {
                limit: PAGE,
                after: after.take(),
            };
            let (expired, next) = self
                .expire_page(tenant.key(), key, filter.clone(), &page, change)
                .await?;
            if let Some(next) = next {
                return Ok(Step::More(format!("{key}|{next}")));
            }
            partition = self.partition_after(tenant, Some(key)).await?;
            if expired > 0 {
                break;
            }
        }
        Ok(partition.map_or(Step::Done, |key| Step::More(format!("{key}|"))))
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

    async fn expire_page(
        &self,
        customer: CustomerKey,
        partition: PartitionKey,
        filter: Expression,
        request: &PageRequest,
        change: &Change,
    ) -> Result<(usize, Option<String>)> {
        let query = of_partition(customer, partition, filter);
        let (items, next) = self.0.page_of_partition(&query, request).await?;
        let found: Vec<Stored> = items.into_iter().map(Stored::read).collect::<Result<_>>()?;
        for some in found.chunks(AT_ONCE) {
            let mut tx = self.0.transaction(change);
            for before in some {
                let Some(after) = before.key.expired(change.now, &change.actor) else {
                    continue;
                };
                tx = tx.put(
                    "key",
                    before.with(&after).item(customer, change)?,
                    Expression::version_is(before.key.meta.version),
                );
            }
            tx.commit().await.map_err(|failed| match failed {
                // One of them was changed. The next attempt reads it again.
                Failed::Condition(..) => Error::Contended,
                Failed::Other(error) => error,
            })?;
        }
        Ok((found.len(), next))
    }

    async fn partition_after(&self, tenant: Tenant, after: Option<PartitionKey>) -> Result<Option<PartitionKey>> {
        let page = PageRequest {
            limit: 1,
            after: after.map(|key| keys::part(tenant.itself(), key).sk),
        };
        let partitions = Query::of_owner(tenant.itself()).starting_with(keys::prefix(Partition::KIND));
        let (mut found, _): (Vec<Partition>, _) = self.0.page_of(&partitions, &page).await?;
        Ok(found.pop().map(|partition| partition.key))
    }
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

fn read_cursor(cursor: &str) -> Result<(Option<PartitionKey>, Option<String>)> {
    let damaged = || Error::invalid("cursor", "was not issued by this task");
    let (partition, after) = cursor.split_once('|').ok_or_else(damaged)?;
    let partition = partition.parse().map_err(|_| damaged())?;
    Ok((Some(partition), (!after.is_empty()).then(|| after.to_owned())))
}
