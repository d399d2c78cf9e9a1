//! The context of a function: the table, the token verifier, the clock, AWS clients. Built once per process.

use crate::{
    Config, aws,
    config::Needs,
    token::{KeySource, Tokens},
};
use domain::{
    Key, Kind, Part, Timestamp,
    plaintext::{SECRET_BYTES, Secret},
};
use logos::Logos;
use ring::rand::{SecureRandom, SystemRandom};
use std::{error::Error, sync::Arc};
use table::{
    Cursors, Table, api_keys::ApiKeys, audit::Audit, clients::Clients, customers::Customers, entities::Registered,
    parts::Parts, tenants::TenantKeys,
};
use uuid::Uuid;

/// The source of time and randomness. Tests replace it.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
    /// A new UUIDv7.
    fn uuid(&self) -> Uuid;
    /// A new random secret.
    fn secret(&self) -> domain::Result<Secret>;
}

pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place where the system time is read")]
    fn now(&self) -> Timestamp {
        Timestamp::new(chrono::Utc::now())
    }

    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn secret(&self) -> domain::Result<Secret> {
        let mut bytes = [0; SECRET_BYTES];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| domain::Error::Unavailable("the system's random number generator failed".into()))?;
        Ok(Secret::new(bytes))
    }
}

pub struct Context {
    pub table: Table,
    pub cursors: Cursors,
    pub clock: Arc<dyn Clock>,
    pub tenant_keys: TenantKeys,
    tokens: Option<Tokens>,
    bus: Option<Bus>,
    queue: Option<Queue>,
    failures: Option<Failures>,
    logos: Option<Logos>,
}

/// The event bus that a trigger publishes to.
pub struct Bus {
    pub client: aws_sdk_eventbridge::Client,
    pub name: String,
}

/// The own queue of a task that works in pages.
pub struct Queue {
    pub client: aws_sdk_sqs::Client,
    pub url: String,
}

/// The bucket to which Lambda writes what the stream's trigger gave up.
pub struct Failures {
    pub client: aws_sdk_s3::Client,
    pub bucket: String,
}

impl Context {
    #[allow(clippy::disallowed_methods, reason = "clients are created here")]
    pub(crate) fn from_config(needs: Needs, config: &Config) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let table = Table {
            client: aws_sdk_dynamodb::Client::new(&aws::sdk_config("DYNAMODB")),
            name: config.table_name.clone(),
            list_shards: config.list_shards,
        };
        let context = Self::new(table, config, Arc::new(SystemClock));
        if needs.tokens {
            return context.with_tokens(config);
        }
        Ok(context)
    }

    pub fn new(table: Table, config: &Config, clock: Arc<dyn Clock>) -> Self {
        Self {
            table,
            cursors: Cursors::new(config.cursor_secret.as_bytes()),
            clock,
            tenant_keys: TenantKeys::default(),
            tokens: None,
            bus: None,
            queue: None,
            failures: None,
            logos: None,
        }
    }

    pub fn with_tokens(mut self, config: &Config) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let source = match (&config.jwks, &config.jwks_url) {
            (Some(jwks), _) => KeySource::Given(
                serde_json::from_str(jwks)
                    .map_err(|e| format!("JWKS is not a JSON Web Key Set: {}", domain::defect_of(&e)))?,
            ),
            (None, Some(url)) => KeySource::Url {
                url: url.clone(),
                fetch: aws::HttpFetch::new(),
            },
            (None, None) => return Err("neither JWKS nor JWKS_URL is set".into()),
        };
        self.tokens = Some(Tokens::new(config.issuer.clone(), config.audience.clone(), source));
        Ok(self)
    }

    pub fn with_bus(mut self, bus: Bus) -> Self {
        self.bus = Some(bus);
        self
    }

    pub fn with_queue(mut self, queue: Queue) -> Self {
        self.queue = Some(queue);
        self
    }

    pub fn with_failures(mut self, failures: Failures) -> Self {
        self.failures = Some(failures);
        self
    }

    pub fn with_logos(mut self, logos: Logos) -> Self {
        self.logos = Some(logos);
        self
    }

    /// The bucket that holds the logos.
    pub fn logos(&self) -> domain::Result<&Logos> {
        self.logos
            .as_ref()
            .ok_or_else(|| domain::Error::Internal("this function has no logo bucket".into()))
    }

    pub fn queue(&self) -> domain::Result<&Queue> {
        self.queue
            .as_ref()
            .ok_or_else(|| domain::Error::Internal("this function has no queue".into()))
    }

    pub fn failures(&self) -> domain::Result<&Failures> {
        self.failures
            .as_ref()
            .ok_or_else(|| domain::Error::Internal("this function has no bucket of failures".into()))
    }

    pub fn tokens(&self) -> domain::Result<&Tokens> {
        self.tokens
            .as_ref()
            .ok_or_else(|| domain::Error::Internal("this function has no token verifier".into()))
    }

    pub fn bus(&self) -> domain::Result<&Bus> {
        self.bus
            .as_ref()
            .ok_or_else(|| domain::Error::Internal("this function has no event bus".into()))
    }

    pub fn customers(&self) -> Customers<'_> {
        self.table.customers()
    }

    pub fn clients(&self) -> Clients<'_> {
        self.table.clients()
    }

    /// `P` is a department, location, contact, partition group or partition.
    pub fn parts<P: Part + Registered>(&self) -> Parts<'_, P> {
        self.table.parts()
    }

    pub fn api_keys(&self) -> ApiKeys<'_> {
        self.table.api_keys()
    }

    pub fn audit(&self) -> Audit<'_> {
        self.table.audit()
    }

    /// A new key, a UUIDv7 with the prefix of its kind.
    pub fn new_key<K: Kind>(&self) -> Key<K> {
        Key::from_uuid(self.clock.uuid())
    }
}

// A function holds pointers to the `connect_` functions that it needs. So the linker adds a client only to areas that use it, and only
// the functions that use it build it.

pub(crate) fn connect_logos(ctx: Context, config: &Config) -> Context {
    ctx.with_logos(Logos {
        client: aws_sdk_s3::Client::from_conf(aws::s3_config()),
        bucket: config.logo_bucket.clone(),
        url: config.logo_url.clone(),
    })
}

pub(crate) fn connect_failures(ctx: Context, config: &Config) -> Context {
    ctx.with_failures(Failures {
        client: aws_sdk_s3::Client::from_conf(aws::s3_config()),
        bucket: config.failure_bucket.clone(),
    })
}

#[allow(clippy::disallowed_methods, reason = "clients are created here")]
pub(crate) fn connect_queue(ctx: Context, config: &Config) -> Context {
    ctx.with_queue(Queue {
        client: aws_sdk_sqs::Client::new(&aws::sdk_config("SQS")),
        url: config.queue_url.clone(),
    })
}

#[allow(clippy::disallowed_methods, reason = "clients are created here")]
pub(crate) fn connect_bus(ctx: Context, config: &Config) -> Context {
    ctx.with_bus(Bus {
        client: aws_sdk_eventbridge::Client::new(&aws::sdk_config("EVENTBRIDGE")),
        name: config.bus_name.clone(),
    })
}
