//! Configuration from environment variables, read once when a function starts. An error names the variable.

use std::{env, fmt};

#[derive(Clone)]
pub struct Config {
    pub table_name: String,
    pub list_shards: u8,
    pub issuer: String,
    pub audience: String,
    /// The issuer's keys. Without them, `jwks_url` must be set.
    pub jwks: Option<String>,
    pub jwks_url: Option<String>,
    pub cursor_secret: String,
    pub bus_name: String,
    pub queue_url: String,
    pub failure_bucket: String,
    pub logo_bucket: String,
    pub logo_url: String,
}

/// The groups of variables that a function needs. The template sets each group only for functions that need it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Needs {
    pub table: bool,
    pub tokens: bool,
    pub cursors: bool,
    pub bus: bool,
    /// The task's own queue, to which the task sends the position of its next page.
    pub queue: bool,
    /// The bucket that keeps what the stream's trigger gave up.
    pub failures: bool,
    pub logos: bool,
}

#[derive(Debug)]
pub(crate) struct InvalidVariable(&'static str);

impl fmt::Display for InvalidVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variable {} is missing or invalid", self.0)
    }
}

impl std::error::Error for InvalidVariable {}

impl Config {
    #[allow(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub(crate) fn from_env(needs: Needs) -> Result<Self, InvalidVariable> {
        let optional = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let required_if = |is_needed: bool, name: &'static str| match optional(name) {
            Some(value) => Ok(value),
            None if is_needed => Err(InvalidVariable(name)),
            None => Ok(String::new()),
        };
        let jwks = optional("JWKS");
        let jwks_url = optional("JWKS_URL");
        if needs.tokens && jwks.is_none() && jwks_url.is_none() {
            return Err(InvalidVariable("JWKS or JWKS_URL"));
        }
        Ok(Self {
            table_name: required_if(needs.table, "TABLE_NAME")?,
            list_shards: match optional("CUSTOMER_LIST_SHARDS") {
                Some(text) => text.parse().map_err(|_| InvalidVariable("CUSTOMER_LIST_SHARDS"))?,
                None => 1,
            },
            issuer: required_if(needs.tokens, "JWT_ISSUER")?,
            audience: required_if(needs.tokens, "JWT_AUDIENCE")?,
            jwks,
            jwks_url,
            cursor_secret: required_if(needs.cursors, "CURSOR_SECRET")?,
            bus_name: required_if(needs.bus, "EVENT_BUS_NAME")?,
            queue_url: required_if(needs.queue, "QUEUE_URL")?,
            failure_bucket: required_if(needs.failures, "FAILURE_BUCKET")?,
            logo_bucket: required_if(needs.logos, "LOGO_BUCKET")?,
            logo_url: required_if(needs.logos, "LOGO_URL")?,
        })
    }
}

/// The name of the function that this process serves. Lambda sets the variable to the function's `Handler`.
#[allow(
    clippy::disallowed_methods,
    reason = "read before the configuration, which depends on the function"
)]
pub(crate) fn handler() -> Option<String> {
    env::var("_HANDLER").ok().filter(|name| !name.is_empty())
}
