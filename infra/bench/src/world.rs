//! The surroundings of functions, in this process or as binaries: a seeded store, a caller, a configuration.

use crate::{
    loopback, objects,
    store::{Store, TABLE},
    tls,
    token::{self, AUDIENCE, ISSUER},
};
use anyhow::{Context as _, Result, anyhow, ensure};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use axum::{Router, serve::Listener};
use domain::{
    CustomerKey,
    key::{Key, Kind},
};
use dynoxide::{ImportOptions, Item};
use lambda_http::{Body, request::from_str};
use logos::Logos;
use runtime::{
    Config, Context, Function, Spec,
    context::{Bus, Clock, Failures, Queue, SystemClock},
};
use serde_json::{Map, Value, json};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use table::{Table, keys};
use tempfile::TempDir;
use template::functions;
use uuid::Uuid;

const SECRET: &str = "a secret for benchmarks";
const BUS: &str = "customer-service";
const QUEUE_URL: &str = "https://sqs.us-east-1.amazonaws.com/000000000000/bench";
const BUCKET: &str = "logos";
const LOGO_URL: &str = "https://logos.example";
/// How many customers one import puts into the store.
const IMPORT: usize = 10_000;

pub struct World {
    pub store: Store,
    /// One of the customers in the store.
    pub customer: Value,
    /// The functions' environment.
    pub settings: Vec<(&'static str, String)>,
    ctx: Context,
    token: String,
    count: AtomicU64,
    /// Has the file of the certificate authority.
    _folder: TempDir,
}

pub fn key<K: Kind>(text: &str) -> Result<Key<K>> {
    text.parse()
        .map_err(|_| anyhow!("{text} is no key of a {}", K::KIND.name))
}

/// An endpoint's declaration at its route for clients if it has one and all its parameters are known, else at its main route.
pub fn route(function: &str, is_known: impl Fn(&str) -> bool) -> Result<Spec> {
    let endpoint = functions().into_iter().find_map(|known| match known {
        Function::Endpoint(endpoint) if endpoint.spec.name == function => Some(endpoint),
        _ => None,
    });
    let spec = endpoint.with_context(|| format!("{function} is no endpoint"))?.spec;
    let mut of_client = spec.by_route().into_iter().filter(Spec::is_of_client);
    let of_client = of_client.find(|route| route.path_parameters().all(&is_known));
    Ok(of_client.unwrap_or(spec))
}

impl World {
    /// Seeds a store with this many customers, in memory or in a folder.
    pub async fn new(folder: Option<&Path>, customers: usize) -> Result<Self> {
        let store = Store::open(folder)?;
        let issued = token::issue(SystemClock.now().epoch_seconds())?;
        let config = Config {
            table_name: TABLE.into(),
            list_shards: 1,
            issuer: ISSUER.into(),
            audience: AUDIENCE.into(),
            jwks: Some(issued.jwks.clone()),
            jwks_url: None,
            cursor_secret: SECRET.into(),
            bus_name: BUS.into(),
            queue_url: QUEUE_URL.into(),
            failure_bucket: BUCKET.into(),
            logo_bucket: BUCKET.into(),
            logo_url: LOGO_URL.into(),
        };
        let ctx = context(&config, &serve(store.app()).await?, &serve(objects::app()).await?)
            .map_err(|error| anyhow!("the context can't be created: {error}"))?;
        let temporary = TempDir::new().context("a temporary folder can't be created")?;
        let settings = settings(&store, temporary.path(), issued.jwks).await?;
        let mut world = Self {
            store,
            customer: Value::Null,
            settings,
            ctx,
            token: issued.token,
            count: AtomicU64::new(0),
            _folder: temporary,
        };
        world.customer = world.answer("create-customer", &[], Some(world.new_customer())).await?;
        world.seed(customers.saturating_sub(1))?;
        Ok(world)
    }

    /// A number that this has not returned before.
    pub fn number(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    /// The body of a request that creates a customer.
    pub fn new_customer(&self) -> Value {
        let number = self.number();
        json!({
            "type": "Business", "name": format!("Acme {number}"), "isTenantCustomer": true,
            "email": "office@acme.example", "phone": "+14155550100", "website": "https://acme.example/",
            "externalId": format!("crm-{number}"),
            "address": {"line1": "1 Main Street", "city": "Springfield", "postalCode": "12345", "country": "US"},
            "business": {"industrySector": "45", "industryGroup": "4510", "classification": "LLC", "size": "51-200"},
        })
    }

    /// API Gateway's event for a request to an endpoint. Parameters that the route does not name go into the query.
    pub fn http_event(&self, function: &str, parameters: &[(&str, &str)], body: Option<Value>) -> Result<Value> {
        let spec = route(function, |name| parameters.iter().any(|(known, _)| *known == name))?;
        let mut path = spec.route.to_owned();
        let mut in_path = Map::new();
        let mut query = Map::new();
        for (name, value) in parameters {
            let place = format!("{{{name}}}");
            if path.contains(&place) {
                path = path.replace(&place, value);
                in_path.insert((*name).to_owned(), json!(value));
            } else {
                query.insert((*name).to_owned(), json!(value));
            }
        }
        let pairs: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
            .collect();
        let method = spec.method.name();
        let route = format!("{method} {}", spec.route);
        Ok(json!({
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": pairs.join("&"),
            "headers": {
                "accept": "*/*", "accept-encoding": "gzip, deflate, br", "authorization": format!("Bearer {}", self.token),
                "content-type": "application/json", "host": "api.customers.example", "user-agent": "bench/1.0",
                "x-amzn-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
                "x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https",
            },
            "queryStringParameters": query,
            "pathParameters": in_path,
            "requestContext": {
                "accountId": "000000000000", "apiId": "bench", "stage": "$default",
                "requestId": format!("request-{}", self.number()), "domainName": "api.customers.example",
                "domainPrefix": "api", "routeKey": route, "time": "23/Nov/2026:08:00:00 +0000",
                "timeEpoch": 1_795_420_800_000_i64,
                "http": {
                    "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "bench/1.0",
                },
            },
            "body": body.map(|body| body.to_string()),
            "isBase64Encoded": false,
        }))
    }

    /// Runs an endpoint in this process; its answer.
    pub async fn answer(&self, function: &str, parameters: &[(&str, &str)], body: Option<Value>) -> Result<Value> {
        let event = self.http_event(function, parameters, body)?;
        self.run(function, event).await
    }

    /// Runs a function in this process; an endpoint's answer, or `null`.
    pub async fn run(&self, name: &str, event: Value) -> Result<Value> {
        let function = functions().into_iter().find(|known| known.name() == name);
        match function.with_context(|| format!("{name} is no function"))? {
            Function::Endpoint(endpoint) => {
                let response = (endpoint.call)(&self.ctx, from_str(&event.to_string())?).await;
                let status = response.status();
                let body = match response.into_body() {
                    Body::Text(text) => serde_json::from_str(&text)?,
                    _ => Value::Null,
                };
                ensure!(status.is_success(), "{name} answered {status}: {body}");
                Ok(body)
            }
            Function::Task(task) => {
                let response = (task.call)(&self.ctx, serde_json::from_value(event)?).await;
                ensure!(response.batch_item_failures.is_empty(), "{name} failed");
                Ok(Value::Null)
            }
            Function::Standalone(function) => {
                let done = (function.call)(&self.ctx, event, "bench".into()).await;
                done.with_context(|| format!("{name} failed"))
            }
            Function::Trigger(trigger) => {
                let response = (trigger.call)(&self.ctx, serde_json::from_value(event)?).await;
                ensure!(response.batch_item_failures.is_empty(), "{name} failed");
                Ok(Value::Null)
            }
        }
    }

    pub fn customer_key(&self) -> Result<&str> {
        self.customer["key"].as_str().context("a customer without a key")
    }

    /// A customer's item in the table.
    pub fn customer_item(&self, key: &str) -> Result<Value> {
        let keys::ItemKey { pk, sk } = keys::customer(self::key(key)?);
        let request = json!({"TableName": TABLE, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}});
        let answer = self.store.database.get_item(serde_json::from_value(request)?)?;
        serde_json::to_value(answer.item).context("an item is not JSON")
    }

    /// Imports copies of the first customer into the store. A million take minutes, not hours as through a function.
    fn seed(&self, customers: usize) -> Result<()> {
        // Bulk loading makes a store less durable, so it is left alone if there is nothing to load.
        if customers == 0 {
            return Ok(());
        }
        let original = self.customer_item(self.customer_key()?)?;
        self.store.database.enable_bulk_loading()?;
        let mut left = customers;
        while left > 0 {
            let now = left.min(IMPORT);
            let items = (0..now).map(|_| copy(&original)).collect::<Result<Vec<Item>>>()?;
            self.store
                .database
                .import_items(TABLE, items, ImportOptions::default())?;
            left -= now;
        }
        self.store.database.disable_bulk_loading()?;
        Ok(())
    }
}

/// A copy of a customer's item, with unique fields of its own.
fn copy(original: &Value) -> Result<Item> {
    let uuid = Uuid::now_v7();
    let key = CustomerKey::from_uuid(uuid);
    let mut item = original.clone();
    let tenant_key = format!("t-{}", uuid.simple());
    for (name, value) in [
        ("pk", keys::customer_partition(key)),
        ("key", key.to_string()),
        ("bootstrapTenantKey", tenant_key.clone()),
        ("externalId", uuid.to_string()),
    ] {
        item[name] = json!({"S": value});
    }
    serde_json::from_value(item).context("a customer's copy is no item")
}

fn context(config: &Config, url: &str, objects_url: &str) -> Result<Context, Box<dyn std::error::Error + Send + Sync>> {
    let at = |url: &str| {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(url)
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "bench", "bench", None, None, "bench",
            )))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    };
    let sdk = at(url);
    let table = Table {
        client: aws_sdk_dynamodb::Client::from_conf((&sdk).into()),
        name: config.table_name.clone(),
        list_shards: config.list_shards,
    };
    let bus = Bus {
        client: aws_sdk_eventbridge::Client::from_conf((&sdk).into()),
        name: config.bus_name.clone(),
    };
    let queue = Queue {
        client: aws_sdk_sqs::Client::from_conf((&sdk).into()),
        url: config.queue_url.clone(),
    };
    let s3 = aws_sdk_s3::config::Builder::from(&at(objects_url)).force_path_style(true);
    let logos = Logos {
        client: aws_sdk_s3::Client::from_conf(s3.build()),
        bucket: config.logo_bucket.clone(),
        url: config.logo_url.clone(),
    };
    let failures = Failures {
        client: logos.client.clone(),
        bucket: config.failure_bucket.clone(),
    };
    let ctx = Context::new(table, config, Arc::new(SystemClock)).with_tokens(config)?;
    Ok(ctx
        .with_bus(bus)
        .with_queue(queue)
        .with_failures(failures)
        .with_logos(logos))
}

/// Serves an app on loopback without TLS; its URL.
async fn serve(app: Router) -> Result<String> {
    let listener = loopback::listen().await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

/// The environment of the functions' processes. They reach the services over TLS, each on its own port: as on AWS, each needs its own
/// connection.
async fn settings(store: &Store, folder: &Path, jwks: String) -> Result<Vec<(&'static str, String)>> {
    let identity = tls::Identity::new()?;
    let bundle = folder.join("roots.pem");
    std::fs::write(&bundle, &identity.bundle).with_context(|| format!("{} can't be written", bundle.display()))?;
    let mut settings = vec![
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", "ASIABENCHBENCHBENCH0".into()),
        ("AWS_SECRET_ACCESS_KEY", "bench".into()),
        // As long as a role's real token, which every request carries and signs.
        ("AWS_SESSION_TOKEN", "t".repeat(800)),
        ("AWS_CA_BUNDLE", bundle.display().to_string()),
        ("TABLE_NAME", TABLE.into()),
        ("JWT_ISSUER", ISSUER.into()),
        ("JWT_AUDIENCE", AUDIENCE.into()),
        ("JWKS", jwks),
        ("CURSOR_SECRET", SECRET.into()),
        ("EVENT_BUS_NAME", BUS.into()),
        ("QUEUE_URL", QUEUE_URL.into()),
        ("FAILURE_BUCKET", BUCKET.into()),
        ("LOGO_BUCKET", BUCKET.into()),
        ("LOGO_URL", LOGO_URL.into()),
    ];
    for (name, app) in [
        ("AWS_ENDPOINT_URL_DYNAMODB", store.app()),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", store.app()),
        ("AWS_ENDPOINT_URL_SQS", store.app()),
        ("AWS_ENDPOINT_URL_S3", objects::app()),
    ] {
        let tcp = loopback::listen().await?;
        settings.push((name, format!("https://localhost:{}", tcp.local_addr()?.port())));
        let listener = identity.listener(tcp);
        tokio::spawn(async move { axum::serve(listener, app).await });
    }
    Ok(settings)
}
