//! DynamoDB, EventBridge and SQS over their own protocols: an embedded table, and a bus and a queue that accept everything. The store
//! records what AWS would charge for each request to the table.

use anyhow::{Context, Result, bail};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};
use table::keys::{Index, PK, SK};

pub const TABLE: &str = "customers";

/// One request, and the capacity units that it was charged.
pub struct Charge {
    pub operation: String,
    pub units: f64,
}

impl Charge {
    pub fn is_read(&self) -> bool {
        matches!(self.operation.as_str(), "GetItem" | "BatchGetItem" | "Query")
    }
}

#[derive(Clone)]
pub struct Store {
    pub database: Database,
    charges: Arc<Mutex<Vec<Charge>>>,
}

impl Store {
    /// Creates a table with the service's keys and indexes, in memory or in a folder.
    pub fn open(folder: Option<&Path>) -> Result<Self> {
        let database = match folder {
            Some(folder) => Database::new(
                folder
                    .join("table.db")
                    .to_str()
                    .context("the folder's name is not UTF-8")?,
            )?,
            None => Database::memory()?,
        };
        database.create_table(serde_json::from_value(schema())?)?;
        Ok(Self {
            database,
            charges: Arc::default(),
        })
    }

    pub fn app(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// The requests since the last call.
    pub fn take(&self) -> Vec<Charge> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Charge>> {
        self.charges.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn dynamodb(&self, operation: &str, body: &[u8]) -> Result<Result<Value, DynoxideError>> {
        let mut request: Value = serde_json::from_slice(body)?;
        request["ReturnConsumedCapacity"] = json!("TOTAL");
        let db = &self.database;
        let done = match operation {
            "GetItem" => perform(request, |r| db.get_item(r)),
            "BatchGetItem" => perform(request, |r| db.batch_get_item(r)),
            "PutItem" => perform(request, |r| db.put_item(r)),
            "UpdateItem" => perform(request, |r| db.update_item(r)),
            "DeleteItem" => perform(request, |r| db.delete_item(r)),
            "Query" => perform(request, |r| db.query(r)),
            "BatchWriteItem" => perform(request, |r| db.batch_write_item(r)),
            "TransactWriteItems" => perform(request, |r| db.transact_write_items(r)),
            other => bail!("functions do not use {other}"),
        }?;
        let done = done.map(|mut answer| {
            let consumed = answer
                .as_object_mut()
                .and_then(|answer| answer.remove("ConsumedCapacity"));
            self.lock().push(Charge {
                operation: operation.to_owned(),
                units: units(consumed.unwrap_or_default()),
            });
            answer
        });
        Ok(done)
    }
}

fn schema() -> Value {
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let mut attributes = vec![PK, SK];
    let mut indexes = Vec::new();
    for index in Index::ALL {
        let (partition, sort) = (index.partition_attribute(), index.sort_attribute());
        let keys = [key(partition, "HASH"), key(sort, "RANGE")];
        attributes.extend([partition, sort]);
        indexes.push(json!({
            "IndexName": index.name(), "KeySchema": keys, "Projection": {"ProjectionType": "ALL"},
        }));
    }
    let attributes: Vec<Value> = attributes
        .iter()
        .map(|name| json!({"AttributeName": name, "AttributeType": "S"}))
        .collect();
    json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [key(PK, "HASH"), key(SK, "RANGE")],
        "AttributeDefinitions": attributes,
        "GlobalSecondaryIndexes": indexes,
    })
}

async fn answer(State(store): State<Store>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let done = match target.and_then(|target| target.split_once('.')) {
        Some(("AWSEvents", "PutEvents")) => put_events(&body).map(Ok),
        Some(("AmazonSQS", "SendMessage")) => Ok(Ok(json!({"MessageId": "219f8380-5770-4cc2-8c3e-5c715e145f5e"}))),
        Some((_, operation)) => store.dynamodb(operation, &body),
        None => Err(anyhow::anyhow!("a request has no X-Amz-Target")),
    };
    match done {
        Ok(Ok(answer)) => answer.to_string().into_response(),
        Ok(Err(refused)) => {
            let status = StatusCode::from_u16(refused.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, refused.to_json()).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

fn put_events(body: &[u8]) -> Result<Value> {
    let request: Value = serde_json::from_slice(body)?;
    let entries = request["Entries"].as_array().context("PutEvents has no entries")?;
    let results: Vec<Value> = entries
        .iter()
        .map(|_| json!({"EventId": "17793124-05d4-b198-2fde-7ededc63b103"}))
        .collect();
    Ok(json!({"FailedEntryCount": 0, "Entries": results}))
}

fn perform<Q: DeserializeOwned, A: Serialize>(
    request: Value,
    run: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<Result<Value, DynoxideError>> {
    match run(serde_json::from_value(request)?) {
        Ok(answer) => Ok(Ok(serde_json::to_value(answer)?)),
        Err(refused) => Ok(Err(refused)),
    }
}

/// DynamoDB reports one table's charge, or a list of them.
fn units(consumed: Value) -> f64 {
    let one = |charge: &Value| charge["CapacityUnits"].as_f64().unwrap_or(0.0);
    match &consumed {
        Value::Array(tables) => tables.iter().map(one).sum(),
        table => one(table),
    }
}
