//! API keys. The secret is not part of the entity: see `plaintext`.

mod credential;
mod fields;

pub use credential::{Credential, CustomerState, Verified};
pub use fields::{
    EXPIRE_FIELDS, FIELDS, KINDS, NEW_FIELDS, ROTATE_FIELDS, STATUSES, TOGETHER_IN_NEW, VERIFIED, VERIFY_FIELDS,
    expired_fields, issued_fields,
};

use crate::{
    Entity, EntityKind, Error, Key, Kind, Meta, PartitionKey, Result, Timestamp, defect_of,
    fields::Field,
    lifecycle::{Lifecycle, Transition},
    partition::{Environment, Partition},
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The scopes of an Admin key: everything.
const ADMIN_SCOPES: &[&str] = &["read", "write"];
const SHORTEST_SECONDS: i64 = 60;
/// Ten years.
const LONGEST_SECONDS: i64 = 10 * 365 * 24 * 60 * 60;
/// If the request gives no expiry: a year.
const DEFAULT_SECONDS: i64 = 365 * 24 * 60 * 60;
const DEFAULT_OVERLAP: i64 = 86_400;
/// How long an expired key stays listed.
pub const KEPT_SECONDS: i64 = 30 * 24 * 60 * 60;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ApiKeyKind {
    Admin,
    Custom,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Status {
    Active,
    Expired,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    pub key: ApiKeyId,
    pub partition_key: PartitionKey,
    pub environment: Environment,
    pub kind: ApiKeyKind,
    pub name: String,
    pub scopes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign_key: Option<String>,
    /// As last written. The key may have expired since: `expires_at` decides.
    pub status: Status,
    pub expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotated_to: Option<ApiKeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotated_from: Option<ApiKeyId>,
    #[serde(flatten)]
    pub meta: Meta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lifetime {
    ttl_seconds: Option<i64>,
    expires_at: Option<Timestamp>,
}

/// When a new key expires.
fn expiry_of(body: &Map<String, Value>, now: Timestamp) -> Result<Timestamp> {
    let lifetime: Lifetime = serde_json::from_value(Value::Object(body.clone()))
        .map_err(|e| Error::Internal(format!("a checked body has no valid lifetime: {}", defect_of(&e))))?;
    let Some(end) = lifetime.expires_at else {
        return Ok(now.plus(TimeDelta::seconds(lifetime.ttl_seconds.unwrap_or(DEFAULT_SECONDS))));
    };
    let (first, last) = (
        now.plus(TimeDelta::seconds(SHORTEST_SECONDS)),
        now.plus(TimeDelta::seconds(LONGEST_SECONDS)),
    );
    match (first..=last).contains(&end) {
        true => Ok(end),
        false => Err(Error::invalid(
            "expiresAt",
            "must be from a minute to ten years from now",
        )),
    }
}

impl ApiKey {
    /// A new key of a partition, from a checked body.
    pub fn of_body(
        key: ApiKeyId,
        partition: &Partition,
        body: &Map<String, Value>,
        now: Timestamp,
        by: &crate::Actor,
    ) -> Result<Self> {
        let end = expiry_of(body, now)?;
        let mut fields = body.clone();
        fields.shift_remove("ttlSeconds");
        if body.get("kind").and_then(Value::as_str) == Some("Admin") {
            fields.insert("scopes".into(), ADMIN_SCOPES.into());
        }
        fields.insert("partitionKey".into(), partition.key.to_string().into());
        fields.insert("environment".into(), partition.environment.name().into());
        fields.insert("status".into(), "Active".into());
        fields.insert("expiresAt".into(), end.to_string().into());
        Self::new(key, fields, now, by)
    }

    /// The key after its rotation, and its successor. The successor has the same rights and the same expiry. The old key expires after the
    /// overlap, or at its own expiry if that is sooner.
    pub fn rotated(
        &self,
        successor: ApiKeyId,
        overlap: i64,
        now: Timestamp,
        by: &crate::Actor,
    ) -> Result<(Self, Self)> {
        if self.rotated_to.is_some() {
            return Err(Error::Conflict {
                field: "rotatedTo",
                reason: "the key was already rotated; rotate its successor",
            });
        }
        if self.has_expired(now) {
            return Err(Error::Conflict {
                field: "status",
                reason: "the key has expired; create a new one",
            });
        }
        let mut old = self.clone();
        old.rotated_to = Some(successor);
        old.expires_at = self.expires_at.min(now.plus(TimeDelta::seconds(overlap)));
        old.status = old.status_at(now);
        old.meta.changed(now, by);
        let new = Self {
            key: successor,
            status: Status::Active,
            last_used_on: None,
            rotated_to: None,
            rotated_from: Some(self.key),
            meta: Meta::new(now, by),
            ..self.clone()
        };
        Ok((old, new))
    }

    /// The key, expired now; `None` if it is already written as expired.
    pub fn expired(&self, now: Timestamp, by: &crate::Actor) -> Option<Self> {
        if self.status == Status::Expired {
            return None;
        }
        let mut after = self.clone();
        after.status = Status::Expired;
        after.expires_at = self.expires_at.min(now);
        after.meta.changed(now, by);
        Some(after)
    }

    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.status == Status::Expired || now >= self.expires_at
    }

    fn status_at(&self, now: Timestamp) -> Status {
        match self.has_expired(now) {
            true => Status::Expired,
            false => Status::Active,
        }
    }

    /// With its status at this time.
    pub fn as_of(mut self, now: Timestamp) -> Self {
        self.status = self.status_at(now);
        self
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rotation {
    pub overlap_seconds: i64,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            overlap_seconds: DEFAULT_OVERLAP,
        }
    }
}

pub const ROTATED: Transition = Transition {
    event: "API_KEY_ROTATED",
    summary: "the key has a successor, `rotatedTo`",
    happened: |before, after| before["rotatedTo"] != after["rotatedTo"],
    sample: |key| {
        let mut rotated = key.clone();
        rotated["rotatedTo"] = "key_01kb1v0c1tfr2v6krscysfnvgc".into();
        (key, rotated)
    },
};

pub const EXPIRED: Transition = Transition {
    event: "API_KEY_EXPIRED",
    summary: "the key was expired, or reached its end",
    happened: |before, after| before["status"] != after["status"],
    sample: |key| {
        let mut expired = key.clone();
        expired["status"] = "Expired".into();
        (key, expired)
    },
};

pub type ApiKeyId = Key<ApiKey>;

impl Kind for ApiKey {
    const KIND: EntityKind = EntityKind {
        name: "ApiKey",
        prefix: "key",
    };
}

impl Entity for ApiKey {
    const FIELDS: &'static [Field] = FIELDS;
    const NOUN: &'static str = "an API key";
    const PLURAL: &'static str = "apiKeys";
    const EVENTS: Lifecycle = crate::lifecycle!("API_KEY");
    const TRANSITIONS: &'static [Transition] = &[ROTATED, EXPIRED];
    const DELETION_NOTE: &'static str = ", thirty days after it expired";
    const EXPIRES: bool = true;

    fn key(&self) -> ApiKeyId {
        self.key
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
