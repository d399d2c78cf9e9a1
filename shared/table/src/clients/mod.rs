//! Clients of a customer, and the accounts provisioned for them.

mod account;

use crate::{
    Change, Operation, PageRequest, Table,
    attempt::{Attempt, retry},
    entities::CASCADE,
    expression::Expression,
    item::{ENTITY, Item, from_item, n, s},
    keys,
    operation::on_customer::{BATCH_GET, CHECK, DELETE, GET, PUT, QUERY},
    parts::enabled,
    query::Query,
    stored::{entity_item, tombstone},
    write::{Failed, Transaction, expect_version, version_error},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    ClientKey, Code, CustomerKey, Entity, Error, Kind, Result, Tenant,
    client::{Cascade, CascadeState, Client},
    customer::Customer,
    deactivation::DeactivatedBy,
};
use serde_json::{Map, Value};

pub struct Clients<'t>(pub(crate) &'t Table);

/// The filter of a list.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientFilter {
    pub is_disabled: Option<bool>,
    pub external_id: Option<String>,
}

impl Table {
    pub fn clients(&self) -> Clients<'_> {
        Clients(self)
    }
}

impl Clients<'_> {
    pub const GET: Operation = Operation::new(&[BATCH_GET], &[]);
    /// The client, with the progress of its cascade, if there is one.
    pub async fn get(&self, tenant: Tenant, key: ClientKey) -> Result<Client> {
        let wanted = [keys::client(tenant.key(), key), keys::cascade(tenant.key(), key)];
        let mut client: Option<Client> = None;
        let mut cascade: Option<Cascade> = None;
        for item in self.0.get_all(&wanted).await? {
            match item.get(keys::SK).and_then(|sk| sk.as_s().ok()) {
                Some(sk) if *sk == wanted[0].sk => client = Some(from_item(item)?),
                _ => cascade = Some(from_item(item)?),
            }
        }
        let client = client.ok_or(Error::NotFound(Client::KIND))?;
        Ok(Client { cascade, ..client })
    }

    pub const LIST: Operation = Operation::new(&[QUERY, GET], &[]);
    pub async fn list(
        &self,
        tenant: Tenant,
        filter: &ClientFilter,
        request: &PageRequest,
    ) -> Result<(Vec<Client>, Option<String>)> {
        let query = Query::of_owner(tenant.itself())
            .starting_with(keys::prefix(Client::KIND))
            .filter(Expression::matches(filter)?);
        self.0.page_of_children(tenant.itself(), &query, request).await
    }

    pub const CREATE: Operation = Operation::new(&[CHECK, PUT], &[Code::Conflict, Code::CustomerDisabled]);
    /// Creates a client and, if one is given, its account, in one transaction.
    pub async fn create(
        &self,
        tenant: Tenant,
        client: &Client,
        account: Option<&Customer>,
        change: &Change,
    ) -> Result<()> {
        let customer = tenant.key();
        let mut tx = self
            .0
            .transaction(change)
            .remember_answer(201, client, client.meta.version)?
            .check("parent", &keys::customer(customer), enabled())
            .put("client", item(customer, client, change)?, Expression::absent());
        if let Some(id) = &client.external_id {
            tx = tx.put(
                "clientExternalId",
                claim(customer, id, client.key),
                Expression::absent(),
            );
        }
        if let Some(account) = account {
            tx = self.0.customers().put_account(tx, account, change)?;
        }
        tx.commit().await.map_err(error_of)
    }

    pub const PATCH: Operation = Operation::new(&[GET, CHECK, PUT, DELETE], &[Code::Conflict, Code::CustomerDisabled]);
    /// Applies a checked patch. Nothing is written if it changes nothing.
    pub async fn patch(
        &self,
        tenant: Tenant,
        key: ClientKey,
        patch: &Map<String, Value>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Client> {
        let customer = tenant.key();
        retry(|| async move {
            let before = self.expect_enabled(tenant, key, expected).await?;
            let Some(after) = before.patched(patch, change.now, &change.actor)? else {
                return Ok(Attempt::Done(before));
            };
            let mut tx = self.replace(tenant, &before, &after, change)?;
            if before.external_id != after.external_id {
                if let Some(id) = &before.external_id {
                    let id = keys::client_external_id(customer, id);
                    tx = tx.delete("oldExternalId", &id, Expression::default());
                }
                if let Some(id) = &after.external_id {
                    tx = tx.put("clientExternalId", claim(customer, id, key), Expression::absent());
                }
            }
            tx.commit_or_retry(expected, error_of, after).await
        })
        .await
    }

    pub const DISABLE: Operation = Operation::new(&[GET, CHECK, PUT], &[Code::CustomerDisabled]);
    /// Disables a client by hand. A task then disables its account.
    pub async fn disable(
        &self,
        tenant: Tenant,
        key: ClientKey,
        by: DeactivatedBy,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Client> {
        let allowed = |_| Ok(());
        self.set_disabled(tenant, key, Some(by), allowed, expected, change)
            .await
    }

    pub const ENABLE: Operation = Operation::new(&[GET, CHECK, PUT], &[Code::Conflict, Code::CustomerDisabled]);
    /// Enables a client that was disabled by hand. A task then enables its account. `authorize` checks in which capacity it was disabled.
    pub async fn enable(
        &self,
        tenant: Tenant,
        key: ClientKey,
        authorize: impl Fn(DeactivatedBy) -> Result<()>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Client> {
        self.set_disabled(tenant, key, None, authorize, expected, change).await
    }

    async fn set_disabled(
        &self,
        tenant: Tenant,
        key: ClientKey,
        by: Option<DeactivatedBy>,
        authorize: impl Fn(DeactivatedBy) -> Result<()>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Client> {
        let authorize = &authorize;
        retry(|| async move {
            let before = self.read(tenant, key).await?;
            if let Some(disabled_by) = before.disabled_by {
                authorize(disabled_by)?;
            }
            expect_version(expected, before.meta.version)?;
            match (before.is_disabled_itself, by.is_some()) {
                (true, true) => return Err(Error::CustomerDisabled),
                (false, false) => {
                    return Err(Error::Conflict {
                        field: "isDisabled",
                        reason: "the client is not disabled by hand",
                    });
                }
                _ => {}
            }
            let mut after = before.clone();
            after.disable_itself(by);
            after.meta.changed(change.now, &change.actor);
            let mut tx =
                self.replace(tenant, &before, &after, change)?
                    .remember_answer(200, &after, after.meta.version)?;
            if after.client_customer_key.is_some() && before.is_disabled != after.is_disabled {
                let state = CascadeState::towards(after.is_disabled);
                tx = tx.put(
                    "cascade",
                    cascade_item(tenant.key(), key, state, false),
                    Expression::default(),
                );
            }
            tx.commit_or_retry(expected, error_of, after).await
        })
        .await
    }

    pub const DELETE: Operation = Operation::new(&[GET, CHECK, PUT, DELETE], &[Code::CustomerDisabled]);
    pub async fn delete(&self, tenant: Tenant, key: ClientKey, expected: Option<u64>, change: &Change) -> Result<()> {
        retry(|| async move {
            let before = self.expect(tenant, key, expected).await?;
            let tx = self
                .0
                .transaction(change)
                .check("parent", &keys::customer(tenant.key()), enabled());
            let tx = delete_client(tx, tenant.key(), &before, change)?;
            tx.commit_or_retry(expected, error_of, ()).await
        })
        .await
    }

    pub(crate) async fn read(&self, tenant: Tenant, key: ClientKey) -> Result<Client> {
        let found = self.0.client(tenant.key(), key).await?;
        found.ok_or(Error::NotFound(Client::KIND))
    }

    async fn expect(&self, tenant: Tenant, key: ClientKey, expected: Option<u64>) -> Result<Client> {
        let client = self.read(tenant, key).await?;
        expect_version(expected, client.meta.version)?;
        Ok(client)
    }

    async fn expect_enabled(&self, tenant: Tenant, key: ClientKey, expected: Option<u64>) -> Result<Client> {
        let client = self.expect(tenant, key, expected).await?;
        match client.is_disabled {
            true => Err(Error::CustomerDisabled),
            false => Ok(client),
        }
    }

    /// Writes a change of the client.
    pub(crate) fn replace<'c>(
        &'c self,
        tenant: Tenant,
        before: &Client,
        after: &Client,
        change: &'c Change,
    ) -> Result<Transaction<'c>> {
        Ok(self
            .0
            .transaction(change)
            .check("parent", &keys::customer(tenant.key()), enabled())
            .put(
                "client",
                item(tenant.key(), after, change)?,
                Expression::version_is(before.meta.version),
            ))
    }
}

impl Table {
    pub(crate) async fn client(&self, customer: CustomerKey, key: ClientKey) -> Result<Option<Client>> {
        self.get(&keys::client(customer, key)).await?.map(from_item).transpose()
    }
}

/// Adds the deletion of a client to a transaction. A task deletes its parts.
pub(crate) fn delete_client<'c>(
    tx: Transaction<'c>,
    customer: CustomerKey,
    before: &Client,
    change: &Change,
) -> Result<Transaction<'c>> {
    let key = keys::client(customer, before.key);
    let mut tx = tx
        .delete("client", &key, Expression::version_is(before.meta.version))
        .put("tombstone", tombstone(&key, before, change)?, Expression::default())
        .delete("cascade", &keys::cascade(customer, before.key), Expression::default());
    if let Some(id) = &before.external_id {
        let id = keys::client_external_id(customer, id);
        tx = tx.delete("oldExternalId", &id, Expression::default());
    }
    Ok(tx)
}

pub(crate) fn item(customer: CustomerKey, client: &Client, change: &Change) -> Result<Item> {
    entity_item(&keys::client(customer, client.key), client, change)
}

/// `started`: whether the cascade has reached the account.
pub(crate) fn cascade_item(customer: CustomerKey, client: ClientKey, state: CascadeState, started: bool) -> Item {
    let mut item = keys::cascade(customer, client).attributes();
    item.insert(ENTITY.into(), s(CASCADE.name));
    item.insert("state".into(), s(state.name()));
    item.insert("done".into(), n(0));
    item.insert("started".into(), AttributeValue::Bool(started));
    item
}

fn claim(customer: CustomerKey, id: &str, client: ClientKey) -> Item {
    let mut item = keys::client_external_id(customer, id).attributes();
    item.insert(ENTITY.into(), s("Code"));
    item.insert("holder".into(), s(client.to_string()));
    item
}

pub(crate) fn error_of(failed: Failed) -> Error {
    match failed {
        Failed::Condition("parent", None) => Error::NotFound(Customer::KIND),
        Failed::Condition("parent", Some(_)) => Error::CustomerDisabled,
        Failed::Condition("clientExternalId", _) => Error::Conflict {
            field: "externalId",
            reason: "another client of this customer has this external id",
        },
        Failed::Condition("externalId", _) => Error::Conflict {
            field: "externalId",
            reason: "another customer has this external id",
        },
        Failed::Condition("client", old) => version_error::<Client>(old),
        // The account changed during a dissociation. As when the client changes, there is another attempt.
        Failed::Condition("account", _) => Error::VersionMismatch { current: 0 },
        Failed::Condition(name, _) => Error::Internal(format!("the condition on {name} failed unexpectedly")),
        Failed::Other(error) => error,
    }
}
