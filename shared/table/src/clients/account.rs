//! The accounts of clients. An account is a customer.

use super::{Clients, error_of};
use crate::{
    Action, Change, Grant, Operation, Table,
    attempt::retry,
    customers::log_item,
    expression::Expression,
    item::from_item,
    keys::{self, Family},
    operation::on_customer::{CHECK, DELETE, GET, PUT},
};
use domain::{
    ClientKey, Code, CustomerKey, Error, Kind, Result, Tenant,
    client::Client,
    customer::{Customer, DEEPEST},
};

impl Clients<'_> {
    pub const PROVISION: Operation = Operation::new(
        &[GET, CHECK, PUT, Grant::on(Family::External, Action::PutItem)],
        &[Code::Conflict, Code::CustomerDisabled],
    );
    /// Creates the account of a client that has none.
    pub async fn provision(
        &self,
        tenant: Tenant,
        key: ClientKey,
        account: impl Fn(&Client) -> Result<Customer>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Client> {
        let account = &account;
        retry(|| async move {
            let before = self.expect(tenant, key, expected).await?;
            if before.client_customer_key.is_some() {
                return Err(Error::Conflict {
                    field: "clientCustomerKey",
                    reason: "the client already has an account",
                });
            }
            if before.is_disabled {
                return Err(Error::CustomerDisabled);
            }
            let account = account(&before)?;
            let mut after = before.clone();
            after.client_customer_key = Some(account.key);
            after.meta.changed(change.now, &change.actor);
            let tx = self
                .replace(tenant, &before, &after, change)?
                .remember_answer(201, &after, after.meta.version)?;
            let tx = self.0.customers().put_account(tx, &account, change)?;
            tx.commit_or_retry(expected, error_of, after).await
        })
        .await
    }

    pub const DISSOCIATE: Operation = Operation::new(&[GET, CHECK, PUT, DELETE], &[Code::CustomerDisabled]);
    /// Ends the link between a client and its account. Both stay.
    pub async fn dissociate(
        &self,
        tenant: Tenant,
        key: ClientKey,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<()> {
        retry(|| async move {
            let before = self.expect_enabled(tenant, key, expected).await?;
            let Some(account_key) = before.client_customer_key else {
                return Err(Error::NotFound(Customer::KIND));
            };
            let mut after = before.clone();
            after.client_customer_key = None;
            after.is_account_disabled = false;
            after.meta.changed(change.now, &change.actor);
            let mut tx = self.replace(tenant, &before, &after, change)?.delete(
                "cascade",
                &keys::cascade(tenant.key(), key),
                Expression::default(),
            );
            if let Some(account) = self.0.account_of(account_key, tenant.key(), key).await? {
                let mut released = account.clone();
                released.release(change.now, &change.actor);
                released.meta.changed(change.now, &change.actor);
                tx = self
                    .0
                    .customers()
                    .put_changed_account(tx, &account, &released, change)?;
                if let (None, Some(deactivation)) = (&account.deactivation, &released.deactivation) {
                    let log = log_item(account.key, deactivation, None, change)?;
                    tx = tx.put("log", log, Expression::default());
                }
            }
            tx.commit_or_retry(expected, error_of, ()).await
        })
        .await
    }

    pub const DEPTH_BELOW: Operation = Operation::new(&[GET], &[Code::Conflict]);
    /// The depth of a new account below this customer. The customer's stored depth may be too large, because an account above it may have
    /// been dissociated. Only if it is the maximum are the parents read.
    pub async fn depth_below(&self, customer: &Customer) -> Result<u8> {
        let remembered = customer.parent.as_ref().map_or(0, |parent| parent.depth);
        if remembered < DEEPEST {
            return Ok(remembered + 1);
        }
        let mut above = customer.parent.clone();
        let mut depth = 1;
        while let Some(parent) = above {
            depth += 1;
            if depth > DEEPEST {
                return Err(Error::Conflict {
                    field: "depth",
                    reason: "accounts are nested at most 8 deep",
                });
            }
            let item = self.0.get(&keys::customer(parent.customer_key)).await?;
            above = match item {
                Some(item) => from_item::<Customer>(item)?.parent,
                None => None,
            };
        }
        Ok(depth)
    }

    pub const ACCOUNT: Operation = Operation::new(&[GET], &[]);
    /// The account of a client: for the authorisation of the client's users.
    pub async fn account(&self, customer: CustomerKey, key: ClientKey) -> Result<Option<CustomerKey>> {
        let client = self.0.client(customer, key).await?;
        Ok(client.and_then(|client| client.client_customer_key))
    }
}

impl Table {
    /// The account, if it still belongs to this client.
    pub(crate) async fn account_of(
        &self,
        account: CustomerKey,
        customer: CustomerKey,
        client: ClientKey,
    ) -> Result<Option<Customer>> {
        let account: Option<Customer> = self.get(&keys::customer(account)).await?.map(from_item).transpose()?;
        Ok(account.filter(|account| {
            account
                .parent
                .as_ref()
                .is_some_and(|parent| parent.customer_key == customer && parent.client_key == client)
        }))
    }
}
