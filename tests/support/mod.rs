//! A world of one's own for each test: an embedded table, a clock that stands still, callers with real tokens.

mod answer;
mod objects;
mod recorder;
mod spine;
mod token;
pub mod usage;

pub use answer::Answer;
pub use objects::{LOGO_URL, PNG};
pub use recorder::Seen;
pub use spine::tasks;
pub use token::{AUDIENCE, ISSUER, Issuer, Key, Token};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use domain::{
    ClientKey, Timestamp,
    plaintext::{SECRET_BYTES, Secret},
};
use dynoxide::Database;
use lambda_http::request::from_str;
use recorder::{Recorder, watch};
use runtime::{Config, Context, Function, context::Clock, function::EndpointFunction};
use serde_json::{Map, Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use table::{
    Table,
    keys::{self, Index},
};
use tokio::net::TcpListener;
use uuid::{Builder, Uuid};

pub const TABLE: &str = "customers-test";

/// All that there is to run.
pub fn functions() -> Vec<Function> {
    template::functions()
}

/// Every endpoint, once for each of its routes.
pub fn endpoints() -> Vec<EndpointFunction> {
    functions()
        .into_iter()
        .flat_map(|function| match function {
            Function::Endpoint(endpoint) => endpoint.by_route(),
            _ => Vec::new(),
        })
        .collect()
}

/// Time stands still until a test moves it; chance counts up.
pub struct TestClock {
    now: Mutex<Timestamp>,
    count: AtomicU64,
}

impl TestClock {
    fn new() -> Self {
        Self {
            now: Mutex::new(Timestamp::parse("2026-11-23T08:00:00.000Z").unwrap()),
            count: AtomicU64::new(0),
        }
    }

    /// Now, in seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.now.lock().unwrap().epoch_seconds()
    }

    pub fn forward(&self, by: TimeDelta) {
        let mut now = self.now.lock().unwrap();
        *now = now.plus(by);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn uuid(&self) -> Uuid {
        let mut bits = [0; 10];
        bits[2..].copy_from_slice(&self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Builder::from_unix_timestamp_millis(self.now().millis(), &bits).into_uuid()
    }

    fn secret(&self) -> domain::Result<Secret> {
        let mut bytes = [7; SECRET_BYTES];
        bytes[..8].copy_from_slice(&self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Ok(Secret::new(bytes))
    }
}

pub struct World {
    pub ctx: Context,
    pub clock: Arc<TestClock>,
    pub client: Client,
    pub database: Database,
    issuer: Key,
    requests: AtomicU64,
    pub spine: spine::Spine,
    pub objects: objects::Objects,
}

impl World {
    pub async fn new() -> Self {
        Self::with_shards(1).await
    }

    /// The list of all customers spread over so many partitions.
    pub async fn with_shards(list_shards: u8) -> Self {
        Self::configured(|config| config.list_shards = list_shards).await
    }

    pub async fn configured(configure: impl FnOnce(&mut Config)) -> Self {
        let database = Database::memory().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        let client = Client::from_conf(
            aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::v2026_01_12())
                .region(Region::new("us-east-1"))
                .endpoint_url(url)
                .credentials_provider(Credentials::for_tests())
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .interceptor(Recorder)
                .build(),
        );
        create_table(&client).await;
        let clock = Arc::new(TestClock::new());
        let issuer = Key::new("key-1");
        let mut config = Config {
            table_name: TABLE.into(),
            list_shards: 1,
            issuer: token::ISSUER.into(),
            audience: token::AUDIENCE.into(),
            jwks: Some(issuer.jwks().to_string()),
            jwks_url: None,
            cursor_secret: "a secret for tests".into(),
            bus_name: "customer-service".into(),
            queue_url: String::new(),
            logo_bucket: String::new(),
            logo_url: String::new(),
        };
        configure(&mut config);
        let spine = spine::Spine::start().await;
        let objects = objects::Objects::start().await;
        let table = Table {
            client: client.clone(),
            name: TABLE.into(),
            list_shards: config.list_shards,
        };
        let ctx = Context::new(table, &config, clock.clone())
            .with_tokens(&config)
            .unwrap()
            .with_bus(spine.bus())
            .with_queue(spine.queue())
            .with_logos(objects.logos());
        Self {
            ctx,
            clock,
            client,
            database,
            issuer,
            requests: AtomicU64::new(0),
            spine,
            objects,
        }
    }

    /// A token of this world's issuer, valid for an hour.
    pub fn token(&self) -> Token {
        Token::new(self.issuer.clone(), self.clock.now())
    }

    pub fn admin(&self) -> Token {
        self.token().role("PlatformAdmin").subject("usr_admin")
    }

    /// Somebody of one customer's, in one role.
    pub fn user(&self, role: &str, customer: &str) -> Token {
        self.token().role(role).customer(customer).subject("usr_user")
    }

    pub async fn get(&self, caller: &Token, path: &str) -> Answer {
        self.send(Call::new("GET", path).by(caller)).await
    }

    pub async fn post(&self, caller: &Token, path: &str, body: Value) -> Answer {
        self.send(Call::new("POST", path).by(caller).json(body)).await
    }

    pub async fn put(&self, caller: &Token, path: &str, body: Value) -> Answer {
        self.send(Call::new("PUT", path).by(caller).json(body)).await
    }

    pub async fn patch(&self, caller: &Token, path: &str, body: Value) -> Answer {
        self.send(Call::new("PATCH", path).by(caller).json(body)).await
    }

    pub async fn delete(&self, caller: &Token, path: &str) -> Answer {
        self.send(Call::new("DELETE", path).by(caller)).await
    }

    /// Sends a call to the endpoint that its path and method route to. Whatever the endpoint then asks of the table has to be among
    /// its grants: every test is a test of the policies too.
    pub async fn send(&self, call: Call) -> Answer {
        let (endpoint, answer) = self.send_unchecked(call).await;
        answer.check(&endpoint);
        answer
    }

    /// As `send`, for an entity that a test has put into the table and that no request could have created: its answer breaks the
    /// documented limits.
    pub async fn send_unchecked(&self, call: Call) -> (EndpointFunction, Answer) {
        let (endpoint, parameters) =
            route(&call).unwrap_or_else(|| panic!("no endpoint for {} {}", call.method, call.path));
        let id = format!("req-{}", self.requests.fetch_add(1, Ordering::Relaxed));
        let request = from_str(&call.event(&endpoint, parameters, &id).to_string()).unwrap();
        let (response, seen) = watch((endpoint.call)(&self.ctx, request)).await;
        seen.check(&Function::Endpoint(endpoint));
        (endpoint, Answer::new(response, seen))
    }

    /// A tenant customer, made by platform staff.
    pub async fn tenant(&self, name: &str) -> Value {
        let body = json!({"type": "Business", "name": name, "isTenantCustomer": true});
        self.post(&self.admin(), "/v1/customers", body).await.expect(201).body
    }

    /// A customer, made by platform staff: a Business tenant, but for the fields given here.
    pub async fn customer(&self, fields: Value) -> Value {
        let mut body = json!({"type": "Business", "name": "Acme", "isTenantCustomer": true});
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        self.post(&self.admin(), "/v1/customers", body).await.expect(201).body
    }

    /// A customer that is no tenant, of a new tenant; its key. Its own users may deactivate it.
    pub async fn member_customer(&self, name: &str) -> String {
        let tenant = self.tenant(&format!("{name}'s tenant")).await;
        let fields =
            json!({"name": name, "isTenantCustomer": false, "bootstrapTenantKey": tenant["bootstrapTenantKey"]});
        key_of(&self.customer(fields).await)
    }

    /// Makes a customer an account of another's, as provisioning will.
    pub async fn make_account(&self, account: &str, parent: &str) {
        let client = ClientKey::from_uuid(self.clock.uuid()).to_string();
        let text = |text: &str| AttributeValue::S(text.into());
        let parent = HashMap::from([
            ("customerKey".into(), text(parent)),
            ("clientKey".into(), text(&client)),
            ("depth".into(), AttributeValue::N("1".into())),
        ]);
        self.set(account, "parent", AttributeValue::M(parent)).await;
    }

    /// Takes an attribute away from a customer's item, as no write of the service's would.
    pub async fn damage(&self, customer: &str, attribute: &str) {
        self.client
            .update_item()
            .table_name(TABLE)
            .set_key(Some(keys::customer(customer.parse().unwrap()).attributes()))
            .update_expression("REMOVE #attribute")
            .expression_attribute_names("#attribute", attribute)
            .send()
            .await
            .unwrap();
    }

    pub async fn mend(&self, customer: &str, attribute: &str, value: &str) {
        self.set(customer, attribute, AttributeValue::S(value.into())).await;
    }

    /// Gives a customer so many products of a hundred characters: more than a request could.
    pub async fn fill(&self, customer: &str, products: usize) {
        let products = (0..products).map(|n| AttributeValue::S(format!("{n:0>100}"))).collect();
        self.set(customer, "products", AttributeValue::L(products)).await;
    }

    async fn set(&self, customer: &str, attribute: &str, value: AttributeValue) {
        self.client
            .update_item()
            .table_name(TABLE)
            .set_key(Some(keys::customer(customer.parse().unwrap()).attributes()))
            .update_expression("SET #attribute = :value")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":value", value)
            .send()
            .await
            .unwrap();
    }

    /// All pages of a list, one after the other.
    pub async fn pages(&self, caller: &Token, path: &str) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut cursor = String::new();
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let page = self.get(caller, &format!("{path}{cursor}")).await.expect(200).body;
            pages.push(page["items"].as_array().unwrap().clone());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("{sign}cursor={next}"),
                None => return pages,
            }
        }
    }

    pub async fn all(&self, caller: &Token, path: &str) -> Vec<Value> {
        self.pages(caller, path).await.concat()
    }

    /// What the table still holds of a customer or of its clients, but for what says that it was deleted.
    pub async fn left_of(&self, customer: &str) -> Vec<String> {
        let mut left = Vec::new();
        let mut start = None;
        loop {
            let page = self.client.scan().table_name(TABLE).set_exclusive_start_key(start);
            let page = page.send().await.unwrap();
            for item in page.items.unwrap_or_default() {
                let text = |name: &str| item[name].as_s().unwrap().clone();
                if text("pk").starts_with(&format!("CUS#{customer}")) && text("entity") != "Tombstone" {
                    left.push(format!("{} {}", text("pk"), text("sk")));
                }
            }
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return left;
            }
        }
    }

    /// Removes an API key, as TTL does when it has been expired for long. By its path.
    pub async fn outlive(&self, path: &str) {
        let parts: Vec<&str> = path.split('/').collect();
        let [.., customer, _, partition, _, key] = parts.as_slice() else {
            panic!("{path} is no key's path")
        };
        let key = keys::api_key(
            customer.parse().unwrap(),
            partition.parse().unwrap(),
            key.parse().unwrap(),
        );
        let delete = self.client.delete_item().table_name(TABLE);
        delete.set_key(Some(key.attributes())).send().await.unwrap();
    }

    /// A customer's audit trail as platform staff see it, newest first.
    pub async fn audit(&self, customer: &str) -> Vec<Value> {
        self.all(&self.admin(), &format!("/v1/customers/{customer}/audit?limit=100"))
            .await
    }
}

/// A customer's path.
pub fn at(customer: &str) -> String {
    format!("/v1/customers/{customer}")
}

pub fn key_of(entity: &Value) -> String {
    entity["key"].as_str().unwrap().to_owned()
}

/// One HTTP request to be.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    query: String,
    headers: Map<String, Value>,
    body: Option<String>,
    is_base64: bool,
}

impl Call {
    pub fn new(method: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: Map::new(),
            body: None,
            is_base64: false,
        }
    }

    pub fn by(self, caller: &Token) -> Self {
        let bearer = format!("Bearer {}", caller.sign());
        self.header("authorization", &bearer)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.into(), json!(value));
        self
    }

    pub fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json").body(&body.to_string())
    }

    pub fn body(mut self, body: &str) -> Self {
        self.body = Some(body.into());
        self
    }

    /// As API Gateway hands over what is no text.
    pub fn base64_body(mut self, body: &[u8]) -> Self {
        self.body = Some(STANDARD.encode(body));
        self.is_base64 = true;
        self
    }

    /// The event that API Gateway makes of it.
    fn event(&self, endpoint: &EndpointFunction, parameters: Map<String, Value>, id: &str) -> Value {
        let query: Map<String, Value> = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        json!({
            "version": "2.0",
            "routeKey": format!("{} {}", self.method, endpoint.spec.route),
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": self.headers,
            "queryStringParameters": query,
            "pathParameters": parameters,
            "requestContext": {
                "accountId": "000000000000", "apiId": "test", "stage": "$default", "requestId": id,
                "domainName": "localhost", "domainPrefix": "test", "routeKey": "", "time": "23/Nov/2026:08:00:00 +0000", "timeEpoch": 1_795_420_800_000_i64,
                "http": {"method": self.method, "path": self.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"},
            },
            "body": self.body,
            "isBase64Encoded": self.is_base64,
        })
    }
}

/// As API Gateway picks: the most specific route wins, what is said sooner before what is said later.
fn route(call: &Call) -> Option<(EndpointFunction, Map<String, Value>)> {
    let parts: Vec<&str> = call.path.split('/').collect();
    endpoints()
        .into_iter()
        .filter(|endpoint| endpoint.spec.method.name() == call.method)
        .filter_map(|endpoint| {
            let pattern: Vec<&str> = endpoint.spec.route.split('/').collect();
            if pattern.len() != parts.len() {
                return None;
            }
            let mut parameters = Map::new();
            for (wanted, given) in pattern.iter().zip(&parts) {
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) => {
                        parameters.insert(name.into(), json!(given));
                    }
                    None if wanted == given => {}
                    None => return None,
                }
            }
            Some((endpoint, parameters))
        })
        .min_by_key(|(endpoint, _)| {
            let parts = endpoint.spec.route.split('/');
            parts.map(|part| part.starts_with('{')).collect::<Vec<_>>()
        })
}

async fn create_table(client: &Client) {
    let key = |name: &str, kind: KeyType| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    let mut attributes = vec!["pk", "sk"];
    let mut request = client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .stream_specification(
            StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewAndOldImages)
                .build()
                .unwrap(),
        );
    for index in Index::ALL {
        let mut schema = vec![key(index.partition_attribute(), KeyType::Hash)];
        attributes.push(index.partition_attribute());
        if let Some(sort) = index.sort_attribute() {
            schema.push(key(sort, KeyType::Range));
            attributes.push(sort);
        }
        request = request.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(index.name())
                .set_key_schema(Some(schema))
                .projection(Projection::builder().projection_type(ProjectionType::All).build())
                .build()
                .unwrap(),
        );
    }
    for name in attributes {
        request = request.attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap(),
        );
    }
    request.send().await.unwrap();
}
