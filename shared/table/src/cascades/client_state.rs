//! A client was disabled or enabled: the change spreads to its account.

use super::{Cascades, error_of};
use crate::{
    Change, Operation, Step,
    attempt::{Attempt, retry},
    clients::cascade_item,
    expression::Expression,
    keys,
    operation::on_customer::{CHECK, DELETE, GET, PUT},
    write::sdk_error,
};
use aws_sdk_dynamodb::{operation::delete_item::DeleteItemError, types::AttributeValue};
use domain::{ClientKey, CustomerKey, Result, Tenant, client::CascadeState};
use std::convert::Infallible;

impl Cascades<'_> {
    pub const CLIENT_STATE: Operation = Operation::new(&[GET, CHECK, PUT, DELETE], &[]);
    /// A client was disabled or enabled: disables or enables its account.
    pub async fn client_state(&self, tenant: Tenant, key: ClientKey, change: &Change) -> Result<Step<Infallible>> {
        let customer = tenant.key();
        retry(|| async move {
            let Some(client) = self.table.client(customer, key).await? else {
                return Ok(Attempt::Done(Step::Nothing("the client was deleted")));
            };
            let Some(account_key) = client.client_customer_key else {
                return Ok(Attempt::Done(Step::Nothing("the client has no account")));
            };
            let Some(account) = self.table.account_of(account_key, customer, key).await? else {
                return Ok(Attempt::Done(Step::Nothing(
                    "the account no longer belongs to the client",
                )));
            };
            if account.is_disabled_by_parent == client.is_disabled {
                self.end_unstarted_cascade(customer, key).await?;
                return Ok(Attempt::Done(Step::Nothing(
                    "the account has the client's state already",
                )));
            }
            let mut after = account.clone();
            after.disable_by_parent(client.is_disabled, change.now);
            after.meta.changed(change.now, &change.actor);
            let mut tx = self.table.transaction(change).check(
                "client",
                &keys::client(customer, key),
                Expression::version_is(client.meta.version),
            );
            tx = self
                .table
                .customers()
                .put_changed_account(tx, &account, &after, change)?;
            tx = if account.is_disabled == after.is_disabled {
                // The account is deactivated by itself, so nothing below it changes.
                tx.delete("cascade", &keys::cascade(customer, key), Expression::default())
            } else {
                let state = CascadeState::towards(after.is_disabled);
                tx.put(
                    "cascade",
                    cascade_item(customer, key, state, true),
                    Expression::default(),
                )
            };
            tx.commit_or_retry(None, error_of, Step::Done).await
        })
        .await
    }

    /// Ends a cascade that has not reached the account.
    async fn end_unstarted_cascade(&self, customer: CustomerKey, client: ClientKey) -> Result<()> {
        let sent = self
            .table
            .client
            .delete_item()
            .table_name(&self.table.name)
            .set_key(Some(keys::cascade(customer, client).attributes()))
            .condition_expression("started = :no")
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(sdk_error(error)),
            },
        }
    }
}
