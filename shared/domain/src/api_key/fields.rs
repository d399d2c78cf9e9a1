//! The fields of keys, and of what is asked and answered about them.

use super::{ADMIN_SCOPES, ApiKey, LONGEST_SECONDS, SHORTEST_SECONDS};
use crate::{
    FieldError, Kind,
    customer::Customer,
    entity::META_FIELDS,
    fields::{Field, Rule, concat},
    formats,
    partition::{ENVIRONMENTS, Partition},
    plaintext::{self, Plaintext},
};
use serde_json::{Map, Value};

pub const KINDS: &[&str] = &["Admin", "Custom"];
pub const STATUSES: &[&str] = &["Active", "Expired"];
const MOST_SCOPES: usize = 50;
/// Thirty days.
const LONGEST_OVERLAP: i64 = 2_592_000;

const NAME: Field = Field::new("name", Rule::Text { min: 1, max: 200 }, "").required();

const FOREIGN_KEY: Field = Field::new(
    "foreignKey",
    Rule::Text { min: 1, max: 200 },
    "What the key belongs to in another system: keys are listed and expired by it.",
);

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(ApiKey::KIND), "").read_only().required(),
    Field::new("partitionKey", Rule::Key(Partition::KIND), "")
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
    Field::new("rotatedTo", Rule::Key(ApiKey::KIND), "Its successor.").read_only(),
    Field::new("rotatedFrom", Rule::Key(ApiKey::KIND), "Its predecessor.").read_only(),
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
    Field::new("customerKey", Rule::Key(Customer::KIND), ""),
    Field::new("partitionKey", Rule::Key(Partition::KIND), ""),
    Field::new("environment", Rule::OneOf(ENVIRONMENTS), ""),
    Field::new("keyId", Rule::Key(ApiKey::KIND), ""),
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

/// The one answer that holds the key itself.
pub fn issued_fields() -> Vec<Field> {
    const KEY: &[Field] = &concat::<{ FIELDS.len() + META_FIELDS.len() }>(FIELDS, META_FIELDS);
    vec![
        Field::new("apiKey", Rule::Object(KEY), "The new key.").required(),
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
