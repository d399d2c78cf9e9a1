//! API keys. Each belongs to a partition. The hash of its secret is stored in its item, and is not part of the entity.

mod expire;
mod stored;
mod verify;

use crate::{
    Change, Operation, PageRequest, Table,
    attempt::{Attempt, retry},
    expression::Expression,
    item::s,
    keys,
    operation::on_customer::{CHECK, GET, PUT, QUERY},
    parts::enabled,
    query::Query,
    write::{Failed, expect_version, version_error},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    ApiKeyId, Code, Entity, Error, Kind, PartitionKey, Result, Tenant, Timestamp,
    api_key::{ApiKey, Status},
    customer::Customer,
    partition::Partition,
    plaintext::Secret,
};
use serde_json::{Map, Value};
use stored::Stored;

pub struct ApiKeys<'t>(&'t Table);

/// The filter of a list.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyFilter {
    /// For the list of a customer's keys.
    #[serde(skip_serializing)]
    pub partition_key: Option<PartitionKey>,
    pub foreign_key: Option<String>,
    #[serde(skip_serializing)]
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
        let query = of_partition(tenant, partition).filter(filter.expression(now)?);
        let (keys, next) = self.0.page_of(&query, request).await?;
        if keys.is_empty() && next.is_none() && request.after.is_none() {
            self.expect_partition(tenant, partition).await?;
        }
        Ok((keys, next))
    }

    /// The first page of a partition's keys may be empty because there is no such partition.
    async fn expect_partition(&self, tenant: Tenant, partition: PartitionKey) -> Result<()> {
        let key = keys::part(tenant.itself(), partition);
        self.0
            .get(&key)
            .await?
            .map(drop)
            .ok_or(Error::NotFound(Partition::KIND))
    }

    pub const LIST_OF_CUSTOMER: Operation = Operation::new(&[QUERY, GET], &[]);
    /// The keys of all of a customer's partitions, one partition after the other.
    pub async fn list_of_customer(
        &self,
        tenant: Tenant,
        filter: &ApiKeyFilter,
        now: Timestamp,
        request: &PageRequest,
    ) -> Result<(Vec<ApiKey>, Option<String>)> {
        let query = match filter.partition_key {
            Some(partition) => of_partition(tenant, partition),
            None => of_customer(tenant),
        };
        let query = query.filter(filter.expression(now)?);
        self.0.page_of_children(tenant.itself(), &query, request).await
    }

    /// Whether a partition has a key that works. Reads until it finds one.
    pub(crate) async fn has_active(&self, tenant: Tenant, partition: PartitionKey, now: Timestamp) -> Result<bool> {
        let filter = ApiKeyFilter {
            status: Some(Status::Active),
            ..ApiKeyFilter::default()
        };
        let query = of_partition(tenant, partition)
            .filter(filter.expression(now)?)
            .attributes(&[keys::SK])
            .newest_first();
        let mut walk = self.0.walk(query);
        while let Some(keys) = walk.next().await? {
            if !keys.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
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
            .map_err(error_of)
    }

    pub const PATCH: Operation = Operation::new(&[GET, CHECK, PUT], &[Code::CustomerDisabled]);
    /// Applies a checked patch. Nothing is written if it changes nothing.
    pub async fn patch(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        key: ApiKeyId,
        patch: &Map<String, Value>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<ApiKey> {
        retry(|| async move {
            let before = self.expect(tenant, partition, key, expected).await?;
            let Some(after) = before.key.patched(patch, change.now, &change.actor)? else {
                return Ok(Attempt::Done(before.key));
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
            tx.commit_or_retry(expected, error_of, after).await
        })
        .await
    }

    pub const ROTATE: Operation = Operation::new(
        &[GET, CHECK, PUT],
        &[Code::Conflict, Code::CustomerDisabled, Code::SecretAlreadyDelivered],
    );
    /// Creates a key's successor. Of two concurrent rotations one succeeds: both write the same version of the old key.
    #[allow(
        clippy::too_many_arguments,
        reason = "the key, the overlap, and the parts of the new key"
    )]
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
        retry(|| async move {
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
            tx.commit_or_retry(expected, error_of, new).await
        })
        .await
    }

    pub const EXPIRE: Operation = Operation::new(&[GET, PUT], &[]);
    /// Expires a key now. An expired key stays unchanged. The customer may be disabled: a key can always be expired.
    pub async fn expire(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        key: ApiKeyId,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<ApiKey> {
        retry(|| async move {
            let before = self.expect(tenant, partition, key, expected).await?;
            let Some(after) = before.key.expired(change.now, &change.actor) else {
                return Ok(Attempt::Done(before.key));
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
            tx.commit_or_retry(expected, error_of, after).await
        })
        .await
    }

    async fn stored(&self, tenant: Tenant, partition: PartitionKey, key: ApiKeyId) -> Result<Stored> {
        match self.0.get(&keys::api_key(tenant.key(), partition, key)).await? {
            Some(item) => Stored::read(item),
            None => Err(Error::NotFound(ApiKey::KIND)),
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
    /// Filters by `expiresAt`, not by the written `status`: that is updated up to a minute later.
    fn expression(&self, now: Timestamp) -> Result<Expression> {
        let status = match self.status {
            None => Expression::default(),
            Some(Status::Active) => Expression::new("#expiresAt > :expiresAt").with(":expiresAt", s(now.to_string())),
            Some(Status::Expired) => Expression::new("#expiresAt <= :expiresAt").with(":expiresAt", s(now.to_string())),
        };
        Ok(Expression::matches(self)?.and(status))
    }
}

/// A key that stopped working with its customer must not get a successor, even before it is written as expired.
fn not_disabled_since(key: &ApiKey) -> Expression {
    enabled().and(
        Expression::new("(attribute_not_exists(apiKeysEndedAt) OR apiKeysEndedAt < :createdAt)")
            .with(":createdAt", s(key.meta.created_at.to_string())),
    )
}

fn of_partition(tenant: Tenant, partition: PartitionKey) -> Query<'static> {
    Query::of_owner(tenant.itself()).starting_with(keys::api_keys_of(partition))
}

fn of_customer(tenant: Tenant) -> Query<'static> {
    Query::of_owner(tenant.itself()).starting_with(keys::prefix(ApiKey::KIND))
}

fn error_of(failed: Failed) -> Error {
    match failed {
        Failed::Condition("customer", None) => Error::NotFound(Customer::KIND),
        Failed::Condition("customer", Some(item)) if item.get("isDisabled") == Some(&AttributeValue::Bool(false)) => {
            Error::Conflict {
                field: "status",
                reason: "the key stopped working when its customer was disabled; create a new one",
            }
        }
        Failed::Condition("customer", Some(_)) => Error::CustomerDisabled,
        Failed::Condition("partition", _) => Error::NotFound(Partition::KIND),
        Failed::Condition("key", old) => version_error::<ApiKey>(old),
        Failed::Condition(name, _) => Error::Internal(format!("the condition on {name} failed unexpectedly")),
        Failed::Other(error) => error,
    }
}
