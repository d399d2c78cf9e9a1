//! Transactions. Their conditions have names, so that each repository can map a failed condition to an error.

use crate::{
    Action, Change, Grant, Operation, Table,
    attempt::{Attempt, TRIES, attempted, pause_after},
    change::expired_before,
    expression::Expression,
    item::{Item, from_item, n, s, to_item},
    keys::{Family, ItemKey, PK, TTL},
};
use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update,
    },
};
use domain::{Entity, Error, Result};
use serde::Serialize;

/// Why a transaction was not committed.
#[derive(Debug)]
pub enum Failed {
    /// The condition with this name was false, for this item.
    Condition(&'static str, Option<Item>),
    Other(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

const IDEMPOTENCY: &str = "idempotencyKey";
/// The attribute that `Transaction::count` changes.
pub const COUNT: &str = "members";

pub struct Transaction<'t> {
    table: &'t Table,
    change: &'t Change,
    writes: Vec<(&'static str, TransactWriteItem)>,
}

impl Table {
    pub fn transaction<'t>(&'t self, change: &'t Change) -> Transaction<'t> {
        Transaction {
            table: self,
            change,
            writes: Vec::new(),
        }
    }
}

impl Transaction<'_> {
    /// The grant for `remember_answer` and `remember_secret_of`.
    pub const REMEMBER: Operation = Operation::new(&[Grant::on(Family::Idempotency, Action::PutItem)], &[]);

    /// Stores the answer, if the request has an idempotency key.
    pub fn remember_answer<T: Serialize>(self, status: u16, body: &T, version: impl Into<Option<u64>>) -> Result<Self> {
        let Some(key) = &self.change.idempotency_key else {
            return Ok(self);
        };
        let item = key.item(status, body, version.into(), self.change.now)?;
        Ok(self.put_idempotency_key(item))
    }

    /// Like `remember_answer`, for an answer that contains the secret of an entity: only the entity's key is stored.
    pub fn remember_secret_of(self, of: impl ToString) -> Result<Self> {
        let Some(key) = &self.change.idempotency_key else {
            return Ok(self);
        };
        let item = key.item_without_secret(of.to_string(), self.change.now)?;
        Ok(self.put_idempotency_key(item))
    }

    fn put_idempotency_key(self, item: Item) -> Self {
        let free = Expression::new(&format!("attribute_not_exists({PK}) OR {TTL} <= :now"))
            .with(":now", expired_before(self.change.now));
        self.put(IDEMPOTENCY, item, free)
    }

    pub fn put(mut self, name: &'static str, item: Item, condition: Expression) -> Self {
        let mut put = Put::builder()
            .table_name(&self.table.name)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if !condition.text.is_empty() {
            put = put.condition_expression(condition.text);
        }
        for (value_name, value) in condition.values {
            put = put.expression_attribute_values(value_name, value);
        }
        let write = TransactWriteItem::builder().set_put(put.build().ok());
        self.writes.push((name, write.build()));
        self
    }

    pub fn delete(mut self, name: &'static str, key: &ItemKey, condition: Expression) -> Self {
        let mut delete = Delete::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.attributes()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if !condition.text.is_empty() {
            delete = delete.condition_expression(condition.text);
        }
        for (value_name, value) in condition.values {
            delete = delete.expression_attribute_values(value_name, value);
        }
        let write = TransactWriteItem::builder().set_delete(delete.build().ok());
        self.writes.push((name, write.build()));
        self
    }

    /// Changes fields of an entity, and its version, time and actor.
    pub fn update(mut self, name: &'static str, key: &ItemKey, set: Expression) -> Result<Self> {
        let change = self.change;
        let mut update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.attributes()))
            .update_expression(format!(
                "SET {}, version = version + :one, updatedAt = :updatedAt, updatedBy = :updatedBy, requestId = :requestId, actor = :actor",
                set.text
            ))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":updatedAt", s(change.now.to_string()))
            .expression_attribute_values(":updatedBy", s(&change.actor.id))
            .expression_attribute_values(":requestId", s(&change.request_id))
            .expression_attribute_values(":actor", AttributeValue::M(to_item(&change.actor)?));
        for (value_name, value) in set.values {
            update = update.expression_attribute_values(value_name, value);
        }
        let write = TransactWriteItem::builder().set_update(update.build().ok());
        self.writes.push((name, write.build()));
        Ok(self)
    }

    /// Changes attributes of an item that exists and is no entity.
    pub fn set(mut self, name: &'static str, key: &ItemKey, set: Expression) -> Self {
        let mut update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.attributes()))
            .update_expression(format!("SET {}", set.text))
            .condition_expression("attribute_exists(pk)");
        for (value_name, value) in set.values {
            update = update.expression_attribute_values(value_name, value);
        }
        let write = TransactWriteItem::builder().set_update(update.build().ok());
        self.writes.push((name, write.build()));
        self
    }

    /// Adds to the number in an item, and creates the item if it does not exist.
    pub fn count(mut self, name: &'static str, key: &ItemKey, by: i8, entity: &str) -> Self {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.attributes()))
            .update_expression("SET #entity = :entity ADD #count :by")
            .expression_attribute_names("#entity", crate::item::ENTITY)
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":entity", s(entity))
            .expression_attribute_values(":by", n(by));
        let write = TransactWriteItem::builder().set_update(update.build().ok());
        self.writes.push((name, write.build()));
        self
    }

    pub fn check(mut self, name: &'static str, key: &ItemKey, condition: Expression) -> Self {
        let mut check = ConditionCheck::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.attributes()));
        for (placeholder, field) in condition.names() {
            check = check.expression_attribute_names(placeholder, field);
        }
        check = check
            .condition_expression(condition.text)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (value_name, value) in condition.values {
            check = check.expression_attribute_values(value_name, value);
        }
        let write = TransactWriteItem::builder().set_condition_check(check.build().ok());
        self.writes.push((name, write.build()));
        self
    }

    /// Commits an attempt of `retry`.
    pub async fn commit_or_retry<T>(
        self,
        expected: Option<u64>,
        error_of: fn(Failed) -> Error,
        done: T,
    ) -> Result<Attempt<T>> {
        attempted(self.commit().await.map_err(error_of), expected, done)
    }

    /// Commits all writes or none. A single `Put` is sent alone, which costs half.
    pub async fn commit(mut self) -> Result<(), Failed> {
        if let [(name, write)] = self.writes.as_mut_slice()
            && let Some(put) = write.put.take()
        {
            let name = *name;
            return self.put_alone(name, put).await;
        }
        let (names, writes): (Vec<_>, Vec<_>) = self.writes.into_iter().unzip();
        for tried in 0..TRIES {
            pause_after(tried).await;
            let sent = self
                .table
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.clone()))
                .send()
                .await;
            let Err(error) = sent else { return Ok(()) };
            let Some(reasons) = cancelled(&error) else {
                return Err(Failed::Other(sdk_error(error)));
            };
            let of_code = |code: &str| reasons.iter().position(|reason| reason.code.as_deref() == Some(code));
            if let Some(index) = of_code("ConditionalCheckFailed") {
                let name = names.get(index).copied().unwrap_or_default();
                let old = reasons[index].item.clone().filter(|item| !item.is_empty());
                return Err(self.change.failed(name, old));
            }
            match of_code("TransactionConflict") {
                // Another request with the same key is being committed.
                Some(index) if names.get(index) == Some(&IDEMPOTENCY) => {
                    return Err(Failed::Other(Error::RequestInProgress));
                }
                Some(_) => {}
                None => return Err(Failed::Other(sdk_error(error))),
            }
        }
        Err(Failed::Other(Error::Contended))
    }

    async fn put_alone(&self, name: &'static str, put: Put) -> Result<(), Failed> {
        for tried in 0..TRIES {
            pause_after(tried).await;
            let sent = self
                .table
                .client
                .put_item()
                .table_name(&put.table_name)
                .set_item(Some(put.item.clone()))
                .set_condition_expression(put.condition_expression.clone())
                .set_expression_attribute_values(put.expression_attribute_values.clone())
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            let Err(error) = sent else { return Ok(()) };
            match error.as_service_error() {
                // The client repeats a request whose answer was lost. Unlike a transaction, a single write has no token by which DynamoDB
                // recognises the repeat.
                Some(PutItemError::ConditionalCheckFailedException(failed))
                    if failed.item.as_ref() == Some(&put.item) =>
                {
                    return Ok(());
                }
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    let old = failed.item.clone().filter(|item| !item.is_empty());
                    return Err(self.change.failed(name, old));
                }
                // A transaction on the item is being committed.
                Some(PutItemError::TransactionConflictException(_)) => {}
                _ => return Err(Failed::Other(sdk_error(error))),
            }
        }
        Err(Failed::Other(Error::Contended))
    }
}

impl Change {
    fn failed(&self, name: &'static str, old: Option<Item>) -> Failed {
        match (&self.idempotency_key, name, old) {
            (Some(key), IDEMPOTENCY, Some(item)) => Failed::Other(match key.answered_before(item, self.now) {
                Ok(Some(replay)) => Error::Replayed(replay),
                Ok(None) => Error::RequestInProgress,
                Err(error) => error,
            }),
            (_, name, old) => Failed::Condition(name, old),
        }
    }
}

/// The error of a failed condition on an entity's version: it was deleted or changed.
pub fn version_error<E: Entity>(old: Option<Item>) -> Error {
    match old.map(from_item::<E>) {
        None => Error::NotFound(E::KIND),
        Some(Ok(entity)) => Error::VersionMismatch {
            current: entity.meta().version,
        },
        Some(Err(error)) => error,
    }
}

/// Compares `If-Match` with the current version.
pub fn expect_version(expected: Option<u64>, current: u64) -> Result<()> {
    match expected {
        Some(version) if version != current => Err(Error::VersionMismatch { current }),
        _ => Ok(()),
    }
}

fn cancelled(error: &SdkError<TransactWriteItemsError>) -> Option<&[CancellationReason]> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(e) => Some(e.cancellation_reasons()),
        _ => None,
    }
}

/// An error of DynamoDB's that is not a failed condition. The caller learns whether a retry may help; the text is for the log.
pub fn sdk_error<E>(error: SdkError<E>) -> Error
where
    E: std::error::Error + aws_sdk_dynamodb::error::ProvideErrorMetadata + Send + Sync + 'static,
{
    let code = error.as_service_error().and_then(|e| e.code()).map(str::to_owned);
    let text = aws_sdk_dynamodb::error::DisplayErrorContext(&error).to_string();
    match code.as_deref() {
        // A write of a single item met another request's transaction.
        Some("TransactionConflictException") => Error::Contended,
        Some("ValidationException" | "ResourceNotFoundException" | "AccessDeniedException") => Error::Internal(text),
        _ => Error::Unavailable(text),
    }
}
