//! Expressions of conditions, filters and updates: a text, and the values for its placeholders.

use crate::item::{n, to_item};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::Result;
use serde::Serialize;

#[derive(Clone, Debug, Default)]
pub struct Expression {
    pub text: String,
    pub values: Vec<(String, AttributeValue)>,
}

impl Expression {
    pub fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            values: Vec::new(),
        }
    }

    pub fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.push((name.to_owned(), value));
        self
    }

    pub fn exists() -> Self {
        Self::new("attribute_exists(pk)")
    }

    pub fn absent() -> Self {
        Self::new("attribute_not_exists(pk)")
    }

    pub fn version_is(version: u64) -> Self {
        Self::new("version = :version").with(":version", n(version))
    }

    /// True if each given field of the filter equals the item's.
    pub fn matches<F: Serialize>(filter: &F) -> Result<Self> {
        let mut given: Vec<_> = to_item(filter)?
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect();
        given.sort_by(|(one, _), (other, _)| one.cmp(other));
        let equal = |(field, value): (String, AttributeValue)| {
            Self::new(&format!("#{field} = :{field}")).with(&format!(":{field}"), value)
        };
        Ok(given.into_iter().map(equal).fold(Self::default(), Self::and))
    }

    pub fn and(mut self, other: Self) -> Self {
        if !self.is_empty() && !other.is_empty() {
            self.text.push_str(" AND ");
        }
        self.text.push_str(&other.text);
        self.values.extend(other.values);
        self
    }

    /// The attributes that stand in the text as `#field`, beside a value `:field`: some names of fields are reserved words.
    pub fn names(&self) -> impl Iterator<Item = (String, String)> {
        let fields = self.values.iter().map(|(name, _)| name.trim_start_matches(':'));
        let named = fields.map(|field| (format!("#{field}"), field.to_owned()));
        named.filter(|(placeholder, _)| self.text.contains(placeholder.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_filter_matches_the_fields_that_it_gives() {
        let filter = Expression::matches(&json!({"type": "Billing", "isActive": true, "locationKey": null})).unwrap();
        assert_eq!(filter.text, "#isActive = :isActive AND #type = :type");
        assert_eq!(filter.values.len(), 2);
        assert!(Expression::matches(&json!({"type": null})).unwrap().is_empty());
    }
}
