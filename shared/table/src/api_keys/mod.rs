//! API keys: of a partition each. What is kept of a secret is its hash, beside the key and never in it.

mod expire;
mod stored;
mod verify;

use crate::{
    Change, Operation, PageRequest, Table,
    item::{from_item, s},
    keys,
    operation::on_customer::{CHECK, GET, PUT, QUERY},
    parts::enabled,
    read::Query,
    write::{Expression, Failed, TRIES, busy, expect_version, is_through, moved_on},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    ApiKeyId, Code, CustomerKey, Entity, EntityKind, Error, PartitionKey, Result, Tenant, Timestamp,
    api_key::{ApiKey, Status},
    plaintext::Secret,
};
use serde_json::{Map, Value};
use stored::Stored;

pub struct ApiKeys<'t>(&'t Table);

/// What a list may be narrowed to.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyFilter {
    pub foreign_key: Option<String>,
    pub status: Option<Status>,
}

impl Table {
    pub fn api_keys(&self) -> ApiKeys<'_> {
        ApiKeys(self)
    }
}

impl ApiKeys<'_> {
    pub const GET: Operation = Operation::new(&[GET], &[]);
    pub async fn get(&self, tenant: Tenant, partition: PartitionKey, key: ApiKeyId) -> Result<ApiKey> {
        Ok(self.stored(tenant, partition, key).await?.key)
    }

    pub const LIST: Operation = Operation::new(&[QUERY, GET], &[]);
    pub async fn list(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        filter: &ApiKeyFilter,
        now: Timestamp,
        request: &PageRequest,
    ) -> Result<(Vec<ApiKey>, Option<String>)> {
        let query = of_partition(tenant.key(), partition, filter.expression(now));
        let (items, next) = self.0.page_of_partition(query, request).await?;
        if items.is_empty() && next.is_none() && request.after.is_none() {
            // An empty first page may be that of a partition that isn't there.
            let key = keys::part(tenant.itself(), partition);
            self.0.get(&key).await?.ok_or(Error::NotFound(EntityKind::Partition))?;
        }
        let keys = items.into_iter().map(from_item).collect::<Result<_>>()?;
        Ok((keys, next))
    }

    pub const CREATE: Operation =
        Operation::new(&[CHECK, PUT], &[Code::CustomerDisabled, Code::SecretAlreadyDelivered]);
    pub async fn create(&self, tenant: Tenant, key: &ApiKey, secret: &Secret, change: &Change) -> Result<()> {
        let stored = Stored {
            key: key.clone(),
            hash: secret.hash(),
        };
        self.0
            .transaction(change)
            .remember_secret_of(key.key)?
            .check("customer", &keys::customer(tenant.key()), enabled())
            .check(
                "partition",
                &keys::part(tenant.itself(), key.partition_key),
                Expression::exists(),
            )
            .put("key", stored.item(tenant.key(), change)?, Expression::absent())
            .commit()
            .await
            .map_err(meaning)
    }

    pub const PATCH: Operation = Operation::new(&[GET, CHECK, PUT], &[Code::CustomerDisabled]);
    /// Lays a checked patch over a key. A patch that changes nothing writes nothing.
    pub async fn patch(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        key: ApiKeyId,
        patch: &Map<String, Value>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<ApiKey> {
        for _ in 0..TRIES {
            let before = self.expect(tenant, partition, key, expected).await?;
            let Some(after) = before.key.patched(patch, change.now, &change.actor)? else {
                return Ok(before.key);
            };
            let tx = self
                .0
                .transaction(change)
                .check("customer", &keys::customer(tenant.key()), enabled())
                .put(
                    "key",
                    before.with(&after).item(tenant.key(), change)?,
                    Expression::version_is(before.key.meta.version),
                );
            if is_through(tx.commit().await.map_err(meaning), expected)? {
                return Ok(after);
            }
        }
        Err(busy())
    }

    pub const ROTATE: Operation = Operation::new(
        &[GET, CHECK, PUT],
        &[Code::Conflict, Code::CustomerDisabled, Code::SecretAlreadyDelivered],
    );
    /// Makes a key's successor. Of two who do at once one does: both write the same version of the old key.
    #[allow(clippy::too_many_arguments, reason = "which key, how, and the new one's parts")]
    pub async fn rotate(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        key: ApiKeyId,
        overlap: i64,
        (successor, secret): (ApiKeyId, &Secret),
        expected: Option<u64>,
        change: &Change,
    ) -> Result<ApiKey> {
        for _ in 0..TRIES {
            let before = self.expect(tenant, partition, key, expected).await?;
            let (old, new) = before.key.rotated(successor, overlap, change.now, &change.actor)?;
            let stored = Stored {
                key: new.clone(),
                hash: secret.hash(),
            };
            let tx = self
                .0
                .transaction(change)
                .remember_secret_of(successor)?
                .check(
                    "customer",
                    &keys::customer(tenant.key()),
                    not_disabled_since(&before.key),
                )
                .check(
                    "partition",
                    &keys::part(tenant.itself(), partition),
                    Expression::exists(),
                )
                .put(
                    "key",
                    before.with(&old).item(tenant.key(), change)?,
                    Expression::version_is(before.key.meta.version),
                )
                .put("successor", stored.item(tenant.key(), change)?, Expression::absent());
            if is_through(tx.commit().await.map_err(meaning), expected)? {
                return Ok(new);
            }
        }
        Err(busy())
    }

    pub const EXPIRE: Operation = Operation::new(&[GET, PUT], &[]);
    /// Ends a key now. One that has ended stays as it is. A disabled customer's too: nobody must wait to end a key.
    pub async fn expire(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        key: ApiKeyId,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<ApiKey> {
        for _ in 0..TRIES {
            let before = self.expect(tenant, partition, key, expected).await?;
            let Some(after) = before.key.expired(change.now, &change.actor) else {
                return Ok(before.key);
            };
            let tx = self
                .0
                .transaction(change)
                .remember_answer(200, &after, after.meta.version)?
                .put(
                    "key",
                    before.with(&after).item(tenant.key(), change)?,
                    Expression::version_is(before.key.meta.version),
                );
            if is_through(tx.commit().await.map_err(meaning), expected)? {
                return Ok(after);
            }
        }
        Err(busy())
    }

    async fn stored(&self, tenant: Tenant, partition: PartitionKey, key: ApiKeyId) -> Result<Stored> {
        match self.0.get(&keys::api_key(tenant.key(), partition, key)).await? {
            Some(item) => Stored::read(item),
            None => Err(Error::NotFound(EntityKind::ApiKey)),
        }
    }

    async fn expect(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        key: ApiKeyId,
        expected: Option<u64>,
    ) -> Result<Stored> {
        let stored = self.stored(tenant, partition, key).await?;
        expect_version(expected, stored.key.meta.version)?;
        Ok(stored)
    }
}

impl ApiKeyFilter {
    /// By the moment, not by what was last written of it: a key that ended a second ago has ended.
    fn expression(&self, now: Timestamp) -> Option<Expression> {
        let mut parts = Vec::new();
        let mut filter = Expression::default();
        if let Some(foreign_key) = &self.foreign_key {
            parts.push("#foreignKey = :foreignKey");
            filter = filter.with(":foreignKey", s(foreign_key));
        }
        if let Some(status) = self.status {
            parts.push(match status {
                Status::Active => "#expiresAt > :expiresAt",
                Status::Expired => "#expiresAt <= :expiresAt",
            });
            filter = filter.with(":expiresAt", s(now.to_string()));
        }
        filter.text = parts.join(" AND ");
        (!parts.is_empty()).then_some(filter)
    }
}

/// A key that ended with its customer must have no successor, though nobody has written that down yet.
fn not_disabled_since(key: &ApiKey) -> Expression {
    let enabled = enabled();
    let since = "(attribute_not_exists(apiKeysEndedAt) OR apiKeysEndedAt < :made)";
    Expression {
        text: format!("{} AND {since}", enabled.text),
        ..enabled
    }
    .with(":made", s(key.meta.created_at.to_string()))
}

fn of_partition(customer: CustomerKey, partition: PartitionKey, filter: Option<Expression>) -> Query<'static> {
    Query {
        partition: keys::api_key_partition(customer, partition),
        prefix: keys::API_KEY_PREFIX,
        index: None,
        filter,
        newest_first: false,
    }
}

fn meaning(failed: Failed) -> Error {
    match failed {
        Failed::Condition("customer", None) => Error::NotFound(EntityKind::Customer),
        Failed::Condition("customer", Some(item)) if item.get("isDisabled") == Some(&AttributeValue::Bool(false)) => {
            Error::Conflict {
                field: "status",
                reason: "the key ended when its customer was disabled; make a new one",
            }
        }
        Failed::Condition("customer", Some(_)) => Error::CustomerDisabled,
        Failed::Condition("partition", _) => Error::NotFound(EntityKind::Partition),
        Failed::Condition("key", old) => moved_on::<ApiKey>(old),
        Failed::Condition(name, _) => Error::Internal(format!("a condition on {name} failed that should not")),
        Failed::Other(error) => error,
    }
}
