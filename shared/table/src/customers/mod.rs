//! Customers, and the claims of their unique names.

mod lifecycle;

pub(crate) use lifecycle::log_item;

use crate::{
    Action, Change, Grant, Operation, PageRequest, Table,
    attempt::{Attempt, attempted, retry, retry_from},
    clients,
    expression::Expression,
    in_place::Updated,
    item::{ENTITY, Item, from_item, s, text},
    keys::{self, Family, Index, ItemKey},
    operation::on_customer::{DELETE, GET, PUT, QUERY, UPDATE},
    query::Query,
    stored::{entity_item, tombstone},
    write::{Failed, Transaction, expect_version, version_error},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Code, CustomerKey, Entity, Error, Kind, Platform, Result, Tenant, Timestamp,
    client::Client,
    customer::{self, Customer, LONGEST_EXTERNAL_ID},
    deactivation::check_window,
    formats::is_bootstrap_tenant_key,
};
use serde_json::{Map, Value};

pub struct Customers<'t>(pub(crate) &'t Table);

/// The filter of the list of all customers.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerFilter {
    pub r#type: Option<String>,
    pub is_tenant_customer: Option<bool>,
    pub is_disabled: Option<bool>,
    pub bootstrap_tenant_key: Option<String>,
    #[serde(skip_serializing)]
    pub product: Option<String>,
    #[serde(skip_serializing)]
    pub external_id: Option<String>,
    #[serde(skip_serializing)]
    pub updated_since: Option<Timestamp>,
}

impl CustomerFilter {
    /// All of it except the external id, which is looked up by its own key.
    fn expression(&self) -> Result<Expression> {
        let product = self
            .product
            .iter()
            .map(|product| Expression::new("contains(#products, :product)").with(":product", s(product)));
        let updated = self
            .updated_since
            .iter()
            .map(|since| Expression::new("#updatedAt >= :updatedSince").with(":updatedSince", s(since.to_string())));
        Ok(product.chain(updated).fold(Expression::matches(self)?, Expression::and))
    }
}

impl Customers<'_> {
    pub const GET: Operation = Operation::new(&[GET], &[]);
    pub async fn get(&self, tenant: Tenant) -> Result<Customer> {
        match self.0.get(&keys::customer(tenant.key())).await? {
            Some(item) => from_item(item),
            None => Err(Error::NotFound(Customer::KIND)),
        }
    }

    pub const IS_ACCOUNT_OF: Operation = Operation::new(&[QUERY], &[]);
    /// Whether `account` is the account of a client of `parent`. The table compares them, so that the answer about a foreign customer is
    /// as long as the answer about an absent one, and takes as long to read.
    pub async fn is_account_of(&self, account: CustomerKey, parent: CustomerKey) -> Result<bool> {
        let key = keys::customer(account);
        let query = Query::of(key.pk)
            .starting_with(key.sk)
            .attributes(&[keys::PK])
            .filter(Expression::new("#parent.customerKey = :parent").with(":parent", s(parent.to_string())));
        let found = self.0.walk(query).next().await?;
        Ok(found.is_some_and(|items| !items.is_empty()))
    }

    pub const BY_EXTERNAL_ID: Operation =
        Operation::new(&[Grant::on(Family::External, Action::GetItem), GET], &[Code::NotFound]);
    pub async fn by_external_id(&self, _: Platform, id: &str) -> Result<Customer> {
        // No customer has a longer one, and DynamoDB refuses very long keys.
        if id.chars().count() > LONGEST_EXTERNAL_ID {
            return Err(Error::NotFound(Customer::KIND));
        }
        let found = self.by_claim(&keys::external_id(id)).await?;
        found.ok_or(Error::NotFound(Customer::KIND))
    }

    pub const BY_BOOTSTRAP_TENANT_KEY: Operation = Operation::new(
        &[Grant::on(Family::Tenant, Action::GetItem), GET],
        &[Code::TenantNotFound],
    );
    pub async fn by_bootstrap_tenant_key(&self, _: Platform, key: &str) -> Result<Customer> {
        if !is_bootstrap_tenant_key(key) {
            return Err(Error::TenantNotFound);
        }
        let found = self.by_claim(&keys::tenant(key)).await?;
        found.ok_or(Error::TenantNotFound)
    }

    async fn by_claim(&self, name: &ItemKey) -> Result<Option<Customer>> {
        let Some(key) = self.claimant(name).await? else {
            return Ok(None);
        };
        let found = self.0.get(&keys::customer(key)).await?;
        found.map(from_item).transpose()
    }

    /// The customer that claims a unique name. It may have been deleted or renamed since.
    async fn claimant(&self, name: &ItemKey) -> Result<Option<CustomerKey>> {
        let Some(claim) = self.0.get(name).await? else {
            return Ok(None);
        };
        let key = text(&claim, CLAIMANT)?.parse();
        key.map(Some)
            .map_err(|_| Error::Internal(format!("a claim's {CLAIMANT} is no key")))
    }

    pub const LIST: Operation = Operation::new(
        &[
            Grant::query(Index::Customers, Family::CustomerList),
            Grant::on(Family::External, Action::GetItem),
            QUERY,
        ],
        &[],
    );
    /// A page is one query: of one shard, or of the customer with this external id if the filter has one.
    pub async fn list(
        &self,
        _: Platform,
        filter: &CustomerFilter,
        request: &PageRequest,
    ) -> Result<(Vec<Customer>, Option<String>)> {
        let matching = filter.expression()?;
        if let Some(id) = &filter.external_id {
            let Some(key) = self.claimant(&keys::external_id(id)).await? else {
                return Ok((Vec::new(), None));
            };
            let key = keys::customer(key);
            let query = Query::of(key.pk).starting_with(key.sk).filter(matching);
            return self.0.page_of(&query, request).await;
        }
        let (shard, after) = match &request.after {
            Some(position) => read_position(position)?,
            None => (0, None),
        };
        let partition = keys::customer_list(shard);
        let start = after.map(|key| {
            let mut start = keys::customer(key).attributes();
            start.insert(Index::Customers.partition_attribute().into(), s(&partition));
            start.insert("key".into(), s(key.to_string()));
            start
        });
        let query = Query::of(partition).index(Index::Customers).filter(matching);
        let page = self.0.page(&query, request, start).await?;
        let next = match page.last {
            Some(last) => Some(format!("{shard}|{}", text(&last, "key")?)),
            None if shard + 1 < self.0.list_shards => Some(format!("{}|", shard + 1)),
            None => None,
        };
        let customers = page.items.into_iter().map(from_item).collect::<Result<_>>()?;
        Ok((customers, next))
    }

    pub const CREATE: Operation = Operation::new(
        &[
            PUT,
            Grant::on(Family::Tenant, Action::PutItem),
            Grant::on(Family::Tenant, Action::ConditionCheckItem),
            Grant::on(Family::External, Action::PutItem),
        ],
        &[Code::TenantNotFound, Code::Conflict, Code::CustomerDisabled],
    );
    /// Creates a customer. The claim of a bootstrap tenant key says whether its tenant is deactivated, so the transaction needs no other
    /// check.
    pub async fn create(&self, _: Platform, customer: &Customer, change: &Change) -> Result<()> {
        let mut tx = self
            .0
            .transaction(change)
            .remember_answer(201, customer, customer.meta.version)?
            .put("customer", self.item(customer, change)?, Expression::absent());
        let tenant = keys::tenant(&customer.bootstrap_tenant_key);
        tx = if customer.is_tenant_customer {
            tx.put("tenant", tenant_claim(customer), Expression::absent())
        } else {
            tx.check(
                "tenant",
                &tenant,
                Expression::new(&format!(
                    "attribute_exists(pk) AND attribute_not_exists({CLOSED}) AND attribute_not_exists({DEACTIVATED})"
                )),
            )
        };
        if let Some(id) = &customer.external_id {
            tx = tx.put(
                "externalId",
                claim(&keys::external_id(id), "ExternalId", customer.key),
                Expression::absent(),
            );
        }
        tx.commit().await.map_err(|failed| match failed {
            Failed::Condition("tenant", _) if customer.is_tenant_customer => Error::Conflict {
                field: "bootstrapTenantKey",
                reason: "another tenant has or had this key",
            },
            Failed::Condition("tenant", Some(claim)) if !claim.contains_key(CLOSED) => Error::CustomerDisabled,
            Failed::Condition("tenant", _) => Error::TenantNotFound,
            other => error_of(other),
        })
    }

    pub const PATCH: Operation = Operation::new(
        &[
            GET,
            PUT,
            UPDATE,
            Grant::on(Family::External, Action::PutItem),
            Grant::on(Family::External, Action::DeleteItem),
        ],
        &[Code::Conflict, Code::CustomerDisabled],
    );
    /// Applies a checked patch. Nothing is written if it changes nothing.
    pub async fn patch(
        &self,
        tenant: Tenant,
        patch: &Map<String, Value>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Customer> {
        let mut known = None;
        if customer::is_independent(patch) {
            let key = keys::customer(tenant.key());
            match self.0.patch_in_place(&key, patch, expected, change).await? {
                Updated::Now(item) => return from_item(item),
                Updated::ConditionFailed(None) => return Err(Error::NotFound(Customer::KIND)),
                Updated::ConditionFailed(Some(item)) => known = Some(from_item::<Customer>(item)?),
            }
        }
        retry_from(known, |known| async move {
            let before = match known {
                Some(customer) => customer,
                None => self.get(tenant).await?,
            };
            expect_version(expected, before.meta.version)?;
            let moves_window = patch.contains_key("deactivation");
            if before.is_disabled && !(moves_window && patch.len() == 1) {
                return Err(Error::CustomerDisabled);
            }
            if before.deactivation.is_none() && patch.get("deactivation").is_some_and(Value::is_object) {
                return Err(Error::invalid(
                    "deactivation",
                    "can only be changed while the customer is deactivated",
                ));
            }
            if patch.get("deactivation").is_some_and(Value::is_null) && before.deactivation.is_some() {
                return Err(Error::invalid(
                    "deactivation",
                    "cannot be cleared: reactivate the customer instead",
                ));
            }
            let Some(after) = before.patched(patch, change.now, &change.actor)? else {
                return Ok(Attempt::Done(before));
            };
            if let (true, Some(deactivation)) = (moves_window, &after.deactivation) {
                let mut errors = Vec::new();
                check_window(
                    deactivation.window_ends_at,
                    change.now,
                    "deactivation.windowEndsAt",
                    &mut errors,
                );
                if !errors.is_empty() {
                    return Err(Error::Validation(errors));
                }
            }
            let mut tx = self.replace(&before, &after, change)?;
            if before.external_id != after.external_id {
                if let Some(id) = &before.external_id {
                    tx = tx.delete("oldExternalId", &keys::external_id(id), Expression::default());
                }
                if let Some(id) = &after.external_id {
                    let key = keys::external_id(id);
                    tx = tx.put("externalId", claim(&key, "ExternalId", after.key), Expression::absent());
                }
            }
            let attempt = tx.commit_or_retry(expected, error_of, after).await?;
            Ok(attempt.again_from(None))
        })
        .await
    }

    pub const DELETE: Operation = Operation::new(
        &[
            GET,
            PUT,
            DELETE,
            Grant::on(Family::Tenant, Action::PutItem),
            Grant::on(Family::External, Action::DeleteItem),
        ],
        &[],
    );
    /// Deletes the customer and releases its external id. Its bootstrap tenant key is never released, so that no later tenant can be mistaken
    /// for it.
    pub async fn delete(&self, tenant: Tenant, expected: Option<u64>, change: &Change) -> Result<()> {
        retry(|| async move {
            let before = self.expect(tenant, expected).await?;
            let key = keys::customer(before.key);
            let mut tx = self
                .0
                .transaction(change)
                .delete("customer", &key, Expression::version_is(before.meta.version))
                .put("tombstone", tombstone(&key, &before, change)?, Expression::default());
            if before.is_tenant_customer {
                let mut closed = tenant_claim(&before);
                closed.insert(CLOSED.into(), AttributeValue::Bool(true));
                tx = tx.put("tenant", closed, Expression::default());
            }
            if let Some(id) = &before.external_id {
                tx = tx.delete("externalId", &keys::external_id(id), Expression::default());
            }
            if let Some(client) = self.client_of_account(&before).await? {
                let mut after = client.clone();
                after.client_customer_key = None;
                after.is_account_disabled = false;
                after.meta.changed(change.now, &change.actor);
                let parent = before.parent.as_ref().map_or(before.key, |parent| parent.customer_key);
                tx = tx
                    .put(
                        "client",
                        clients::item(parent, &after, change)?,
                        Expression::version_is(client.meta.version),
                    )
                    .delete("cascade", &keys::cascade(parent, client.key), Expression::default());
            }
            match tx.commit().await {
                // The parent's client has changed: both are read again.
                Err(Failed::Condition("client", _)) => Ok(Attempt::Again(())),
                committed => attempted(committed.map_err(error_of), expected, ()),
            }
        })
        .await
    }

    /// The client that the customer is the account of.
    async fn client_of_account(&self, account: &Customer) -> Result<Option<Client>> {
        let Some(parent) = &account.parent else {
            return Ok(None);
        };
        let client = self.0.client(parent.customer_key, parent.client_key).await?;
        Ok(client.filter(|client| client.client_customer_key == Some(account.key)))
    }

    /// Adds the creation of an account to a transaction.
    pub(crate) fn put_account<'c>(
        &self,
        tx: Transaction<'c>,
        account: &Customer,
        change: &Change,
    ) -> Result<Transaction<'c>> {
        let tx = tx.put("account", self.item(account, change)?, Expression::absent());
        Ok(match &account.external_id {
            Some(id) => tx.put(
                "externalId",
                claim(&keys::external_id(id), "ExternalId", account.key),
                Expression::absent(),
            ),
            None => tx,
        })
    }

    /// Adds a change of an account to a transaction.
    pub(crate) fn put_changed_account<'c>(
        &self,
        tx: Transaction<'c>,
        before: &Customer,
        after: &Customer,
        change: &Change,
    ) -> Result<Transaction<'c>> {
        let item = self.item(after, change)?;
        Ok(tx.put("account", item, Expression::version_is(before.meta.version)))
    }

    async fn expect(&self, tenant: Tenant, expected: Option<u64>) -> Result<Customer> {
        let customer = self.get(tenant).await?;
        expect_version(expected, customer.meta.version)?;
        Ok(customer)
    }

    /// Writes a change of the customer.
    pub(crate) fn replace<'c>(
        &'c self,
        before: &Customer,
        after: &Customer,
        change: &'c Change,
    ) -> Result<Transaction<'c>> {
        let item = self.item(after, change)?;
        Ok(self
            .0
            .transaction(change)
            .put("customer", item, Expression::version_is(before.meta.version)))
    }

    fn item(&self, customer: &Customer, change: &Change) -> Result<Item> {
        let mut item = entity_item(&keys::customer(customer.key), customer, change)?;
        let shard = keys::customer_shard(customer.key, self.0.list_shards);
        item.insert(
            Index::Customers.partition_attribute().into(),
            s(keys::customer_list(shard)),
        );
        Ok(item)
    }
}

fn read_position(position: &str) -> Result<(u8, Option<CustomerKey>)> {
    let damaged = || Error::invalid("cursor", "was not issued by this list");
    let (shard, key) = position.split_once('|').ok_or_else(damaged)?;
    let shard = shard.parse().map_err(|_| damaged())?;
    let key = match key {
        "" => None,
        key => Some(key.parse().map_err(|_| damaged())?),
    };
    Ok((shard, key))
}

/// The attribute of a claim that holds the customer's key.
const CLAIMANT: &str = "customerKey";
/// The attributes of the claim of a bootstrap tenant key whose tenant is deleted, or deactivated.
const CLOSED: &str = "closed";
const DEACTIVATED: &str = "deactivated";

/// The claim of a tenant's bootstrap key.
fn tenant_claim(tenant: &Customer) -> Item {
    let mut item = claim(&keys::tenant(&tenant.bootstrap_tenant_key), "Tenant", tenant.key);
    if tenant.is_disabled {
        item.insert(DEACTIVATED.into(), AttributeValue::Bool(true));
    }
    item
}

/// The error of a failed condition on the customer, or on a name that it claims.
pub(crate) fn error_of(failed: Failed) -> Error {
    match failed {
        Failed::Condition("externalId", _) => Error::Conflict {
            field: "externalId",
            reason: "another customer has this external id",
        },
        Failed::Condition("customer", old) => version_error::<Customer>(old),
        Failed::Condition(name, _) => Error::Internal(format!("the condition on {name} failed unexpectedly")),
        Failed::Other(error) => error,
    }
}

fn claim(key: &ItemKey, kind: &str, by: CustomerKey) -> Item {
    let mut item = key.attributes();
    item.insert(ENTITY.into(), s(kind));
    item.insert(CLAIMANT.into(), s(by.to_string()));
    item
}
