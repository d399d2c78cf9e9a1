//! A customer was disabled or enabled: the change spreads to its clients, and to its parent's client.

use super::{AT_ONCE, Cascades, PAGE};
use crate::{
    Change, Operation, PageRequest, Step,
    attempt::{Attempt, retry},
    clients::{self},
    expression::Expression,
    item::{from_item, n, s},
    keys::{self, ItemKey},
    operation::on_customer::{CHECK, DELETE, GET, PUT, QUERY, UPDATE},
    query::Query,
    write::{Failed, sdk_error},
};
use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, types::AttributeValue};
use domain::{
    CustomerKey, Error, Kind, Result, Tenant,
    client::{CascadeState, Client},
    customer::Customer,
};

impl Cascades<'_> {
    pub const ACCOUNT_STATE: Operation = Operation::new(&[GET, QUERY, CHECK, PUT, UPDATE, DELETE], &[]);
    /// A customer was disabled or enabled: updates `isAccountDisabled` of its parent's client, then disables or enables its clients, one page
    /// in each step.
    pub async fn account_state(&self, tenant: Tenant, from: Option<&str>, change: &Change) -> Result<Step> {
        let key = tenant.key();
        retry(|| async move {
            let Some(customer) = self
                .table
                .get(&keys::customer(key))
                .await?
                .map(from_item::<Customer>)
                .transpose()?
            else {
                return Ok(Attempt::Done(Step::Nothing("the customer was deleted")));
            };
            let disabled = customer.is_disabled;
            if from.is_none() && !self.update_parent(&customer, change).await? {
                return Ok(Attempt::Again(()));
            }
            let (done, after) = match from {
                None => (0, None),
                Some(cursor) => read_cursor(cursor)?,
            };
            let page = PageRequest { limit: PAGE, after };
            let query = Query::of_owner(tenant.itself()).starting_with(keys::prefix(Client::KIND));
            let (clients, next): (Vec<Client>, _) = self.table.page_of(&query, &page).await?;
            let late: Vec<&Client> = clients.iter().filter(|c| c.is_disabled_by_parent != disabled).collect();
            match self.set_clients(key, disabled, &late, change).await? {
                Written::All => {}
                Written::ClientChanged => return Ok(Attempt::Again(())),
                // That change has an event too, which updates all clients.
                Written::CustomerChanged => return Ok(Attempt::Done(Step::Nothing("the customer has changed again"))),
            }
            let done = done + clients.len();
            self.record_progress(&customer, done, next.is_none(), change).await?;
            Ok(Attempt::Done(match next {
                Some(next) => Step::More(format!("{done}|{next}")),
                None => Step::Done,
            }))
        })
        .await
    }

    /// Updates `isAccountDisabled` of the parent's client. False if something has changed and has to be read again.
    async fn update_parent(&self, account: &Customer, change: &Change) -> Result<bool> {
        let Some(parent) = &account.parent else {
            return Ok(true);
        };
        let Some(client) = self.table.client(parent.customer_key, parent.client_key).await? else {
            return Ok(true);
        };
        if client.client_customer_key != Some(account.key) || client.is_account_disabled == account.is_disabled {
            return Ok(true);
        }
        let mut after = client.clone();
        after.is_account_disabled = account.is_disabled;
        after.meta.changed(change.now, &change.actor);
        let tx = self
            .table
            .transaction(change)
            .check("account", &keys::customer(account.key), has_state(account.is_disabled))
            .put(
                "client",
                clients::item(parent.customer_key, &after, change)?,
                Expression::version_is(client.meta.version),
            );
        match tx.commit().await {
            Ok(()) => Ok(true),
            Err(Failed::Condition(_, _)) => Ok(false),
            Err(Failed::Other(error)) => Err(error),
        }
    }

    async fn set_clients(
        &self,
        customer: CustomerKey,
        disabled: bool,
        late: &[&Client],
        change: &Change,
    ) -> Result<Written> {
        for some in late.chunks(AT_ONCE) {
            let mut tx =
                self.table
                    .transaction(change)
                    .check("customer", &keys::customer(customer), has_state(disabled));
            for client in some {
                let mut after = (*client).clone();
                after.disable_by_parent(disabled);
                after.meta.changed(change.now, &change.actor);
                tx = tx.put(
                    "client",
                    clients::item(customer, &after, change)?,
                    Expression::version_is(client.meta.version),
                );
            }
            match tx.commit().await {
                Ok(()) => {}
                Err(Failed::Condition("customer", _)) => return Ok(Written::CustomerChanged),
                Err(Failed::Condition(_, _)) => return Ok(Written::ClientChanged),
                Err(Failed::Other(error)) => return Err(error),
            }
        }
        Ok(Written::All)
    }

    /// Records the progress of the cascade of the parent's client, if there is one, or its end.
    async fn record_progress(&self, account: &Customer, done: usize, is_last: bool, change: &Change) -> Result<()> {
        let Some(parent) = &account.parent else {
            return Ok(());
        };
        let key = keys::cascade(parent.customer_key, parent.client_key);
        let state = s(CascadeState::towards(account.is_disabled).name());
        if is_last {
            return self.end_started_cascade(account, &key, change).await;
        }
        let sent = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(key.attributes()))
            .update_expression("SET done = :done")
            .condition_expression("#state = :state")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", state)
            .expression_attribute_values(":done", n(done))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(sdk_error(error)),
            },
        }
    }

    /// Ends the cascade that had reached the account. This includes one that the account's own deactivation overtook: it would never end
    /// otherwise.
    async fn end_started_cascade(&self, account: &Customer, key: &ItemKey, change: &Change) -> Result<()> {
        let started =
            Expression::new("attribute_not_exists(pk) OR started = :yes").with(":yes", AttributeValue::Bool(true));
        let tx = self
            .table
            .transaction(change)
            .check("account", &keys::customer(account.key), has_state(account.is_disabled))
            .delete("cascade", key, started);
        match tx.commit().await {
            // The account or the client has changed. That has its own event.
            Ok(()) | Err(Failed::Condition(..)) => Ok(()),
            Err(Failed::Other(error)) => Err(error),
        }
    }
}

/// The result of updating a page of clients.
enum Written {
    All,
    ClientChanged,
    CustomerChanged,
}

fn has_state(disabled: bool) -> Expression {
    Expression::new("isDisabled = :disabled").with(":disabled", AttributeValue::Bool(disabled))
}

fn read_cursor(cursor: &str) -> Result<(usize, Option<String>)> {
    let invalid = || Error::invalid("cursor", "was not issued by this task");
    let (done, after) = cursor.split_once('|').ok_or_else(invalid)?;
    Ok((done.parse().map_err(|_| invalid())?, Some(after.to_owned())))
}
