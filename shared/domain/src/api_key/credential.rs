//! Verification: as much of a key, and of its customer, as it takes to say whom the key lets in.

use super::{ApiKeyKind, Status};
use crate::{ApiKeyId, CustomerKey, PartitionKey, Timestamp, partition::Environment, plaintext::Plaintext};
use serde::{Deserialize, Serialize};

/// What is said of a key that lets somebody in. Of any other, only `valid: false`.
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

/// As much of a key as it takes to say whom it lets in.
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

/// As much of a customer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    is_disabled: bool,
    api_keys_ended_at: Option<Timestamp>,
}

impl Default for Standing {
    /// Of a customer that is not there.
    fn default() -> Self {
        Self {
            is_disabled: true,
            api_keys_ended_at: None,
        }
    }
}

impl Credential {
    /// What a key that is not there is taken for.
    pub fn ended() -> Self {
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

    /// Whether it may do all of this.
    pub fn may(&self, wanted: &[String]) -> bool {
        let holds = |scope: &str| self.scopes.iter().any(|held| held == scope);
        wanted.iter().all(|scope| {
            let verb = scope.rsplit(':').next().unwrap_or_default();
            holds(scope) || holds(verb)
        })
    }

    /// Whether whoever shows this plaintext is let in now. `self`, its hash and the customer are what the table has under the keys in it.
    /// Everything is looked at, whatever is wrong: what takes longer would say which it is.
    pub fn lets_in(&self, plain: &Plaintext, hash: &[u8; 32], customer: &Standing, now: Timestamp) -> bool {
        let is_its_own = plain.secret.is_behind(hash);
        let is_live =
            (self.status == Status::Active) & (now < self.expires_at) & (self.environment == plain.environment);
        let was_ended = customer.api_keys_ended_at.is_some_and(|at| self.created_at <= at);
        is_its_own & is_live & !customer.is_disabled & !was_ended
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
