//! The bucket to which Lambda writes what the stream's trigger gave up, in memory. It lists two keys a page.

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};
use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;

type Store = Arc<Mutex<BTreeMap<String, String>>>;

#[derive(Clone)]
pub struct Failures {
    store: Store,
    url: String,
}

/// How many keys a page of a list has.
const PAGE: usize = 2;

impl Failures {
    pub async fn start() -> Self {
        let store = Store::default();
        let app = Router::new()
            .route("/kept", get(list))
            .route("/kept/", get(list))
            .route("/kept/{*key}", get(read).delete(delete))
            .with_state(store.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { store, url }
    }

    pub fn bucket(&self) -> runtime::context::Failures {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.url)
            .force_path_style(true)
            .credentials_provider(Credentials::for_tests())
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        runtime::context::Failures {
            client: Client::from_conf(config),
            bucket: "kept".into(),
        }
    }

    /// Keeps records as Lambda does. `second` is part of the key, and `random` the end of its UUID.
    pub fn keep(&self, second: u32, random: u32, records: &[Value]) -> String {
        let key = format!(
            "aws/lambda/a1b2c3d4-5678-90ab-cdef-11111aaaaa11/shardId-00000001573689847184-864758bb/2026/11/23/\
             2026-11-23T08.00.{second:02}-a1b2c3d4-5678-90ab-cdef-{random:012}"
        );
        let number = |record: Option<&Value>| record.unwrap()["dynamodb"]["SequenceNumber"].clone();
        let batch = json!({
            "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 51},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
            "version": "1.0",
            "timestamp": "2026-11-23T08:00:00.000Z",
            "DDBStreamBatchInfo": {
                "startSequenceNumber": number(records.first()),
                "endSequenceNumber": number(records.last()),
                "batchSize": records.len(),
            },
            "payload": json!({"Records": records}).to_string(),
        });
        self.put(&key, batch.to_string());
        key
    }

    pub fn put(&self, key: &str, content: String) {
        self.store.lock().unwrap().insert(key.to_owned(), content);
    }

    pub fn get(&self, key: &str) -> String {
        self.store.lock().unwrap()[key].clone()
    }

    pub fn remove(&self, key: &str) {
        self.store.lock().unwrap().remove(key);
    }

    pub fn keys(&self) -> Vec<String> {
        self.store.lock().unwrap().keys().cloned().collect()
    }
}

async fn list(State(store): State<Store>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let after = query.get("continuation-token").cloned().unwrap_or_default();
    let store = store.lock().unwrap();
    let listed = |key: &&String| key.starts_with(&query["prefix"]) && **key > after;
    let mut keys: Vec<&String> = store.keys().filter(listed).collect();
    let more = keys.len() > PAGE;
    keys.truncate(PAGE);
    let next = keys.last().filter(|_| more);
    let next = next.map_or_else(String::new, |key| {
        format!("<NextContinuationToken>{key}</NextContinuationToken>")
    });
    let contents: String = keys
        .iter()
        .map(|key| format!("<Contents><Key>{key}</Key></Contents>"))
        .collect();
    let body = format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>{next}{contents}</ListBucketResult>");
    ([("content-type", "application/xml")], body).into_response()
}

async fn read(State(store): State<Store>, Path(key): Path<String>) -> Response {
    match store.lock().unwrap().get(&key) {
        Some(content) => content.clone().into_response(),
        None => (
            StatusCode::NOT_FOUND,
            "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>",
        )
            .into_response(),
    }
}

async fn delete(State(store): State<Store>, Path(key): Path<String>) -> StatusCode {
    store.lock().unwrap().remove(&key);
    StatusCode::NO_CONTENT
}
