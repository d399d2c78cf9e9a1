//! A customer's client, and its link to the account that may be provisioned for it.

use crate::{
    CustomerKey, Entity, EntityKind, Key, Kind, Meta, Object, Result,
    address::{self, Address},
    business::{self, Business},
    customer::{Customer, LONGEST_EXTERNAL_ID, PHONE, Parent},
    deactivation::{CAPACITIES, DeactivatedBy},
    entity::to_value,
    fields::{Field, Rule},
    lifecycle::{Lifecycle, Transition},
    logo::{self, Logo},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const STATES: &[&str] = &["Disabling", "Enabling"];

const CASCADE: &Object = &Object::new(
    "ClientCascade",
    &[
        Field::new(
            "state",
            Rule::OneOf(STATES),
            "Whether it disables or enables what is below the client.",
        )
        .required(),
        Field::new(
            "done",
            Rule::Whole { min: 0, max: i64::MAX },
            "How many of the account's clients it has processed.",
        )
        .required(),
    ],
);

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(Client::KIND), "").read_only().required(),
    Field::new("name", Rule::Text { min: 1, max: 200 }, "Display name.").required(),
    Field::new("email", Rule::Email, "E-mail address."),
    Field::new("phone", PHONE, "Phone number in E.164 form."),
    Field::new("website", Rule::Website, "An http or https URL."),
    Field::new("address", Rule::Object(address::OBJECT), "Postal address."),
    Field::new(
        "business",
        Rule::Object(business::OBJECT),
        "Industry, legal form, size and social pages.",
    ),
    Field::new(
        "externalId",
        Rule::Text {
            min: 1,
            max: LONGEST_EXTERNAL_ID,
        },
        "The client's id in another system; unique within the customer.",
    ),
    Field::new("logo", Rule::Object(logo::OBJECT), "The confirmed logo.").read_only(),
    Field::new(
        "isDisabled",
        Rule::Flag,
        "Disabled by hand, or because its customer is disabled.",
    )
    .read_only()
    .default("false"),
    Field::new(
        "isDisabledItself",
        Rule::Flag,
        "Present and true while it is disabled by hand.",
    )
    .read_only(),
    Field::new(
        "disabledBy",
        Rule::OneOf(CAPACITIES),
        "Present while it is disabled by hand: the capacity in which it was. Only the same one or a higher one enables it: Self (its own users), then Parent (users of the customer that it belongs to), then Platform.",
    )
    .read_only(),
    Field::new(
        "isDisabledByParent",
        Rule::Flag,
        "Present and true while the customer it belongs to is disabled.",
    )
    .read_only(),
    Field::new(
        "clientCustomerKey",
        Rule::Key(Customer::KIND),
        "The key of its account, a customer.",
    )
    .read_only(),
    Field::new(
        "isAccountDisabled",
        Rule::Flag,
        "Present and true while its account is disabled for any reason.",
    )
    .read_only(),
    Field::new(
        "cascade",
        Rule::Object(CASCADE),
        "Only in the answer of a GET of this client: present while its disabling or enabling is still spreading to its account and that account's clients.",
    )
    .read_only(),
];

/// Only in a body that creates a client.
const PROVISION_ACCOUNT: Field = Field::new(
    "provisionAccount",
    Rule::Flag,
    "Whether to create its account too, in the same transaction.",
);

/// The fields of a body that creates a client.
pub const NEW_FIELDS: &[Field] = &{
    let mut all = [PROVISION_ACCOUNT; FIELDS.len() + 1];
    let mut i = 0;
    while i < FIELDS.len() {
        all[i] = FIELDS[i];
        i += 1;
    }
    all
};

/// The progress of a disabling or enabling.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cascade {
    pub state: CascadeState,
    pub done: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CascadeState {
    Disabling,
    Enabling,
}

impl CascadeState {
    /// The cascade that spreads the state of a client to what is below it.
    pub fn towards(is_disabled: bool) -> Self {
        if is_disabled { Self::Disabling } else { Self::Enabling }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabling => "Disabling",
            Self::Enabling => "Enabling",
        }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    pub key: ClientKey,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business: Option<Business>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<Logo>,
    /// Whether one of the next two is true.
    pub is_disabled: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_disabled_itself: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_by: Option<DeactivatedBy>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_disabled_by_parent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_customer_key: Option<CustomerKey>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_account_disabled: bool,
    /// Read from an item of its own, and only for the answer about one client.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cascade: Option<Cascade>,
    #[serde(flatten)]
    pub meta: Meta,
}

impl Client {
    /// The body of its account: `given` fields, and the client's for those that are omitted. The tenant is the parent's.
    pub fn account(&self, given: &Map<String, Value>, parent: &Customer, depth: u8) -> Result<Map<String, Value>> {
        let mut body = given.clone();
        let kind = body.entry("type").or_insert_with(|| json!("Business")).clone();
        if let Value::Object(own) = to_value(self)? {
            let mut inherited = vec!["name", "email", "phone", "website", "address"];
            if kind == "Business" {
                inherited.push("business");
            }
            for (name, value) in own {
                if inherited.contains(&name.as_str()) {
                    body.entry(name).or_insert(value);
                }
            }
        }
        let link = Parent {
            customer_key: parent.key,
            client_key: self.key,
            depth,
        };
        body.entry("products").or_insert_with(|| json!([]));
        body.insert("isTenantCustomer".into(), json!(false));
        body.insert("isDisabled".into(), json!(false));
        body.insert("bootstrapTenantKey".into(), json!(parent.bootstrap_tenant_key));
        body.insert("parent".into(), to_value(&link)?);
        Ok(body)
    }

    /// Disables it by hand, in this capacity, or enables it.
    pub fn disable_itself(&mut self, by: Option<DeactivatedBy>) {
        self.is_disabled_itself = by.is_some();
        self.disabled_by = by;
        self.is_disabled = self.is_disabled_itself || self.is_disabled_by_parent;
    }

    pub fn disable_by_parent(&mut self, disabled: bool) {
        self.is_disabled_by_parent = disabled;
        self.is_disabled = self.is_disabled_itself || self.is_disabled_by_parent;
    }
}

pub const DISABLED: Transition = Transition {
    event: "CUSTOMER_CLIENT_DISABLED",
    summary: "the client was disabled",
    happened: |before, after| before["isDisabled"] != true && after["isDisabled"] == true,
    sample: |client| (client.clone(), disabled(client)),
};

pub const ENABLED: Transition = Transition {
    event: "CUSTOMER_CLIENT_ENABLED",
    summary: "the client was enabled",
    happened: |before, after| before["isDisabled"] == true && after["isDisabled"] != true,
    sample: |client| (disabled(client.clone()), client),
};

/// An example of a client, disabled.
fn disabled(mut client: Value) -> Value {
    client["isDisabled"] = true.into();
    client["isDisabledItself"] = true.into();
    client["disabledBy"] = "Parent".into();
    client
}

pub type ClientKey = Key<Client>;

impl Kind for Client {
    const KIND: EntityKind = EntityKind {
        name: "Client",
        prefix: "cli",
    };
}

impl Entity for Client {
    const FIELDS: &'static [Field] = FIELDS;
    const NOUN: &'static str = "a client";
    const PLURAL: &'static str = "clients";
    const EVENTS: Lifecycle = crate::lifecycle!("CUSTOMER_CLIENT");
    const TRANSITIONS: &'static [Transition] = &[DISABLED, ENABLED];

    fn key(&self) -> ClientKey {
        self.key
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
