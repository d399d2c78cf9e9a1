//! An API key: what it opens, until when. Its secret is no part of it; see `plaintext`.

use crate::{
    ApiKeyId, CustomerKey, Entity, EntityKind, Error, FieldError, Meta, PartitionKey, Result, Timestamp,
    entity::META_FIELDS,
    fields::{Field, Rule},
    formats, key,
    partition::{ENVIRONMENTS, Environment, Partition},
    plaintext::{self, Plaintext},
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub const KINDS: &[&str] = &["Admin", "Custom"];
pub const STATUSES: &[&str] = &["Active", "Expired"];

/// What an Admin key may do: everything.
const ADMIN_SCOPES: &[&str] = &["read", "write"];

const MOST_SCOPES: usize = 50;
const SHORTEST_SECONDS: i64 = 60;
/// Ten years.
const LONGEST_SECONDS: i64 = 10 * 365 * 24 * 60 * 60;
/// Of a key whose maker names no end: a year.
const DEFAULT_SECONDS: i64 = 365 * 24 * 60 * 60;
/// Thirty days, and a day.
const LONGEST_OVERLAP: i64 = 2_592_000;
const DEFAULT_OVERLAP: i64 = 86_400;
/// How long an expired key is still listed.
pub const KEPT_SECONDS: i64 = 30 * 24 * 60 * 60;

const NAME: Field = Field::new("name", Rule::Text { min: 1, max: 200 }, "").required();

const FOREIGN_KEY: Field = Field::new(
    "foreignKey",
    Rule::Text { min: 1, max: 200 },
    "What the key belongs to in another system: keys are listed and expired by it.",
);

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(EntityKind::ApiKey), "")
        .read_only()
        .required(),
    Field::new("partitionKey", Rule::Key(EntityKind::Partition), "")
        .read_only()
        .required(),
    Field::new("environment", Rule::OneOf(ENVIRONMENTS), "")
        .read_only()
        .required(),
    Field::new("kind", Rule::OneOf(KINDS), "").required().fixed(),
    NAME,
    Field::new(
        "scopes",
        Rule::List {
            of: &HELD_SCOPE,
            max: MOST_SCOPES,
        },
        "What it may do. An Admin key's `read` and `write` are those of everything.",
    )
    .fixed(),
    FOREIGN_KEY,
    Field::new("status", Rule::OneOf(STATUSES), "").read_only().required(),
    Field::new("expiresAt", Rule::Time, "From this moment on it opens nothing.")
        .read_only()
        .required(),
    Field::new(
        "lastUsedOn",
        Rule::Text { min: 10, max: 10 },
        "The last day on which it was used, in UTC.",
    )
    .read_only(),
    Field::new("rotatedTo", Rule::Key(EntityKind::ApiKey), "Its successor.").read_only(),
    Field::new("rotatedFrom", Rule::Key(EntityKind::ApiKey), "Its predecessor.").read_only(),
];

const HELD_SCOPE: Rule = Rule::Form {
    regex: "^([a-z0-9-]+:)?(read|write)$",
    fits: |text| ADMIN_SCOPES.contains(&text) || formats::is_scope(text),
    says: "must be read, write, or such as orders:read",
};

const SCOPE: Rule = Rule::Form {
    regex: "^[a-z0-9-]+:(read|write)$",
    fits: formats::is_scope,
    says: "must be small letters, digits and hyphens, a colon, and read or write: such as orders:read",
};

pub const NEW_FIELDS: &[Field] = &[
    Field::new(
        "kind",
        Rule::OneOf(KINDS),
        "Admin keys may do everything, Custom keys what their scopes say.",
    )
    .required(),
    NAME,
    Field::new(
        "scopes",
        Rule::List {
            of: &SCOPE,
            max: MOST_SCOPES,
        },
        "Of a Custom key, 1 to 50.",
    ),
    Field::new(
        "ttlSeconds",
        Rule::Whole {
            min: SHORTEST_SECONDS,
            max: LONGEST_SECONDS,
        },
        "How long it lives: from a minute to ten years. This or `expiresAt`; without either, a year.",
    ),
    Field::new("expiresAt", Rule::Time, "When it ends: in a minute to ten years."),
    FOREIGN_KEY,
];

pub const ROTATE_FIELDS: &[Field] = &[Field::new(
    "overlapSeconds",
    Rule::Whole {
        min: 0,
        max: LONGEST_OVERLAP,
    },
    "How long the old key still works beside the new one: up to thirty days, or to its own end.",
)
.default("86400")];

pub const EXPIRE_FIELDS: &[Field] = &[FOREIGN_KEY.required()];

pub const VERIFY_FIELDS: &[Field] = &[
    Field::new(
        "plaintext",
        // Whatever it is: a text that can't be a key is just not valid.
        Rule::Form {
            regex: "^",
            fits: |_| true,
            says: "must be a text",
        },
        "The key.",
    )
    .required(),
    Field::new(
        "scopes",
        Rule::List {
            of: &HELD_SCOPE,
            max: MOST_SCOPES,
        },
        "What is about to be done with it. A key that may not do all of this is not valid.",
    ),
];

const VERIFIED_FIELDS: &[Field] = &[
    Field::new("valid", Rule::Flag, "Where it is false, nothing else is said.").required(),
    Field::new("customerKey", Rule::Key(EntityKind::Customer), ""),
    Field::new("partitionKey", Rule::Key(EntityKind::Partition), ""),
    Field::new("environment", Rule::OneOf(ENVIRONMENTS), ""),
    Field::new("keyId", Rule::Key(EntityKind::ApiKey), ""),
    Field::new("kind", Rule::OneOf(KINDS), ""),
    Field::new(
        "scopes",
        Rule::List {
            of: &HELD_SCOPE,
            max: MOST_SCOPES,
        },
        "",
    ),
    FOREIGN_KEY,
    Field::new("expiresAt", Rule::Time, ""),
];

/// As the API shows it.
pub fn view_fields() -> Vec<Field> {
    [FIELDS, META_FIELDS].concat()
}

/// The one answer that holds the key itself.
pub fn issued_fields() -> Vec<Field> {
    vec![
        Field::new("apiKey", Rule::Object(FIELDS), "").required(),
        Field::new(
            "plaintext",
            Rule::Form {
                regex: plaintext::REGEX,
                fits: |text| Plaintext::read(text).is_some(),
                says: "must be an API key",
            },
            "The key itself, this once: it is kept nowhere.",
        )
        .required(),
    ]
}

pub fn verified_fields() -> Vec<Field> {
    VERIFIED_FIELDS.to_vec()
}

pub fn expired_fields() -> Vec<Field> {
    vec![
        Field::new(
            "expired",
            Rule::Whole { min: 0, max: 1000 },
            "How many keys this request expired.",
        )
        .required(),
        Field::new(
            "nextCursor",
            Rule::Text { min: 1, max: 1000 },
            "There may be more: send the request again with it as `cursor`. `null` where that was all.",
        ),
    ]
}

/// The rules of a new key that span fields.
pub fn rules_of_new(body: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let scopes = body.get("scopes").and_then(Value::as_array).map(Vec::len);
    match (body.get("kind").and_then(Value::as_str), scopes) {
        (Some("Admin"), Some(_)) => {
            errors.push(FieldError::new(
                "scopes",
                "are for Custom keys only: an Admin key may do everything",
            ));
        }
        (Some("Custom"), None | Some(0)) => {
            errors.push(FieldError::new(
                "scopes",
                "must be 1 to 50: a Custom key may do what they say",
            ));
        }
        _ => {}
    }
    if body.contains_key("ttlSeconds") && body.contains_key("expiresAt") {
        errors.push(FieldError::new("expiresAt", "and ttlSeconds exclude each other"));
    }
}

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
    /// What was last written. A key may have ended since; `expires_at` decides.
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lifetime {
    ttl_seconds: Option<i64>,
    expires_at: Option<Timestamp>,
}

/// When a new key is to end.
fn end_of(body: &Map<String, Value>, now: Timestamp) -> Result<Timestamp> {
    let lifetime: Lifetime = serde_json::from_value(Value::Object(body.clone()))
        .map_err(|e| Error::Internal(format!("a checked body has no lifetime: {e}")))?;
    let Some(end) = lifetime.expires_at else {
        return Ok(now.plus(TimeDelta::seconds(lifetime.ttl_seconds.unwrap_or(DEFAULT_SECONDS))));
    };
    let (first, last) = (
        now.plus(TimeDelta::seconds(SHORTEST_SECONDS)),
        now.plus(TimeDelta::seconds(LONGEST_SECONDS)),
    );
    match (first..=last).contains(&end) {
        true => Ok(end),
        false => Err(Error::invalid("expiresAt", "must be in a minute to ten years from now")),
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
        let end = end_of(body, now)?;
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

    /// Hands over to a successor, which has the same rights to the same end. This one ends after the overlap, or at its own end.
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
                reason: "the key was rotated before; rotate its successor",
            });
        }
        if self.has_ended(now) {
            return Err(Error::Conflict {
                field: "status",
                reason: "the key has expired; make a new one",
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

    /// Ended now, if it has not ended before; `None` where that is written already.
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

    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.status == Status::Expired || now >= self.expires_at
    }

    fn status_at(&self, now: Timestamp) -> Status {
        match self.has_ended(now) {
            true => Status::Expired,
            false => Status::Active,
        }
    }

    /// As it is shown at a moment.
    pub fn shown(mut self, now: Timestamp) -> Self {
        self.status = self.status_at(now);
        self
    }
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

impl Entity for ApiKey {
    type Kind = key::ApiKey;
    const FIELDS: &'static [Field] = FIELDS;

    fn key(&self) -> ApiKeyId {
        self.key
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn check(&self, _: &mut Vec<FieldError>) {}
}
