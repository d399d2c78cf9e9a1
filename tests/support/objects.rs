//! A bucket in memory that answers the functions' requests to S3. It does not check signatures; the local cloud does.

use super::recorder::ObjectRecorder;
use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region, RequestChecksumCalculation, retry::RetryConfig},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextMut, dyn_dispatch_hint},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use axum::{
    Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use logos::Logos;
use serde_json::Value;
use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;

pub const LOGO_URL: &str = "https://logos.example";
/// The start of a PNG of one pixel, enough to know its type and size.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89 and so on";
const BUCKET: &str = "logos-test";

/// Adds the header that the SDK adds to every request inside Lambda.
#[derive(Clone, Debug)]
struct LambdaTrace;

#[dyn_dispatch_hint]
impl Intercept for LambdaTrace {
    fn name(&self) -> &'static str {
        "trace id of Lambda"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        headers.insert("x-amzn-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700");
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub content_type: String,
    pub cache_control: String,
    pub tags: String,
}

#[derive(Clone)]
pub struct Objects {
    state: Arc<Mutex<Store>>,
    url: String,
}

#[derive(Default)]
struct Store {
    objects: BTreeMap<String, Object>,
    /// How many of the next requests fail.
    requests_to_fail: usize,
    /// Replaces the next object that is read, right after the read.
    replacement: Option<Object>,
}

impl Objects {
    pub async fn start() -> Self {
        let state = Arc::<Mutex<Store>>::default();
        let app = Router::new()
            .route("/{bucket}/{*key}", get(read).put(copy).delete(delete))
            .with_state(state.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { state, url }
    }

    pub fn logos(&self) -> Logos {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.url)
            .force_path_style(true)
            .credentials_provider(Credentials::for_tests())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .interceptor(ObjectRecorder)
            .interceptor(LambdaTrace)
            .build();
        Logos {
            client: Client::from_conf(config),
            bucket: BUCKET.into(),
            url: LOGO_URL.into(),
        }
    }

    /// Uploads these bytes as the answer to an upload request describes.
    pub fn upload(&self, answer: &Value, bytes: &[u8]) {
        let upload = &answer["upload"];
        assert_eq!(upload["method"], "PUT");
        let url = upload["url"].as_str().unwrap();
        let key = url.split_once(&format!("/{BUCKET}/")).unwrap().1;
        let key = key.split_once('?').unwrap().0;
        let object = Object {
            bytes: bytes.to_vec(),
            content_type: upload["headers"]["content-type"].as_str().unwrap().into(),
            ..Object::default()
        };
        self.state.lock().unwrap().objects.insert(key.into(), object);
    }

    pub fn all(&self) -> BTreeMap<String, Object> {
        self.state.lock().unwrap().objects.clone()
    }

    /// The objects that the CDN would serve.
    pub fn served(&self) -> BTreeMap<String, Object> {
        let mut objects = self.all();
        objects.retain(|key, _| key.starts_with("logos/"));
        objects
    }

    /// Makes this many of the next requests fail, as if S3 were unavailable.
    pub fn fail_requests(&self, requests: usize) {
        self.state.lock().unwrap().requests_to_fail = requests;
    }

    /// Replaces the next object that is read with these bytes, right after the read.
    pub fn replace_after_next_read(&self, bytes: &[u8]) {
        self.state.lock().unwrap().replacement = Some(Object {
            bytes: bytes.to_vec(),
            content_type: "image/png".into(),
            ..Object::default()
        });
    }
}

type Shared = State<Arc<Mutex<Store>>>;

fn refusal(status: StatusCode, code: &str) -> Response {
    let body = format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    (status, [("content-type", "application/xml")], body).into_response()
}

fn no_such_key() -> Response {
    refusal(StatusCode::NOT_FOUND, "NoSuchKey")
}

fn etag(object: &Object) -> String {
    let mut hasher = DefaultHasher::new();
    object.bytes.hash(&mut hasher);
    format!("\"{:x}\"", hasher.finish())
}

/// Counts this request; true if it is one of those that fail.
fn fails(store: &mut Store) -> bool {
    let fails = store.requests_to_fail > 0;
    store.requests_to_fail = store.requests_to_fail.saturating_sub(1);
    fails
}

async fn read(State(state): Shared, Path((_, key)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let mut store = state.lock().unwrap();
    if fails(&mut store) {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
    }
    let Some(object) = store.objects.get(&key).cloned() else {
        return no_such_key();
    };
    let range = headers["range"].to_str().unwrap().strip_prefix("bytes=0-").unwrap();
    let last: usize = range.parse().unwrap();
    if object.bytes.is_empty() {
        return refusal(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
    }
    if let Some(other) = store.replacement.take() {
        store.objects.insert(key, other);
    }
    let part = &object.bytes[..object.bytes.len().min(last + 1)];
    let headers = [
        (
            "content-range",
            format!("bytes 0-{}/{}", part.len() - 1, object.bytes.len()),
        ),
        ("content-type", object.content_type.clone()),
        ("etag", etag(&object)),
    ];
    (StatusCode::PARTIAL_CONTENT, headers, Bytes::copy_from_slice(part)).into_response()
}

async fn copy(State(state): Shared, Path((bucket, key)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let mut store = state.lock().unwrap();
    if fails(&mut store) {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
    }
    let text = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let source = text("x-amz-copy-source");
    let source = source.strip_prefix(&format!("{bucket}/")).unwrap();
    let Some(object) = store.objects.get(source).cloned() else {
        return no_such_key();
    };
    if etag(&object) != text("x-amz-copy-source-if-match") {
        return refusal(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
    }
    let copy = Object {
        content_type: text("content-type"),
        cache_control: text("cache-control"),
        tags: text("x-amz-tagging"),
        ..object
    };
    let body = format!("<CopyObjectResult><ETag>{}</ETag></CopyObjectResult>", etag(&copy));
    store.objects.insert(key, copy);
    (StatusCode::OK, [("content-type", "application/xml")], body).into_response()
}

async fn delete(State(state): Shared, Path((_, key)): Path<(String, String)>, RawQuery(query): RawQuery) -> Response {
    let mut store = state.lock().unwrap();
    if fails(&mut store) {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
    }
    if query.is_some_and(|query| query.contains("tagging")) {
        match store.objects.get_mut(&key) {
            Some(object) => object.tags.clear(),
            None => return no_such_key(),
        }
    } else {
        store.objects.remove(&key);
    }
    StatusCode::NO_CONTENT.into_response()
}
