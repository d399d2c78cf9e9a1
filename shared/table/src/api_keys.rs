//! API keys: of a partition each. What is kept of a secret is its hash, beside the key and never in it.

use crate::{
    Change, Grant, Operation, PageRequest, Table,
    cascades::Step,
    item::{Item, entity_item, from_item, n, s},
    keys::{self, Family, Index, TTL},
    operation::on_customer::{BATCH_GET, CHECK, GET, PUT, QUERY, UPDATE},
    parts::enabled,
    read::Query,
    write::{Expression, Failed, TRIES, busy, expect_version, is_through, moved_on, refused},
};
use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    ApiKeyId, Code, CustomerKey, Entity, EntityKind, Error, PartitionKey, Result, Tenant, Timestamp,
    api_key::{ApiKey, Credential, KEPT_SECONDS, Standing, Status, Verified},
    customer::Customer,
    partition::Partition,
    plaintext::{Plaintext, Secret},
};
use serde_json::{Map, Value};

const HASH: &str = "hash";

/// How many keys one step expires at most, and how many of them in one transaction.
const PAGE: u8 = 100;
const AT_ONCE: usize = 50;
/// How many partitions without a key one step passes.
const EMPTY_AT_ONCE: usize = 25;

pub struct ApiKeys<'t>(&'t Table);

/// A key as the table has it.
#[derive(Clone)]
struct Stored {
    key: ApiKey,
    hash: [u8; 32],
}

/// As much of a key as verification looks at.
struct Looked {
    key: Credential,
    hash: [u8; 32],
}

/// Of key, partition and customer together.
const LOOKED_AT: &[&str] = &[
    keys::SK,
    HASH,
    "environment",
    "kind",
    "scopes",
    "foreignKey",
    "status",
    "expiresAt",
    "lastUsedOn",
    "createdAt",
    "isDisabled",
    "apiKeysEndedAt",
];

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

    pub const EXPIRE_FOREIGN: Operation = Operation::new(&[QUERY, PUT], &[]);
    /// Ends a page of the keys of a partition that belong to the same thing elsewhere; how many, and where the next page begins.
    pub async fn expire_foreign(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        foreign_key: &str,
        request: &PageRequest,
        change: &Change,
    ) -> Result<(usize, Option<String>)> {
        let filter = Expression::new("#status = :status AND #foreignKey = :foreignKey")
            .with(":status", s("Active"))
            .with(":foreignKey", s(foreign_key));
        self.expire_page(tenant.key(), partition, filter, request, change).await
    }

    pub const PARTITION_DELETED: Operation = Operation::new(&[QUERY, PUT], &[]);
    /// A partition was deleted: a page of its keys ends.
    pub async fn partition_deleted(
        &self,
        tenant: Tenant,
        partition: PartitionKey,
        from: Option<String>,
        change: &Change,
    ) -> Result<Step> {
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
    /// A customer was disabled: a page of the keys that there were then ends, partition by partition. It goes by the moment that the
    /// customer remembers, so it is the same whether or not the customer is back by now.
    pub async fn customer_disabled(&self, tenant: Tenant, from: Option<&str>, change: &Change) -> Result<Step> {
        let Some(item) = self.0.get(&keys::customer(tenant.key())).await? else {
            return Ok(Step::Nothing("the customer is gone, and its partitions with it"));
        };
        let Some(ended_at) = from_item::<Customer>(item)?.api_keys_ended_at else {
            return Ok(Step::Nothing("the customer was never disabled"));
        };
        let filter = Expression::new("#status = :status AND #createdAt <= :createdAt")
            .with(":status", s("Active"))
            .with(":createdAt", s(ended_at.to_string()));
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
    /// Ends what has come to its end by itself, of one shard: up to a page; whether there may be more.
    pub async fn expire_due(&self, shard: u8, change: &Change) -> Result<bool> {
        let index = Index::ExpiringKeys;
        let answer = self
            .0
            .client
            .query()
            .table_name(&self.0.name)
            .index_name(index.name())
            .key_condition_expression("#pk = :pk AND expiresAt <= :now")
            .expression_attribute_names("#pk", index.partition_attribute())
            .expression_attribute_values(":pk", s(keys::expiring_keys(shard)))
            .expression_attribute_values(":now", s(change.now.to_string()))
            .limit(PAGE.into())
            .send()
            .await
            .map_err(refused)?;
        let items = answer.items.unwrap_or_default();
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
                // Changed or gone since, and the index is behind: in a minute it is looked at again.
                Ok(()) | Err(Failed::Condition(..)) => {}
                Err(Failed::Other(error)) => return Err(error),
            }
        }
        Ok(is_full)
    }

    pub const VERIFY: Operation = Operation::new(&[BATCH_GET, UPDATE], &[]);
    /// Whom a plaintext lets in. One read, whatever is wrong with it; a key that is used for the first time on a day is written once.
    pub async fn verify(&self, plain: &Plaintext, wanted: &[String], now: Timestamp) -> Result<Option<Verified>> {
        let asked = [
            keys::api_key(plain.customer, plain.partition, plain.key),
            keys::partition(plain.customer, plain.partition),
            keys::customer(plain.customer),
        ];
        let (mut key, mut has_partition, mut customer) = (None, false, Standing::default());
        for item in self.0.get_parts_of_all(&asked, LOOKED_AT).await? {
            match item.get(keys::SK).and_then(|sk| sk.as_s().ok()) {
                Some(sk) if *sk == asked[0].sk => key = Some(Looked::read(item)?),
                Some(sk) if *sk == asked[1].sk => has_partition = true,
                _ => customer = from_item(item)?,
            }
        }
        // What is not there is compared with too, so that it takes as long.
        let Looked { key, hash } = key.unwrap_or_else(Looked::nobodys);
        if !(key.lets_in(plain, &hash, &customer, now) & has_partition & key.may(wanted)) {
            return Ok(None);
        }
        let today = now.date();
        if key.last_used_on.as_deref() != Some(today.as_str()) {
            self.used_on(plain, &today).await;
        }
        Ok(Some(key.verified(plain)))
    }

    /// Notes the day. A key is good whether or not it can be noted.
    async fn used_on(&self, plain: &Plaintext, today: &str) {
        let key = keys::api_key(plain.customer, plain.partition, plain.key);
        let sent = self
            .0
            .client
            .update_item()
            .table_name(&self.0.name)
            .set_key(Some(key.attributes()))
            .update_expression("SET lastUsedOn = :today")
            .condition_expression("attribute_exists(pk) AND (attribute_not_exists(lastUsedOn) OR lastUsedOn < :today)")
            .expression_attribute_values(":today", s(today))
            .send()
            .await;
        match sent.map_err(|error| {
            (
                error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception),
                error,
            )
        }) {
            Ok(_) | Err((true, _)) => {}
            Err((false, error)) => tracing::warn!(cause = %refused(error), "a key's use was not noted"),
        }
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

    async fn expire_page(
        &self,
        customer: CustomerKey,
        partition: PartitionKey,
        filter: Expression,
        request: &PageRequest,
        change: &Change,
    ) -> Result<(usize, Option<String>)> {
        let query = of_partition(customer, partition, Some(filter));
        let (items, next) = self.0.page_of_partition(query, request).await?;
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
                // Somebody changed one of them meanwhile: on another try it is read again.
                Failed::Condition(..) => Error::Unavailable("a key changed while it was expired".into()),
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
        let prefix = keys::part_prefix(EntityKind::Partition);
        let (mut found, _): (Vec<Partition>, _) = self.0.page_of(tenant.itself(), prefix, None, false, &page).await?;
        Ok(found.pop().map(|partition| partition.key))
    }
}

impl Looked {
    fn read(item: Item) -> Result<Self> {
        Ok(Self {
            hash: hash_of(&item)?,
            key: from_item(item)?,
        })
    }

    fn nobodys() -> Self {
        Self {
            key: Credential::ended(),
            hash: [0; 32],
        }
    }
}

fn hash_of(item: &Item) -> Result<[u8; 32]> {
    item.get(HASH)
        .and_then(|hash| STANDARD.decode(hash.as_s().ok()?).ok()?.try_into().ok())
        .ok_or_else(|| Error::Internal("an API key has no hash".into()))
}

impl Stored {
    fn read(item: Item) -> Result<Self> {
        Ok(Self {
            hash: hash_of(&item)?,
            key: from_item(item)?,
        })
    }

    fn with(&self, key: &ApiKey) -> Self {
        Self {
            key: key.clone(),
            hash: self.hash,
        }
    }

    fn item(&self, customer: CustomerKey, change: &Change) -> Result<Item> {
        let Self { key, hash } = self;
        let mut item = entity_item(&keys::api_key(customer, key.partition_key, key.key), key, change)?;
        item.insert(HASH.into(), s(STANDARD.encode(hash)));
        item.insert(TTL.into(), n(key.expires_at.epoch_seconds() + KEPT_SECONDS));
        if key.status == Status::Active {
            let shard = keys::expiring_shard(key.key);
            item.insert(
                Index::ExpiringKeys.partition_attribute().into(),
                s(keys::expiring_keys(shard)),
            );
        }
        Ok(item)
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

fn active() -> Expression {
    Expression::new("#status = :status").with(":status", s("Active"))
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

fn customer_of(item: &Item) -> Result<CustomerKey> {
    let pk = crate::read::text(item, keys::PK)?;
    let (customer, _) =
        keys::owner_of_partition(pk).ok_or_else(|| Error::Internal(format!("{pk} is nobody's partition")))?;
    Ok(customer)
}

fn read_cursor(cursor: &str) -> Result<(Option<PartitionKey>, Option<String>)> {
    let damaged = || Error::invalid("cursor", "is not one that this task gives itself");
    let (partition, after) = cursor.split_once('|').ok_or_else(damaged)?;
    let partition = partition.parse().map_err(|_| damaged())?;
    Ok((Some(partition), (!after.is_empty()).then(|| after.to_owned())))
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
