//! A separate world for each test: an embedded table, a clock that stands still, callers with real tokens.

mod answer;
mod call;
mod clock;
mod database;
mod failures;
mod objects;
mod recorder;
mod spine;
mod token;
pub mod usage;

pub use answer::Answer;
pub use call::{Call, route};
pub use database::{Item, TABLE};
pub use objects::{LOGO_URL, PNG};
pub use spine::of_type;
pub use token::{AUDIENCE, ISSUER, Issuer, Key, Token};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};
use clock::TestClock;
use dynoxide::Database;
use lambda_http::request::from_str;
use recorder::{Recorder, record};
use runtime::{
    Config, Context, Function,
    context::Clock,
    function::{EndpointFunction, TaskFunction},
};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use table::Table;
use tokio::net::TcpListener;

/// Every function of the service.
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

pub fn tasks() -> Vec<TaskFunction> {
    functions()
        .into_iter()
        .filter_map(|function| match function {
            Function::Task(task) => Some(task),
            _ => None,
        })
        .collect()
}

pub fn task(name: &str) -> TaskFunction {
    tasks().into_iter().find(|task| task.spec.name == name).unwrap()
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
    pub failures: failures::Failures,
}

impl World {
    pub async fn new() -> Self {
        Self::with_shards(1).await
    }

    /// A world in which this many partitions hold the list of all customers.
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
        database::create_table(&client).await;
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
            failure_bucket: String::new(),
            logo_bucket: String::new(),
            logo_url: String::new(),
        };
        configure(&mut config);
        let spine = spine::Spine::start().await;
        let objects = objects::Objects::start().await;
        let failures = failures::Failures::start().await;
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
            .with_failures(failures.bucket())
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
            failures,
        }
    }

    /// A token of this world's issuer, valid for an hour.
    pub fn token(&self) -> Token {
        Token::new(self.issuer.clone(), self.clock.now())
    }

    pub fn admin(&self) -> Token {
        self.token().role("PlatformAdmin").subject("usr_admin")
    }

    /// A token of a user of this customer, with this role.
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

    /// Sends a request to its endpoint. Fails if the endpoint makes a request to AWS that it is not granted, or if the answer differs
    /// from the documented ones: every test also tests the policies and the documentation.
    pub async fn send(&self, call: Call) -> Answer {
        let (endpoint, answer) = self.send_unchecked(call).await;
        answer.check_documented(&endpoint);
        answer
    }

    /// Like `send`, but accepts undocumented answers. For an entity that a test wrote to the table and that exceeds the documented
    /// limits.
    pub async fn send_unchecked(&self, call: Call) -> (EndpointFunction, Answer) {
        let (endpoint, parameters) =
            call::route(&call).unwrap_or_else(|| panic!("no endpoint for {} {}", call.method, call.path));
        let id = format!("req-{}", self.requests.fetch_add(1, Ordering::Relaxed));
        let request = from_str(&call.event(&endpoint, parameters, &id).to_string()).unwrap();
        let (response, recording) = record((endpoint.call)(&self.ctx, request)).await;
        recording.check_granted(&Function::Endpoint(endpoint));
        (endpoint, Answer::new(response, recording))
    }

    /// Sends `POST {path}/{action}` with an empty object as platform staff, and expects success.
    pub async fn act(&self, path: &str, action: &str) -> Answer {
        let path = format!("{path}/{action}");
        self.post(&self.admin(), &path, json!({})).await.expect(200)
    }

    /// Creates a tenant as platform staff.
    pub async fn tenant(&self, name: &str) -> Value {
        self.customer(json!({"name": name})).await
    }

    /// Creates a customer as platform staff: a Business tenant named Acme, unless the fields differ.
    pub async fn customer(&self, fields: Value) -> Value {
        let body = with_fields(
            json!({"type": "Business", "name": "Acme", "isTenantCustomer": true}),
            fields,
        );
        self.post(&self.admin(), "/v1/customers", body).await.expect(201).body
    }

    /// Creates a customer of a new tenant and returns its key. Its own users may deactivate it.
    pub async fn member_customer(&self, name: &str) -> String {
        let tenant = self.tenant(&format!("{name}'s tenant")).await;
        let fields =
            json!({"name": name, "isTenantCustomer": false, "bootstrapTenantKey": tenant["bootstrapTenantKey"]});
        key_of(&self.customer(fields).await)
    }

    /// Reads all pages of a list.
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

    /// Reads all items of a list.
    pub async fn all(&self, caller: &Token, path: &str) -> Vec<Value> {
        self.pages(caller, path).await.concat()
    }

    /// Reads a customer's whole audit trail as platform staff, newest entry first.
    pub async fn audit(&self, customer: &str) -> Vec<Value> {
        self.all(&self.admin(), &format!("/v1/customers/{customer}/audit?limit=100"))
            .await
    }
}

/// The path of a customer.
pub fn at(customer: &str) -> String {
    format!("/v1/customers/{customer}")
}

pub fn key_of(entity: &Value) -> String {
    entity["key"].as_str().unwrap().to_owned()
}

/// Adds these fields to an object; they replace fields of the same name.
pub fn with_fields(mut object: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else {
        panic!("{fields} is not an object")
    };
    object.as_object_mut().unwrap().extend(fields);
    object
}
