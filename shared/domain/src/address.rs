//! A postal address.

use crate::{
    Object,
    country::COUNTRIES,
    fields::{Field, Rule},
};
use serde::{Deserialize, Serialize};

/// As a field of an entity.
pub const OBJECT: &Object = &Object::new("Address", FIELDS).filled();

pub const FIELDS: &[Field] = &[
    Field::new("line1", Rule::Text { min: 1, max: 200 }, "Street and number."),
    Field::new("line2", Rule::Text { min: 1, max: 200 }, "Floor, suite, care of."),
    Field::new("city", Rule::Text { min: 1, max: 100 }, "City or town."),
    Field::new("state", Rule::Text { min: 1, max: 100 }, "State, province or region."),
    Field::new("postalCode", Rule::Text { min: 1, max: 20 }, "Postal or ZIP code."),
    Field::new("country", Rule::OneOf(COUNTRIES), "The ISO 3166-1 alpha-2 code.").default(r#""US""#),
];

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    pub country: String,
}

impl Address {
    /// Whether it says where a headquarters is. The country is always there.
    pub fn is_complete(&self) -> bool {
        self.line1.is_some() && self.city.is_some()
    }
}
