//! The fields of API keys, and of the requests and answers about them.

use super::{ADMIN_SCOPES, ApiKey, LONGEST_SECONDS, SHORTEST_SECONDS};
use crate::{
    Kind, Object, Together,
    customer::Customer,
    entity::META_FIELDS,
    fields::{Field, Rule, concat},
    formats,
    partition::{ENVIRONMENTS, Partition},
    plaintext::{self, Plaintext},
};

pub const KINDS: &[&str] = &["Admin", "Custom"];
pub const STATUSES: &[&str] = &["Active", "Expired"];
const MOST_SCOPES: usize = 50;
/// Thirty days.
const LONGEST_OVERLAP: i64 = 2_592_000;

const NAME: Field = Field::new("name", Rule::Text { min: 1, max: 200 }, "Display name.").required();

const FOREIGN_KEY: Field = Field::new(
    "foreignKey",
    Rule::Text { min: 1, max: 200 },
    "The id of what the key belongs to in another system. Keys can be listed and expired by it.",
);

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(ApiKey::KIND), "The key's id. It is not a secret.")
        .read_only()
        .required(),
    Field::new(
        "partitionKey",
        Rule::Key(Partition::KIND),
        "The partition that it gives access to.",
    )
    .read_only()
    .required(),
    Field::new("environment", Rule::OneOf(ENVIRONMENTS), "The partition's environment.")
        .read_only()
        .required(),
    Field::new(
        "kind",
        Rule::OneOf(KINDS),
        "Admin keys may do everything, Custom keys what their scopes allow.",
    )
    .required()
    .fixed(),
    NAME,
    Field::new(
        "scopes",
        Rule::List {
            of: &HELD_SCOPE,
            max: MOST_SCOPES,
        },
        "What it may do. An Admin key has `read` and `write`, for everything.",
    )
    .fixed(),
    FOREIGN_KEY,
    Field::new("status", Rule::OneOf(STATUSES), "Expired keys stay listed for 30 days.")
        .read_only()
        .required(),
    Field::new("expiresAt", Rule::Time, "The key stops working at this time.")
        .read_only()
        .required(),
    Field::new("lastUsedOn", Rule::Date, "The last day on which it was used, in UTC.").read_only(),
    Field::new("rotatedTo", Rule::Key(ApiKey::KIND), "The key that replaced it.").read_only(),
    Field::new("rotatedFrom", Rule::Key(ApiKey::KIND), "The key that it replaced.").read_only(),
];

const HELD_SCOPE: Rule = Rule::Form {
    regex: "^([a-z0-9-]+:)?(read|write)$",
    fits: |text| ADMIN_SCOPES.contains(&text) || formats::is_scope(text),
    message: "must be read, write, or a scope such as orders:read",
};

const SCOPE: Rule = Rule::Form {
    regex: "^[a-z0-9-]+:(read|write)$",
    fits: formats::is_scope,
    message: "must be lower-case letters, digits and hyphens, a colon, and read or write, such as orders:read",
};

pub const NEW_FIELDS: &[Field] = &[
    Field::new(
        "kind",
        Rule::OneOf(KINDS),
        "Admin keys may do everything, Custom keys what their scopes allow.",
    )
    .required(),
    NAME,
    Field::new(
        "scopes",
        Rule::List {
            of: &SCOPE,
            max: MOST_SCOPES,
        },
        "What a Custom key may do: 1 to 50 scopes.",
    ),
    Field::new(
        "ttlSeconds",
        Rule::Whole {
            min: SHORTEST_SECONDS,
            max: LONGEST_SECONDS,
        },
        "How many seconds it works: from a minute to ten years. Give this or `expiresAt`; without either, it works for a year.",
    ),
    Field::new("expiresAt", Rule::Time, "When it expires: in a minute to ten years."),
    FOREIGN_KEY,
];

pub const ROTATE_FIELDS: &[Field] = &[Field::new(
    "overlapSeconds",
    Rule::Whole {
        min: 0,
        max: LONGEST_OVERLAP,
    },
    "How long the old key keeps working beside the new one: up to thirty days, and not after its own expiry.",
)
.default("86400")];

pub const EXPIRE_FIELDS: &[Field] = &[FOREIGN_KEY.required()];

pub const VERIFY_FIELDS: &[Field] = &[
    Field::new(
        "plaintext",
        // Any text: one that cannot be a key is just not valid.
        Rule::Opaque,
        "The key to verify. ASCII white space around it is ignored.",
    )
    .required(),
    Field::new(
        "scopes",
        Rule::List {
            of: &HELD_SCOPE,
            max: MOST_SCOPES,
        },
        "The scopes that the caller needs. A key without all of them is not valid.",
    ),
];

/// The answer to a verification.
pub const VERIFIED: &[&Object] = &[VALID, INVALID];

const VALID: &Object = &Object::new(
    "ValidApiKey",
    &[
        Field::new("valid", Rule::Always(true), "The key is valid.").required(),
        Field::new(
            "customerKey",
            Rule::Key(Customer::KIND),
            "The customer that it belongs to.",
        )
        .required(),
        Field::new(
            "partitionKey",
            Rule::Key(Partition::KIND),
            "The partition that it gives access to.",
        )
        .required(),
        Field::new("environment", Rule::OneOf(ENVIRONMENTS), "The partition's environment.").required(),
        Field::new("keyId", Rule::Key(ApiKey::KIND), "The key's id.").required(),
        Field::new(
            "kind",
            Rule::OneOf(KINDS),
            "Admin keys may do everything, Custom keys what their scopes allow.",
        )
        .required(),
        Field::new(
            "scopes",
            Rule::List {
                of: &HELD_SCOPE,
                max: MOST_SCOPES,
            },
            "All scopes that it has.",
        )
        .required(),
        FOREIGN_KEY,
        Field::new("expiresAt", Rule::Time, "When it expires.").required(),
    ],
);

const INVALID: &Object = &Object::new(
    "InvalidApiKey",
    &[Field::new(
        "valid",
        Rule::Always(false),
        "The key is not valid. The answer is the same for every reason.",
    )
    .required()],
);

/// The fields of the only answer that contains the plaintext.
pub fn issued_fields() -> Vec<Field> {
    const KEY: &Object = &Object::new(
        "ApiKey",
        &concat::<{ FIELDS.len() + META_FIELDS.len() }>(FIELDS, META_FIELDS),
    );
    vec![
        Field::new("apiKey", Rule::Object(KEY), "The new key.").required(),
        Field::new(
            "plaintext",
            Rule::Form {
                regex: plaintext::REGEX,
                fits: |text| Plaintext::read(text).is_some(),
                message: "must be an API key",
            },
            "The key itself. It is shown only in this answer and is not stored: only its hash is.",
        )
        .required(),
    ]
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
            "There may be more keys: repeat the request with this as `cursor`. `null` if there are none.",
        )
        .required()
        .nullable(),
    ]
}

/// The rules of a new key that span fields.
pub const TOGETHER_IN_NEW: &[Together] = &[
    Together::Excludes {
        field: "kind",
        value: "\"Admin\"",
        excluded: "scopes",
    },
    Together::Needs {
        field: "kind",
        value: "\"Custom\"",
        needed: "scopes",
    },
    Together::NotBoth("ttlSeconds", "expiresAt"),
];
