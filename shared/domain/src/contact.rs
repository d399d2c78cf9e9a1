//! A contact person of a customer or client.

use crate::{
    Entity, EntityKind, Key, Kind, LocationKey, Meta, Part, Together,
    customer::PHONE,
    fields::{Field, Rule},
    formats,
    lifecycle::Lifecycle,
    location::Location,
};
use serde::{Deserialize, Serialize};

const TYPE: Rule = Rule::Form {
    regex: "^[A-Za-z][A-Za-z0-9 -]{0,49}$",
    fits: formats::is_contact_type,
    message: "must be 1 to 50 letters, digits, spaces and hyphens, starting with a letter, such as AccountOwner, Billing or Technical",
};

pub const FIELDS: &[Field] = &[
    Field::new("key", Rule::Key(Contact::KIND), "").read_only().required(),
    Field::new(
        "type",
        TYPE,
        "AccountOwner, Billing, Technical, or another type of your choice.",
    )
    .required(),
    Field::new("firstName", Rule::Text { min: 1, max: 100 }, "First name.").required(),
    Field::new("lastName", Rule::Text { min: 1, max: 100 }, "Last name.").required(),
    Field::new(
        "title",
        Rule::Text { min: 1, max: 200 },
        "Position, such as Head of Purchasing.",
    ),
    Field::new("email", Rule::Email, "E-mail address. Required if there is no phone."),
    Field::new(
        "phone",
        PHONE,
        "Phone number in E.164 form. Required if there is no e-mail address.",
    ),
    Field::new(
        "locationKey",
        Rule::Key(Location::KIND),
        "Where they work: a location of the same customer or client. Deleting the location clears it.",
    ),
    Field::new(
        "isActive",
        Rule::Flag,
        "Whether it is in use. Lists can be narrowed by it.",
    )
    .default("true"),
    Field::new("notes", Rule::Prose { max: 2000 }, "Free text."),
];

/// The rules that span fields.
pub const TOGETHER: &[Together] = &[Together::Either("email", "phone")];

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    pub key: ContactKey,
    pub r#type: String,
    pub first_name: String,
    pub last_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_key: Option<LocationKey>,
    pub is_active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    #[serde(flatten)]
    pub meta: Meta,
}

/// The filters of a list of contacts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactFilter {
    pub is_active: Option<bool>,
    pub r#type: Option<String>,
    pub location_key: Option<LocationKey>,
}

pub type ContactKey = Key<Contact>;

impl Kind for Contact {
    const KIND: EntityKind = EntityKind {
        name: "Contact",
        prefix: "con",
    };
}

impl Entity for Contact {
    const FIELDS: &'static [Field] = FIELDS;
    const NOUN: &'static str = "a contact";
    const PLURAL: &'static str = "contacts";
    const TOGETHER: &'static [Together] = TOGETHER;
    const EVENTS: Lifecycle = crate::lifecycle!("CUSTOMER_CONTACT");

    fn key(&self) -> ContactKey {
        self.key
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}

impl Part for Contact {
    type Filter = ContactFilter;

    fn location(&self) -> Option<LocationKey> {
        self.location_key
    }
}
