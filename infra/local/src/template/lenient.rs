//! Reading properties: errors name the property, and numbers and booleans may be text, because the values of parameters are
//! text.

use anyhow::{Result, anyhow};
use serde::de::{DeserializeOwned, Error, Unexpected};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads a resource's properties. An error names the invalid property.
pub fn properties<T: DeserializeOwned>(value: &Value) -> Result<T> {
    serde_path_to_error::deserialize(value.clone()).map_err(|error| {
        let path = error.path().to_string();
        let problem = error.into_inner();
        if path == "." {
            anyhow!("{problem}")
        } else {
            anyhow!("{path}: {problem}")
        }
    })
}

/// A whole number, which may be text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub i64);

impl Number {
    /// The number as a limit. `None` for a negative number: CloudFormation writes "no limit" as -1.
    pub fn limit(self) -> Option<u32> {
        u32::try_from(self.0).ok()
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .map(Number)
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Other(&value.to_string()), &"a whole number"))
    }
}

/// A boolean, which may be text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match &value {
            Value::Bool(flag) => Ok(Flag(*flag)),
            Value::String(text) if text == "true" => Ok(Flag(true)),
            Value::String(text) if text == "false" => Ok(Flag(false)),
            _ => Err(D::Error::invalid_value(
                Unexpected::Other(&value.to_string()),
                &"true or false",
            )),
        }
    }
}

/// The number, if it is in the range. `default` if there is none.
pub fn within(
    property: &str,
    number: Option<Number>,
    default: u32,
    range: std::ops::RangeInclusive<u32>,
) -> Result<u32> {
    match number {
        None => Ok(default),
        Some(Number(given)) => match u32::try_from(given) {
            Ok(fits) if range.contains(&fits) => Ok(fits),
            _ => Err(anyhow!(
                "{property}: {given} is not between {} and {}",
                range.start(),
                range.end()
            )),
        },
    }
}
