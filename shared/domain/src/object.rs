//! Named objects: bodies, and the values of fields. An object has fields, and rules that span them.

use crate::fields::{Field, Rule};
use serde_json::{Map, Value};
use std::fmt;

#[derive(Clone, Copy)]
pub struct Object {
    /// The name of its schema.
    pub name: &'static str,
    pub fields: &'static [Field],
    pub together: &'static [Together],
    /// Whether other code checks `together`, at once with a rule that needs more than the body.
    pub is_checked_later: bool,
    /// Whether at least one field is given.
    pub is_filled: bool,
}

/// Objects may contain each other, so only the name is written.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Object {
    pub const fn new(name: &'static str, fields: &'static [Field]) -> Self {
        Self {
            name,
            fields,
            together: &[],
            is_checked_later: false,
            is_filled: false,
        }
    }

    pub const fn checked_later(mut self) -> Self {
        self.is_checked_later = true;
        self
    }

    pub const fn filled(mut self) -> Self {
        self.is_filled = true;
        self
    }

    pub const fn together(mut self, rules: &'static [Together]) -> Self {
        self.together = rules;
        self
    }
}

/// A rule that spans fields of an object. Complete objects are checked against it; for a patch, the patched entity is.
#[derive(Clone, Copy, Debug)]
pub enum Together {
    /// At least one of two fields is given.
    Either(&'static str, &'static str),
    /// Two fields are not given at once.
    NotBoth(&'static str, &'static str),
    /// If `field` has this value (JSON text), `needed` is given and not empty. It may be nested: `address.city`.
    Needs {
        field: &'static str,
        value: &'static str,
        needed: &'static str,
    },
    /// If `field` has this value (JSON text), `excluded` is not given.
    Excludes {
        field: &'static str,
        value: &'static str,
        excluded: &'static str,
    },
    /// The code in `field` needs the code in `prefix`, and starts with it.
    Within { field: &'static str, prefix: &'static str },
}

impl Together {
    /// The broken field and the rule that it breaks, if the object breaks this rule.
    pub fn broken(&self, object: &Map<String, Value>) -> Option<(&'static str, String)> {
        let given = |path: &str| {
            let mut names = path.split('.');
            let outer = object.get(names.next()?);
            names
                .fold(outer, |value, name| value?.get(name))
                .filter(|value| !value.is_null())
        };
        let is = |name: &str, value: &str| given(name).is_some_and(|given| *given == json_of(value));
        match *self {
            Self::Either(one, other) if given(one).is_none() && given(other).is_none() => {
                Some((one, format!("is required if there is no {other}")))
            }
            Self::NotBoth(one, other) if given(one).is_some() && given(other).is_some() => {
                Some((other, format!("cannot be combined with {one}")))
            }
            Self::Needs { field, value, needed } if is(field, value) && given(needed).is_none_or(is_empty) => {
                Some((needed, format!("is required if {field} is {}", plain(value))))
            }
            Self::Excludes { field, value, excluded } if is(field, value) && given(excluded).is_some() => {
                Some((excluded, format!("cannot be given if {field} is {}", plain(value))))
            }
            Self::Within { field, prefix } => {
                let code = given(field)?.as_str()?;
                match given(prefix).and_then(Value::as_str) {
                    None => Some((prefix, format!("is required with {field}"))),
                    Some(start) if code.starts_with(start) => None,
                    Some(start) => Some((field, format!("must be in the {prefix} {start}"))),
                }
            }
            _ => None,
        }
    }

    /// The fields that it reads.
    pub fn fields(&self) -> [&'static str; 2] {
        match *self {
            Self::Either(one, other) | Self::NotBoth(one, other) => [one, other],
            Self::Needs {
                field, needed: other, ..
            }
            | Self::Excludes {
                field, excluded: other, ..
            }
            | Self::Within { field, prefix: other } => [field, other],
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// A unit test of the schemas parses all of these texts.
pub(crate) fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn plain(json: &str) -> &str {
    json.trim_matches('"')
}

/// The field with this name.
pub(crate) fn named<'f>(fields: &'f [Field], name: &str) -> Option<&'f Field> {
    fields.iter().find(|field| field.name == name)
}

/// The choices of a field.
pub(crate) fn choices(field: &Field) -> Vec<Value> {
    match field.rule {
        Rule::OneOf(choices) => choices.iter().map(|choice| Value::from(*choice)).collect(),
        Rule::Flag => vec![Value::Bool(false), Value::Bool(true)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn broken(rule: Together, object: Value) -> Option<&'static str> {
        rule.broken(object.as_object().unwrap()).map(|(field, _)| field)
    }

    #[test]
    fn null_is_as_good_as_absent() {
        let either = Together::Either("a", "b");
        assert_eq!(broken(either, json!({"a": null})), Some("a"));
        assert_eq!(broken(either, json!({"a": null, "b": "x"})), None);
        let not_both = Together::NotBoth("a", "b");
        assert_eq!(broken(not_both, json!({"a": null, "b": 1})), None);
        assert_eq!(broken(not_both, json!({"a": 1, "b": 1})), Some("b"));
    }

    #[test]
    fn a_value_decides_about_another_field() {
        let needs = Together::Needs {
            field: "kind",
            value: "\"X\"",
            needed: "list",
        };
        assert_eq!(broken(needs, json!({"kind": "X", "list": []})), Some("list"));
        assert_eq!(broken(needs, json!({"kind": "X", "list": [1]})), None);
        assert_eq!(broken(needs, json!({"kind": "Y"})), None);
        let nested = Together::Needs {
            field: "flag",
            value: "true",
            needed: "place.city",
        };
        assert_eq!(broken(nested, json!({"flag": true})), Some("place.city"));
        assert_eq!(
            broken(nested, json!({"flag": true, "place": {"city": null}})),
            Some("place.city")
        );
        assert_eq!(broken(nested, json!({"flag": true, "place": {"city": "x"}})), None);
        let excludes = Together::Excludes {
            field: "flag",
            value: "false",
            excluded: "b",
        };
        assert_eq!(broken(excludes, json!({"flag": false, "b": 1})), Some("b"));
        assert_eq!(broken(excludes, json!({"flag": true, "b": 1})), None);
    }

    #[test]
    fn a_code_lies_within_another() {
        let within = Together::Within {
            field: "group",
            prefix: "sector",
        };
        assert_eq!(broken(within, json!({"group": "4510"})), Some("sector"));
        assert_eq!(broken(within, json!({"group": "4510", "sector": "40"})), Some("group"));
        assert_eq!(broken(within, json!({"group": "4510", "sector": "45"})), None);
    }
}
