//! Verification: the fields of a key and of its customer that decide whether the key is valid.

use super::{ApiKeyKind, Status};
use crate::{ApiKeyId, CustomerKey, PartitionKey, Timestamp, partition::Environment, plaintext::Plaintext};
use serde::{Deserialize, Serialize};

/// The answer for a valid key. For any other it is only `valid: false`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    pub valid: bool,
    pub customer_key: CustomerKey,
    pub partition_key: PartitionKey,
    pub environment: Environment,
    pub key_id: ApiKeyId,
    pub kind: ApiKeyKind,
    pub scopes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign_key: Option<String>,
    pub expires_at: Timestamp,
}

/// The fields of a key that verification reads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    environment: Environment,
    kind: ApiKeyKind,
    scopes: Vec<String>,
    foreign_key: Option<String>,
    status: Status,
    expires_at: Timestamp,
    pub last_used_on: Option<String>,
    created_at: Timestamp,
}

/// The fields of a customer that verification reads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerState {
    is_disabled: bool,
    api_keys_ended_at: Option<Timestamp>,
}

impl Default for CustomerState {
    /// For a customer that does not exist.
    fn default() -> Self {
        Self {
            is_disabled: true,
            api_keys_ended_at: None,
        }
    }
}

impl Credential {
    /// Stands in for a key that does not exist.
    pub fn expired() -> Self {
        Self {
            environment: Environment::Dev,
            kind: ApiKeyKind::Custom,
            scopes: Vec::new(),
            foreign_key: None,
            status: Status::Expired,
            expires_at: Timestamp::default(),
            last_used_on: None,
            created_at: Timestamp::default(),
        }
    }

    /// Whether it holds all of these scopes.
    pub fn holds(&self, wanted: &[String]) -> bool {
        let has = |scope: &str| self.scopes.iter().any(|held| held == scope);
        wanted.iter().all(|scope| {
            let verb = scope.rsplit(':').next().unwrap_or_default();
            has(scope) || has(verb)
        })
    }

    /// Whether this plaintext is valid now. `self`, `hash` and `customer` are what the table holds under the plaintext's keys. Every check
    /// is made, even after one has failed: otherwise the duration would reveal which one failed.
    pub fn accepts(&self, plain: &Plaintext, hash: &[u8; 32], customer: &CustomerState, now: Timestamp) -> bool {
        let has_secret = plain.secret.matches(hash);
        let is_live =
            (self.status == Status::Active) & (now < self.expires_at) & (self.environment == plain.environment);
        let ended_with_customer = customer.api_keys_ended_at.is_some_and(|at| self.created_at <= at);
        has_secret & is_live & !customer.is_disabled & !ended_with_customer
    }

    pub fn verified(self, plain: &Plaintext) -> Verified {
        Verified {
            valid: true,
            customer_key: plain.customer,
            partition_key: plain.partition,
            environment: self.environment,
            key_id: plain.key,
            kind: self.kind,
            scopes: self.scopes,
            foreign_key: self.foreign_key,
            expires_at: self.expires_at,
        }
    }
}
