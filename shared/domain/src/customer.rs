//! A customer: a tenant, a tenant's customer, or the account provisioned for a client.

use crate::{
    Actor, ClientKey, Entity, EntityKind, FieldError, Key, Kind, Meta, Timestamp, address,
    address::Address,
    business,
    business::Business,
    client::Client,
    deactivation::DEFAULT_WINDOW_DAYS,
    fields::{Field, Rule},
    formats,
    lifecycle::{Lifecycle, Transition},
    logo::{self, Logo},
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub const TYPES: &[&str] = &["Business", "Consumer"];

const PERSON: &[Field] = &[
    Field::new("firstName", Rule::Text { min: 1, max: 100 }, "").required(),
    Field::new("lastName", Rule::Text { min: 1, max: 100 }, "").required(),
];

const DEACTIVATION: &[Field] = &[
    Field::new("deactivatedAt", Rule::Time, "").read_only(),
    Field::new("deactivatedBy", Rule::Text { min: 1, max: 255 }, "").read_only(),
    Field::new(
        "windowEndsAt",
        Rule::Time,
        "Until when it can be reactivated. Platform staff may move it.",
    )
    .required()
    .platform(),
];

const PARENT: &[Field] = &[
    Field::new("customerKey", Rule::Key(Customer::KIND), "").read_only(),
    Field::new("clientKey", Rule::Key(Client::KIND), "").read_only(),
    Field::new(
        "depth",
        Rule::Whole {
            min: 1,
            max: DEEPEST as i64,
        },
        "How many accounts deep it lies, itself counted.",
    )
    .read_only(),
];

/// How many accounts may lie below one another.
pub const DEEPEST: u8 = 8;

pub const PHONE: Rule = Rule::Form {
    regex: r"^\+[1-9]\d{1,14}$",
    fits: formats::is_phone,
    says: "must be an E.164 number, such as +14155550100",
};

pub const BOOTSTRAP_TENANT_KEY: Rule = Rule::Form {
    regex: "^[a-z0-9][a-z0-9-]{2,62}$",
    fits: formats::is_bootstrap_tenant_key,
    says: "must be 3 to 63 small letters, digits and hyphens, not starting with a hyphen",
};

pub const LONGEST_EXTERNAL_ID: usize = 200;

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(Customer::KIND), "").read_only().required(),
    Field::new("type", Rule::OneOf(TYPES), "").required().fixed(),
    Field::new("name", Rule::Text { min: 1, max: 200 }, "").required(),
    Field::new("email", Rule::Email, ""),
    Field::new("phone", PHONE, "E.164."),
    Field::new("website", Rule::Website, ""),
    Field::new(
        "address",
        Rule::Object(address::FIELDS),
        "A new Business customer's address becomes its headquarters location.",
    ),
    Field::new(
        "isTenantCustomer",
        Rule::Flag,
        "Whether it claims a bootstrap tenant key of its own.",
    )
    .fixed()
    .default("false"),
    Field::new(
        "bootstrapTenantKey",
        BOOTSTRAP_TENANT_KEY,
        "A tenant customer claims it (generated where none is given); any other names an existing tenant.",
    )
    .fixed(),
    Field::new(
        "authTenantId",
        Rule::Text { min: 1, max: 128 },
        "The tenant at the identity provider.",
    )
    .platform(),
    Field::new(
        "products",
        Rule::List {
            of: &Rule::Text { min: 1, max: 100 },
            max: 100,
        },
        "",
    )
    .platform()
    .default("[]"),
    Field::new(
        "sessionExpirationSeconds",
        Rule::Whole {
            min: 300,
            max: 31_536_000,
        },
        "Absent: the platform's default.",
    ),
    Field::new(
        "externalId",
        Rule::Text {
            min: 1,
            max: LONGEST_EXTERNAL_ID,
        },
        "The customer's id in another system; unique.",
    )
    .platform(),
    Field::new(
        "isDisabled",
        Rule::Flag,
        "Deactivated, or disabled with the client it was provisioned for.",
    )
    .read_only()
    .default("false"),
    Field::new(
        "isDisabledByParent",
        Rule::Flag,
        "Present and true while the client it was provisioned for is disabled.",
    )
    .read_only(),
    Field::new(
        "deactivation",
        Rule::Object(DEACTIVATION),
        "Present while it is deactivated.",
    ),
    Field::new(
        "apiKeysEndedAt",
        Rule::Time,
        "When it was last disabled. API keys made until then open nothing any more, also after it came back.",
    )
    .read_only(),
    Field::new(
        "parent",
        Rule::Object(PARENT),
        "Of a provisioned account: the client it was made for.",
    )
    .read_only(),
    Field::new("logo", Rule::Object(logo::FIELDS), "").read_only(),
    Field::new("business", Rule::Object(business::FIELDS), "Business customers only."),
    Field::new("person", Rule::Object(PERSON), "Consumer customers only."),
];

/// Whether a checked patch is valid whatever else the customer holds: it touches no unique name, no window, and nothing of the rule
/// that an industry group lies in its sector.
pub fn stands_alone(patch: &Map<String, Value>) -> bool {
    let industry = patch
        .get("business")
        .is_some_and(|business| business.get("industrySector").is_some() || business.get("industryGroup").is_some());
    has_leaf(patch) && !industry && !patch.contains_key("externalId") && !patch.contains_key("deactivation")
}

fn has_leaf(patch: &Map<String, Value>) -> bool {
    patch.values().any(|value| value.as_object().is_none_or(has_leaf))
}

/// What may be said of an account when it is provisioned; what isn't said comes from its client.
pub const ACCOUNT_FIELDS: &[Field] = &[
    Field::new("type", Rule::OneOf(TYPES), "").default("\"Business\""),
    Field::new(
        "name",
        Rule::Text { min: 1, max: 200 },
        "The client's, where it isn't given.",
    ),
    Field::new("email", Rule::Email, "The client's, where it isn't given."),
    Field::new("phone", PHONE, "E.164. The client's, where it isn't given."),
    Field::new("website", Rule::Website, "The client's, where it isn't given."),
    Field::new(
        "address",
        Rule::Object(address::FIELDS),
        "The client's, where it isn't given. A Business account's address becomes its headquarters location.",
    ),
    field("authTenantId"),
    field("products"),
    field("sessionExpirationSeconds"),
    field("externalId"),
    Field::new(
        "business",
        Rule::Object(business::FIELDS),
        "Business accounts only. The client's, where it isn't given.",
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
    panic!("no such field of a customer")
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

/// The rules of an account's overrides that span fields.
pub fn rules_of_account(body: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let kind: Option<CustomerType> = body
        .get("type")
        .and_then(|kind| serde_json::from_value(kind.clone()).ok());
    check_type(kind, body.contains_key("person"), body.contains_key("business"), errors);
    let business = body.get("business").cloned().map(serde_json::from_value::<Business>);
    if let Some(Ok(business)) = business {
        business.check(errors);
    }
}

/// The rules of a new customer that span fields.
pub fn rules_of_new(body: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    if body.get("isTenantCustomer") == Some(&Value::Bool(false)) && !body.contains_key("bootstrapTenantKey") {
        errors.push(FieldError::new(
            "bootstrapTenantKey",
            "is required: a customer that is no tenant names the tenant it belongs to",
        ));
    }
    if body.contains_key("deactivation") {
        errors.push(FieldError::new("deactivation", "is made by deactivating the customer"));
    }
    let kind: Option<CustomerType> = body
        .get("type")
        .and_then(|kind| serde_json::from_value(kind.clone()).ok());
    check_type(kind, body.contains_key("person"), body.contains_key("business"), errors);
    let business = body.get("business").cloned().map(serde_json::from_value::<Business>);
    if let Some(Ok(business)) = business {
        business.check(errors);
    }
}

fn check_type(kind: Option<CustomerType>, person: bool, business: bool, errors: &mut Vec<FieldError>) {
    match kind {
        Some(CustomerType::Business) if person => {
            errors.push(FieldError::new("person", "is for Consumer customers only"));
        }
        Some(CustomerType::Consumer) if business => {
            errors.push(FieldError::new("business", "is for Business customers only"));
        }
        _ => {}
    }
}

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
    /// Whether it is deactivated, or disabled with the client it was provisioned for.
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

    /// The keys that there are when it is disabled have ended, and stay so when it comes back.
    fn end_keys(&mut self, at: Timestamp) {
        if !self.is_disabled {
            self.api_keys_ended_at = Some(at);
        }
    }

    /// Lets go of the client it was provisioned for. What that client disabled stays disabled, as if deactivated at that moment: it must
    /// neither spring to life nor be beyond anybody's reach.
    pub fn release(&mut self, at: Timestamp, by: &Actor) {
        self.parent = None;
        if self.is_disabled_by_parent {
            self.is_disabled_by_parent = false;
            self.deactivation.get_or_insert_with(|| Deactivation {
                deactivated_at: at,
                deactivated_by: by.id.clone(),
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

    /// A tenant that names no bootstrap key gets one. It is unique because the customer's key is.
    fn complete(key: CustomerKey, body: &mut Map<String, Value>) {
        body.entry("bootstrapTenantKey")
            .or_insert_with(|| format!("t-{}", key.uuid().simple()).into());
    }

    fn check(&self, errors: &mut Vec<FieldError>) {
        check_type(
            Some(self.r#type),
            self.person.is_some(),
            self.business.is_some(),
            errors,
        );
        if let Some(business) = &self.business {
            business.check(errors);
        }
        if (self.deactivation.is_some() || self.is_disabled_by_parent) != self.is_disabled {
            errors.push(FieldError::new(
                "deactivation",
                "can only be changed while the customer is deactivated, and not be cleared",
            ));
        }
    }
}
