//! A location of a customer or client.

use crate::{
    Actor, Entity, EntityKind, Key, Kind, Meta, Part, Result, Timestamp, Together, address,
    address::Address,
    customer::{Customer, CustomerType, PHONE},
    fields::{Field, Rule},
    lifecycle::Lifecycle,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(Location::KIND), "").read_only().required(),
    Field::new("name", Rule::Text { min: 1, max: 200 }, "Display name.").required(),
    Field::new(
        "secondaryName",
        Rule::Text { min: 1, max: 200 },
        "An additional name, such as that of a wing.",
    ),
    Field::new(
        "internalCode",
        Rule::Text { min: 1, max: 100 },
        "The location's code in another system. Unique, ignoring case, among the locations of the customer or client.",
    ),
    Field::new(
        "address",
        Rule::Object(address::OBJECT),
        "Postal address. A headquarters needs `line1` and `city`.",
    )
    .required(),
    Field::new(
        "isHeadquarters",
        Rule::Flag,
        "At most one location of a customer or client is its headquarters: setting this clears it on the other.",
    )
    .default("false"),
    Field::new(
        "isActive",
        Rule::Flag,
        "Whether it is in use. Lists can be narrowed by it.",
    )
    .default("true"),
    Field::new("website", Rule::Website, "An http or https URL."),
    Field::new("phone", PHONE, "Phone number in E.164 form."),
    Field::new("email", Rule::Email, "E-mail address."),
    Field::new("notes", Rule::Prose { max: 2000 }, "Free text."),
];

/// The rules that span fields.
pub const TOGETHER: &[Together] = &[
    Together::Needs {
        field: "isHeadquarters",
        value: "true",
        needed: "address.line1",
    },
    Together::Needs {
        field: "isHeadquarters",
        value: "true",
        needed: "address.city",
    },
];

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    pub key: LocationKey,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_code: Option<String>,
    pub address: Address,
    pub is_headquarters: bool,
    pub is_active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    #[serde(flatten)]
    pub meta: Meta,
}

impl Location {
    /// The location that a customer gets from its address, if it is a business whose address has the fields of a headquarters. Its key is derived from the customer's, so
    /// that repeats create one location.
    pub fn first_of(customer: &Customer, is_headquarters: bool, now: Timestamp, by: &Actor) -> Result<Option<Self>> {
        let (CustomerType::Business, Some(address)) = (customer.r#type, &customer.address) else {
            return Ok(None);
        };
        if !address.is_complete() {
            return Ok(None);
        }
        let key = LocationKey::derived(customer.meta.created_at, &customer.key.to_string());
        let body = Map::from_iter([
            ("name".into(), json!(customer.name)),
            ("address".into(), json!(address)),
            ("isHeadquarters".into(), json!(is_headquarters)),
            ("isActive".into(), json!(true)),
        ]);
        Self::new(key, body, now, by).map(Some)
    }
}

/// The filters of a list of locations.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationFilter {
    pub is_active: Option<bool>,
    pub internal_code: Option<String>,
}

pub type LocationKey = Key<Location>;

impl Kind for Location {
    const KIND: EntityKind = EntityKind {
        name: "Location",
        prefix: "loc",
    };
}

impl Entity for Location {
    const FIELDS: &'static [Field] = FIELDS;
    const NOUN: &'static str = "a location";
    const PLURAL: &'static str = "locations";
    const TOGETHER: &'static [Together] = TOGETHER;
    const EVENTS: Lifecycle = crate::lifecycle!("CUSTOMER_LOCATION");

    fn key(&self) -> LocationKey {
        self.key
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}

impl Part for Location {
    type Filter = LocationFilter;
    const UNIQUE: Option<&str> = Some("internalCode");
    const HAS_HEADQUARTERS: bool = true;

    fn unique(&self) -> Option<&str> {
        self.internal_code.as_deref()
    }

    fn is_headquarters(&self) -> bool {
        self.is_headquarters
    }
}
