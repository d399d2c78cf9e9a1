//! A customer: a tenant, a tenant's customer, or the account provisioned for a client.

use crate::{
    Actor, ClientKey, Entity, EntityKind, FieldError, Key, Kind, Meta, Object, Timestamp, Together, address,
    address::Address,
    business,
    business::Business,
    client::Client,
    deactivation::{self, DEFAULT_WINDOW_DAYS, DeactivatedBy},
    fields::{Field, Rule},
    formats,
    lifecycle::{Lifecycle, Transition},
    logo::{self, Logo},
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub const TYPES: &[&str] = &["Business", "Consumer"];

const PERSON: &Object = &Object::new(
    "Person",
    &[
        Field::new("firstName", Rule::Text { min: 1, max: 100 }, "First name.").required(),
        Field::new("lastName", Rule::Text { min: 1, max: 100 }, "Last name.").required(),
    ],
);

const DEACTIVATION: &Object = &Object::new(
    "CustomerDeactivation",
    &[
        Field::new("deactivatedAt", Rule::Time, "When it was deactivated.").read_only(),
        Field::new("deactivatedBy", Rule::Text { min: 1, max: 255 }, "Who deactivated it.").read_only(),
        deactivation::BY.read_only(),
        Field::new(
            "windowEndsAt",
            Rule::Time,
            "It can be reactivated until then. Platform staff may change it.",
        )
        .required()
        .platform(),
    ],
);

pub const PARENT: &Object = &Object::new(
    "Parent",
    &[
        Field::new(
            "customerKey",
            Rule::Key(Customer::KIND),
            "The customer whose client it is the account of.",
        )
        .read_only(),
        Field::new(
            "clientKey",
            Rule::Key(Client::KIND),
            "The client that it is the account of.",
        )
        .read_only(),
        Field::new(
            "depth",
            Rule::Whole {
                min: 1,
                max: DEEPEST as i64,
            },
            "Its depth in the hierarchy: 1 for an account of a customer that is not an account itself.",
        )
        .read_only(),
    ],
);

/// How deep accounts may be nested.
pub const DEEPEST: u8 = 8;

pub const PHONE: Rule = Rule::Form {
    regex: r"^\+[1-9]\d{1,14}$",
    fits: formats::is_phone,
    message: "must be an E.164 number, such as +14155550100",
};

pub const BOOTSTRAP_TENANT_KEY: Rule = Rule::Form {
    regex: "^[a-z0-9][a-z0-9-]{2,62}$",
    fits: formats::is_bootstrap_tenant_key,
    message: "must be 3 to 63 lower-case letters, digits and hyphens, not starting with a hyphen",
};

pub const LONGEST_EXTERNAL_ID: usize = 200;

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(Customer::KIND), "").read_only().required(),
    Field::new("type", Rule::OneOf(TYPES), "A company or a person.").required().fixed(),
    Field::new("name", Rule::Text { min: 1, max: 200 }, "Display name.").required(),
    Field::new("email", Rule::Email, "E-mail address."),
    Field::new("phone", PHONE, "Phone number in E.164 form."),
    Field::new("website", Rule::Website, "An http or https URL."),
    Field::new(
        "address",
        Rule::Object(address::OBJECT),
        "Postal address. From a new Business customer's address with `line1` and `city`, its headquarters location is created.",
    ),
    Field::new(
        "isTenantCustomer",
        Rule::Flag,
        "Whether it is a tenant, which claims a bootstrap tenant key.",
    )
    .fixed()
    .default("false"),
    Field::new(
        "bootstrapTenantKey",
        BOOTSTRAP_TENANT_KEY,
        "A tenant claims it, and gets a generated one if it is omitted. Another customer names the existing tenant that it belongs to.",
    )
    .fixed(),
    Field::new(
        "authTenantId",
        Rule::Text { min: 1, max: 128 },
        "The id of the tenant at the identity provider.",
    )
    .platform(),
    Field::new(
        "products",
        Rule::List {
            of: &Rule::Text { min: 1, max: 100 },
            max: 100,
        },
        "The products that the customer uses.",
    )
    .platform()
    .default("[]"),
    Field::new(
        "sessionExpirationSeconds",
        Rule::Whole {
            min: 300,
            max: 31_536_000,
        },
        "How long a session lasts. If absent, the platform's default applies.",
    ),
    Field::new(
        "externalId",
        Rule::Text {
            min: 1,
            max: LONGEST_EXTERNAL_ID,
        },
        "The customer's id in another system. Unique.",
    )
    .platform(),
    Field::new(
        "isDisabled",
        Rule::Flag,
        "Deactivated, or disabled with the client that it is the account of.",
    )
    .read_only()
    .default("false"),
    Field::new(
        "isDisabledByParent",
        Rule::Flag,
        "Present and true while the client that it is the account of is disabled.",
    )
    .read_only(),
    Field::new(
        "deactivation",
        Rule::Object(DEACTIVATION),
        "Present while it is deactivated.",
    )
    .later(),
    Field::new(
        "apiKeysEndedAt",
        Rule::Time,
        "When it was last disabled. API keys created until then no longer work, even after it is enabled again.",
    )
    .read_only(),
    Field::new(
        "parent",
        Rule::Object(PARENT),
        "For a provisioned account: the client that it is the account of.",
    )
    .read_only(),
    Field::new("logo", Rule::Object(logo::OBJECT), "The confirmed logo.").read_only(),
    Field::new("business", Rule::Object(business::OBJECT), "Industry, legal form, size and social pages. For Business customers only."),
    Field::new("person", Rule::Object(PERSON), "The person. For Consumer customers only."),
];

/// Whether a checked patch is valid regardless of the customer's other fields: it changes no unique name, no window, and nothing that the
/// rule on industry groups and sectors reads.
pub fn is_independent(patch: &Map<String, Value>) -> bool {
    let industry = patch
        .get("business")
        .is_some_and(|business| business.get("industrySector").is_some() || business.get("industryGroup").is_some());
    has_leaf(patch) && !industry && !patch.contains_key("externalId") && !patch.contains_key("deactivation")
}

fn has_leaf(patch: &Map<String, Value>) -> bool {
    patch.values().any(|value| value.as_object().is_none_or(has_leaf))
}

/// The fields of a new account. Omitted fields are copied from the client.
pub const ACCOUNT_FIELDS: &[Field] = &[
    Field::new("type", Rule::OneOf(TYPES), "A company or a person.").default("\"Business\""),
    Field::new(
        "name",
        Rule::Text { min: 1, max: 200 },
        "Copied from the client if omitted.",
    ),
    Field::new("email", Rule::Email, "Copied from the client if omitted."),
    Field::new(
        "phone",
        PHONE,
        "Phone number in E.164 form. Copied from the client if omitted.",
    ),
    Field::new("website", Rule::Website, "Copied from the client if omitted."),
    Field::new(
        "address",
        Rule::Object(address::OBJECT),
        "Copied from the client if omitted. From a Business account's address with `line1` and `city`, its headquarters location is created.",
    ),
    field("authTenantId"),
    field("products"),
    field("sessionExpirationSeconds"),
    field("externalId"),
    Field::new(
        "business",
        Rule::Object(business::OBJECT),
        "For Business accounts only. Copied from the client if omitted.",
    ),
    field("person"),
];

/// A customer's field, by its name.
const fn field(name: &str) -> Field {
    let mut i = 0;
    while i < FIELDS.len() {
        if same(FIELDS[i].name.as_bytes(), name.as_bytes()) {
            return FIELDS[i];
        }
        i += 1;
    }
    panic!("a customer has no such field")
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut i = 0;
    while i < one.len() {
        if one[i] != other[i] {
            return false;
        }
        i += 1;
    }
    true
}

const NO_PERSON: Together = Together::Excludes {
    field: "type",
    value: "\"Business\"",
    excluded: "person",
};

const NO_BUSINESS: Together = Together::Excludes {
    field: "type",
    value: "\"Consumer\"",
    excluded: "business",
};

/// The rules of every customer that span fields.
const TOGETHER: &[Together] = &[NO_PERSON, NO_BUSINESS];

/// The rules of a new account that span fields.
pub const TOGETHER_IN_ACCOUNT: &[Together] = TOGETHER;

/// The rules of a new customer that span fields.
pub const TOGETHER_IN_NEW: &[Together] = &[
    NO_PERSON,
    NO_BUSINESS,
    Together::Needs {
        field: "isTenantCustomer",
        value: "false",
        needed: "bootstrapTenantKey",
    },
];

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CustomerType {
    Business,
    Consumer,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub first_name: String,
    pub last_name: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deactivation {
    pub deactivated_at: Timestamp,
    pub deactivated_by: String,
    #[serde(default)]
    pub by: DeactivatedBy,
    pub window_ends_at: Timestamp,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parent {
    pub customer_key: CustomerKey,
    pub client_key: ClientKey,
    pub depth: u8,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    pub key: CustomerKey,
    pub r#type: CustomerType,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    pub is_tenant_customer: bool,
    pub bootstrap_tenant_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_tenant_id: Option<String>,
    pub products: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_expiration_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Whether it is deactivated, or disabled with the client that it is the account of.
    pub is_disabled: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_disabled_by_parent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deactivation: Option<Deactivation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_keys_ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<Logo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business: Option<Business>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    #[serde(flatten)]
    pub meta: Meta,
}

impl Customer {
    pub fn deactivate(&mut self, deactivation: Deactivation) {
        self.end_keys(deactivation.deactivated_at);
        self.deactivation = Some(deactivation);
        self.is_disabled = true;
    }

    pub fn reactivate(&mut self) {
        self.deactivation = None;
        self.is_disabled = self.is_disabled_by_parent;
    }

    pub fn disable_by_parent(&mut self, disabled: bool, at: Timestamp) {
        if disabled {
            self.end_keys(at);
        }
        self.is_disabled_by_parent = disabled;
        self.is_disabled = self.deactivation.is_some() || disabled;
    }

    /// API keys that exist when the customer is disabled stop working for good.
    fn end_keys(&mut self, at: Timestamp) {
        if !self.is_disabled {
            self.api_keys_ended_at = Some(at);
        }
    }

    /// Ends the link to the client that it is the account of. If that client had disabled it, it stays disabled, as if its parent deactivated
    /// it now: then platform staff can reactivate it, and it is not enabled unnoticed.
    pub fn release(&mut self, at: Timestamp, by: &Actor) {
        self.parent = None;
        if self.is_disabled_by_parent {
            self.is_disabled_by_parent = false;
            self.deactivation.get_or_insert_with(|| Deactivation {
                deactivated_at: at,
                deactivated_by: by.id.clone(),
                by: DeactivatedBy::Parent,
                window_ends_at: at.plus(TimeDelta::days(DEFAULT_WINDOW_DAYS)),
            });
        }
    }
}

pub const DEACTIVATED: Transition = Transition {
    event: "CUSTOMER_DEACTIVATED",
    summary: "the customer was deactivated",
    happened: |before, after| before["isDisabled"] != true && after["isDisabled"] == true,
    sample: |customer| (customer.clone(), deactivated(customer)),
};

pub const REACTIVATED: Transition = Transition {
    event: "CUSTOMER_REACTIVATED",
    summary: "the customer was reactivated",
    happened: |before, after| before["isDisabled"] == true && after["isDisabled"] != true,
    sample: |customer| (deactivated(customer.clone()), customer),
};

/// An example of a customer, deactivated.
fn deactivated(mut customer: Value) -> Value {
    customer["isDisabled"] = true.into();
    customer["deactivation"] = json!({
        "deactivatedAt": customer["updatedAt"],
        "deactivatedBy": customer["updatedBy"],
        "by": "Platform",
        "windowEndsAt": "2026-12-14T08:00:00.000Z",
    });
    customer
}

pub type CustomerKey = Key<Customer>;

impl Kind for Customer {
    const KIND: EntityKind = EntityKind {
        name: "Customer",
        prefix: "cus",
    };
}

impl Entity for Customer {
    const FIELDS: &'static [Field] = FIELDS;
    const NOUN: &'static str = "a customer";
    const PLURAL: &'static str = "customers";
    const EVENTS: Lifecycle = crate::lifecycle!("CUSTOMER");
    const TOGETHER: &'static [Together] = TOGETHER;
    const TRANSITIONS: &'static [Transition] = &[DEACTIVATED, REACTIVATED];

    fn key(&self) -> CustomerKey {
        self.key
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    /// Generates the bootstrap key of a tenant that omits it. It is unique because the customer's key is.
    fn complete(key: CustomerKey, body: &mut Map<String, Value>) {
        body.entry("bootstrapTenantKey")
            .or_insert_with(|| format!("t-{}", key.uuid().simple()).into());
    }

    fn check(&self, errors: &mut Vec<FieldError>) {
        if (self.deactivation.is_some() || self.is_disabled_by_parent) != self.is_disabled {
            errors.push(FieldError::new(
                "deactivation",
                "can only be changed while the customer is deactivated, and cannot be cleared",
            ));
        }
    }
}
