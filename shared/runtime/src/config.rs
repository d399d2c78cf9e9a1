//! Configuration: the environment, read once, when a function starts. A setting that is missing is said by name.

use std::{env, fmt};

#[derive(Clone)]
pub struct Config {
    pub table_name: String,
    pub list_shards: u8,
    pub issuer: String,
    pub audience: String,
    /// The issuer's keys themselves, or else where to fetch them.
    pub jwks: Option<String>,
    pub jwks_url: Option<String>,
    pub cursor_secret: String,
    pub bus_name: String,
    pub queue_url: String,
    pub logo_bucket: String,
    pub logo_url: String,
}

/// What a function reads from its environment. Each is set only for the functions that need it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Needs {
    pub table: bool,
    pub tokens: bool,
    pub cursors: bool,
    pub bus: bool,
    /// A task's own queue, to which it sends where its next page begins.
    pub queue: bool,
    pub logos: bool,
}

#[derive(Debug)]
pub struct Missing(&'static str);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variable {} is not set as it must be", self.0)
    }
}

impl std::error::Error for Missing {}

impl Config {
    #[allow(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn from_env(needs: Needs) -> Result<Self, Missing> {
        let optional = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let needed = |wanted: bool, name: &'static str| match optional(name) {
            Some(value) => Ok(value),
            None if wanted => Err(Missing(name)),
            None => Ok(String::new()),
        };
        let jwks = optional("JWKS");
        let jwks_url = optional("JWKS_URL");
        if needs.tokens && jwks.is_none() && jwks_url.is_none() {
            return Err(Missing("JWKS or JWKS_URL"));
        }
        Ok(Self {
            table_name: needed(needs.table, "TABLE_NAME")?,
            list_shards: match optional("CUSTOMER_LIST_SHARDS") {
                Some(text) => text.parse().map_err(|_| Missing("CUSTOMER_LIST_SHARDS"))?,
                None => 1,
            },
            issuer: needed(needs.tokens, "JWT_ISSUER")?,
            audience: needed(needs.tokens, "JWT_AUDIENCE")?,
            jwks,
            jwks_url,
            cursor_secret: needed(needs.cursors, "CURSOR_SECRET")?,
            bus_name: needed(needs.bus, "EVENT_BUS_NAME")?,
            queue_url: needed(needs.queue, "QUEUE_URL")?,
            logo_bucket: needed(needs.logos, "LOGO_BUCKET")?,
            logo_url: needed(needs.logos, "LOGO_URL")?,
        })
    }
}

/// The function that this process is to serve: Lambda sets it to the function's `Handler`.
#[allow(
    clippy::disallowed_methods,
    reason = "read before there is a configuration: which one is needed depends on the function"
)]
pub(crate) fn handler() -> Option<String> {
    env::var("_HANDLER").ok().filter(|name| !name.is_empty())
}
