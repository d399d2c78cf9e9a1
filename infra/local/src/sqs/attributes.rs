//! Message attributes, as clients send them and in a Lambda event, and the digests that clients check.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::SqsError;

/// Sorted by name, as the digest requires.
pub type Attributes = BTreeMap<String, Attribute>;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    pub data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// In base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

impl Attribute {
    pub fn string(value: impl Into<String>) -> Attribute {
        Attribute {
            data_type: "String".to_owned(),
            string_value: Some(value.into()),
            binary_value: None,
        }
    }

    /// The value's bytes, and the digit that marks their type in the digest.
    fn bytes(&self) -> Option<(u8, Vec<u8>)> {
        match self.data_type.split('.').next() {
            Some("String" | "Number") => Some((1, self.string_value.clone()?.into_bytes())),
            Some("Binary") => Some((2, BASE64.decode(self.binary_value.as_ref()?).ok()?)),
            _ => None,
        }
    }
}

pub fn check(attributes: &Attributes) -> Result<(), SqsError> {
    if attributes.len() > 10 {
        return Err(SqsError::invalid("A message can have at most 10 attributes."));
    }
    for (name, attribute) in attributes {
        if attribute.bytes().is_none_or(|(_, bytes)| bytes.is_empty()) {
            return Err(SqsError::invalid(format!(
                "The message attribute '{name}' must have a DataType that begins with String, Number or Binary, and a \
                 non-empty value of that type."
            )));
        }
    }
    Ok(())
}

/// The bytes that count towards the size of the message.
pub fn size(attributes: &Attributes) -> usize {
    let one = |(name, attribute): (&String, &Attribute)| {
        name.len() + attribute.data_type.len() + attribute.bytes().map_or(0, |(_, bytes)| bytes.len())
    };
    attributes.iter().map(one).sum()
}

pub fn md5_of_body(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}

/// `None` if there are no attributes: SQS then omits the field.
pub fn md5_of(attributes: &Attributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut digested = Vec::new();
    let push_with_length = |digested: &mut Vec<u8>, bytes: &[u8]| {
        digested.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        digested.extend_from_slice(bytes);
    };
    for (name, attribute) in attributes {
        push_with_length(&mut digested, name.as_bytes());
        push_with_length(&mut digested, attribute.data_type.as_bytes());
        if let Some((kind, bytes)) = attribute.bytes() {
            digested.push(kind);
            push_with_length(&mut digested, &bytes);
        }
    }
    Some(format!("{:x}", md5::compute(digested)))
}

/// The attributes that `names` selects. `All`, `.*` and `prefix.*` select more than one.
pub fn selected(attributes: &Attributes, names: &[String]) -> Attributes {
    let wanted = |name: &str| {
        names.iter().any(|wanted| match wanted.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => wanted == "All" || wanted == name,
        })
    };
    attributes
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, one)| (name.clone(), one.clone()))
        .collect()
}

/// The `messageAttributes` of a record in a Lambda event.
pub fn in_lambda_event(attributes: &Attributes) -> Value {
    let one = |attribute: &Attribute| {
        json!({
            "stringValue": attribute.string_value,
            "binaryValue": attribute.binary_value,
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": attribute.data_type,
        })
    };
    attributes
        .iter()
        .map(|(name, attribute)| (name.clone(), one(attribute)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Attributes {
        Attributes::from([
            ("b".to_owned(), Attribute::string("text")),
            (
                "a".to_owned(),
                Attribute {
                    data_type: "Binary.gif".to_owned(),
                    string_value: None,
                    binary_value: Some(BASE64.encode([1, 2, 3])),
                },
            ),
        ])
    }

    #[test]
    fn names_select_by_name_prefix_or_all() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(selected(&two(), &names(&["All"])).len(), 2);
        assert_eq!(selected(&two(), &names(&[".*"])).len(), 2);
        assert_eq!(selected(&two(), &names(&["a.*"])).len(), 1);
        assert_eq!(selected(&two(), &names(&["b"])).len(), 1);
        assert!(selected(&two(), &[]).is_empty());
    }

    #[test]
    fn a_value_of_another_type_than_declared_is_refused() {
        let wrong = Attribute {
            data_type: "Binary".to_owned(),
            ..Attribute::string("text")
        };
        assert!(check(&Attributes::from([("a".to_owned(), wrong)])).is_err());
        assert!(check(&two()).is_ok());
    }
}
