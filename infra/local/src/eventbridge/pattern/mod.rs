//! Event patterns: which events a rule or the filter of a mapping selects.
//!
//! Every operator that EventBridge documents is supported. No crate does that: `quamina` has neither `$or` nor `anything-but`
//! with prefixes, suffixes and wildcards, and is built for thousands of patterns while a template has dozens; `event-ruler`
//! is empty.
//!
//! As in EventBridge, all fields of a pattern must match. A field matches if one of its listed values does. An array in the
//! event matches if one of its elements does, and fields inside an array must match within one element.

mod operator;

use serde_json::{Map, Value};

use operator::{Test, parse_test};

#[derive(Clone, Debug)]
pub struct Pattern {
    /// One list for each `$or`: one of its patterns must match.
    any_of: Vec<Vec<Pattern>>,
    fields: Vec<(String, Field)>,
}

#[derive(Clone, Debug)]
enum Field {
    Inside(Pattern),
    OneOf(Vec<Test>),
}

impl Pattern {
    /// Parses a pattern. The error describes what is wrong with it.
    pub fn parse(pattern: &Value) -> Result<Pattern, String> {
        match pattern {
            Value::Object(fields) if !fields.is_empty() => Pattern::parse_object(fields),
            _ => Err("an event pattern must be a JSON object with at least one field".to_owned()),
        }
    }

    fn parse_object(object: &Map<String, Value>) -> Result<Pattern, String> {
        let mut any_of = Vec::new();
        let mut fields = Vec::new();
        for (name, value) in object {
            match value {
                Value::Array(alternatives) if name == "$or" && alternatives.len() > 1 => {
                    any_of.push(alternatives.iter().map(Pattern::parse).collect::<Result<_, _>>()?);
                }
                Value::Object(inner) if !inner.is_empty() => {
                    fields.push((name.clone(), Field::Inside(Pattern::parse_object(inner)?)));
                }
                Value::Array(tests) if !tests.is_empty() => {
                    let tests = tests
                        .iter()
                        .map(|test| parse_test(name, test))
                        .collect::<Result<_, _>>()?;
                    fields.push((name.clone(), Field::OneOf(tests)));
                }
                _ => {
                    return Err(format!("\"{name}\" must be a non-empty object or array"));
                }
            }
        }
        Ok(Pattern { any_of, fields })
    }

    pub fn matches(&self, event: &Value) -> bool {
        self.matches_in(Some(event))
    }

    /// `None` if the event has no such field; only `exists: false` matches that.
    fn matches_in(&self, event: Option<&Value>) -> bool {
        if let Some(Value::Array(elements)) = event {
            return elements.iter().any(|element| self.matches_in(Some(element)));
        }
        self.fields.iter().all(|(name, field)| {
            let value = event.and_then(|event| event.get(name));
            match field {
                Field::Inside(pattern) => pattern.matches_in(value),
                Field::OneOf(tests) => {
                    let mut leaves = Vec::new();
                    collect_leaves(value, &mut leaves);
                    tests.iter().any(|test| test.passes(&leaves))
                }
            }
        }) && self
            .any_of
            .iter()
            .all(|alternatives| alternatives.iter().any(|pattern| pattern.matches_in(event)))
    }
}

/// A field's value, or the values in its array.
fn collect_leaves<'a>(value: Option<&'a Value>, leaves: &mut Vec<&'a Value>) {
    match value {
        Some(Value::Array(elements)) => elements
            .iter()
            .for_each(|element| collect_leaves(Some(element), leaves)),
        Some(Value::Object(_)) | None => {}
        Some(leaf) => leaves.push(leaf),
    }
}

#[cfg(test)]
mod tests;
