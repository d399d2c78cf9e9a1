//! A client was disabled or enabled: its account follows.

use super::{Cascades, changed_since};
use crate::{
    Change, Operation, Step,
    attempt::{Attempt, retry},
    clients::cascade_item,
    expression::Expression,
    keys::{self, ItemKey},
    operation::on_customer::{CHECK, DELETE, GET, PUT},
    write::refused,
};
use aws_sdk_dynamodb::{operation::delete_item::DeleteItemError, types::AttributeValue};
use domain::{ClientKey, CustomerKey, Result, Tenant, client::CascadeState};

impl Cascades<'_> {
    pub const CLIENT_STATE: Operation = Operation::new(&[GET, CHECK, PUT, DELETE], &[]);
    /// A client was disabled or enabled: its account becomes what the client is.
    pub async fn client_state(&self, tenant: Tenant, key: ClientKey, change: &Change) -> Result<Step> {
        let customer = tenant.key();
        retry(|| async move {
            let Some(client) = self.table.client(customer, key).await? else {
                return Ok(Attempt::Done(Step::Nothing("the client is gone")));
            };
            let Some(account_key) = client.client_customer_key else {
                return Ok(Attempt::Done(Step::Nothing("the client has no account")));
            };
            let Some(account) = self.table.account_of(account_key, customer, key).await? else {
                return Ok(Attempt::Done(Step::Nothing("the account is no longer the client's")));
            };
            if account.is_disabled_by_parent == client.is_disabled {
                self.end_unstarted(customer, key).await?;
                return Ok(Attempt::Done(Step::Nothing("the account is as it should be")));
            }
            let mut after = account.clone();
            after.disable_by_parent(client.is_disabled, change.now);
            after.meta.changed(change.now, &change.actor);
            let mut tx = self.table.transaction(change).check(
                "client",
                &keys::client(customer, key),
                Expression::version_is(client.meta.version),
            );
            tx = self.table.customers().put_over(tx, &account, &after, change)?;
            tx = if account.is_disabled == after.is_disabled {
                // It was deactivated anyway, and so was what is below it.
                tx.delete("cascade", &keys::cascade(customer, key), Expression::default())
            } else {
                let state = CascadeState::towards(after.is_disabled);
                tx.put(
                    "cascade",
                    cascade_item(customer, key, state, true),
                    Expression::default(),
                )
            };
            tx.commit_or_retry(None, changed_since, Step::Done).await
        })
        .await
    }

    /// Nothing came of a cascade, and none is on its way.
    async fn end_unstarted(&self, customer: CustomerKey, client: ClientKey) -> Result<()> {
        let condition = Expression::new("started = :no").with(":no", AttributeValue::Bool(false));
        self.end(&keys::cascade(customer, client), condition).await
    }

    async fn end(&self, key: &ItemKey, condition: Expression) -> Result<()> {
        let mut delete = self
            .table
            .client
            .delete_item()
            .table_name(&self.table.name)
            .set_key(Some(key.attributes()))
            .condition_expression(condition.text);
        for (placeholder, value) in condition.values {
            delete = delete.expression_attribute_values(placeholder, value);
        }
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(refused(error)),
            },
        }
    }
}
