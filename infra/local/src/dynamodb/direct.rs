//! The most frequent operations on the embedded database, without an HTTP request to its server.

use dynoxide::{Database, DynoxideError, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::answer::Answer;

/// Performs an operation if it is one of these and the request is valid. `None`: the server must perform it, because its
/// error messages are those of DynamoDB. Nothing has changed then.
pub fn perform(database: &Database, operation: &str, body: &[u8]) -> Option<Answer> {
    match operation {
        "GetItem" => answer(body, |request| database.get_item(request)),
        "PutItem" => answer(body, |request| database.put_item(request)),
        "UpdateItem" => answer(body, |request| database.update_item(request)),
        "DeleteItem" => answer(body, |request| database.delete_item(request)),
        "Query" => answer(body, |request| database.query(request)),
        "BatchGetItem" => answer(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => answer(body, |request| database.batch_write_item(request)),
        "TransactGetItems" => answer(body, |request| database.transact_get_items(request)),
        "TransactWriteItems" => answer(body, |request| database.transact_write_items(request)),
        _ => None,
    }
}

fn answer<Q: DeserializeOwned, A: Serialize>(body: &[u8], perform: impl FnOnce(Q) -> Result<A>) -> Option<Answer> {
    let (status, body) = match perform(serde_json::from_slice(body).ok()?) {
        Ok(answer) => (200, serde_json::to_vec(&answer).ok()?),
        Err(
            error @ (DynoxideError::ConditionalCheckFailedException(..)
            | DynoxideError::TransactionCanceledException(..)),
        ) => (error.status_code(), error.to_json().into_bytes()),
        // Not left to the server: the operation could be performed twice.
        Err(error) if error.status_code() >= 500 => (error.status_code(), error.to_json().into_bytes()),
        Err(_) => return None,
    };
    let headers = vec![
        ("content-type", "application/x-amz-json-1.0".to_owned()),
        ("x-amzn-requestid", Uuid::new_v4().to_string()),
    ];
    Some(Answer { status, headers, body })
}
