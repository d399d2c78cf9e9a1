//! Event patterns: which events a rule or a mapping's filter is for.
//!
//! Our own, because the crates at hand (`quamina`; `event-ruler` is empty) know neither `$or` nor the `anything-but` of
//! prefixes, suffixes and wildcards, and are made for thousands of patterns where a template has dozens. Every operator
//! that EventBridge documents is here.
//!
//! As there: all fields of a pattern must match, any value listed for a field will do, an array in the event matches when
//! any element does, and fields within one array element are matched together.

use std::net::IpAddr;

use serde_json::{Map, Number, Value};

#[derive(Clone, Debug)]
pub struct Pattern {
    /// Each with alternatives of its own (`$or`), of which one must match.
    any_of: Vec<Vec<Pattern>>,
    fields: Vec<(String, Field)>,
}

#[derive(Clone, Debug)]
enum Field {
    Inside(Pattern),
    OneOf(Vec<Test>),
}

#[derive(Clone, Debug)]
enum Test {
    Equals(Value),
    Text { how: Text, with: String, any_case: bool },
    Wildcard(Vec<String>),
    Numeric(Vec<(Comparison, f64)>),
    Cidr(IpAddr, u32),
    Exists(bool),
    NoneOf(Vec<Test>),
}

#[derive(Clone, Copy, Debug)]
enum Text {
    Starts,
    Ends,
    Is,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Pattern {
    /// Reads a pattern, or says what is wrong with it.
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
                    return Err(format!(
                        "\"{name}\" must be an object or an array, and not an empty one"
                    ));
                }
            }
        }
        Ok(Pattern { any_of, fields })
    }

    pub fn matches(&self, event: &Value) -> bool {
        self.matches_in(Some(event))
    }

    /// `None` where the event has no such field, which only `exists: false` can match.
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

/// A field's value, or those of its array.
fn collect_leaves<'a>(value: Option<&'a Value>, leaves: &mut Vec<&'a Value>) {
    match value {
        Some(Value::Array(elements)) => elements
            .iter()
            .for_each(|element| collect_leaves(Some(element), leaves)),
        Some(Value::Object(_)) | None => {}
        Some(leaf) => leaves.push(leaf),
    }
}

fn parse_test(field: &str, test: &Value) -> Result<Test, String> {
    match test {
        Value::Object(operator) => {
            let mut operators = operator.iter();
            match (operators.next(), operators.next()) {
                (Some((name, argument)), None) => parse_operator(field, name, argument),
                _ => Err(format!(
                    "\"{field}\" must have exactly one operator in each object of its array"
                )),
            }
        }
        Value::Array(_) => Err(format!("\"{field}\" has an array inside its array")),
        value => Ok(Test::Equals(value.clone())),
    }
}

fn parse_operator(field: &str, name: &str, argument: &Value) -> Result<Test, String> {
    let wrong = |expected: &str| format!("\"{field}\": {name} takes {expected}, not {argument}");
    match name {
        "prefix" => parse_text(Text::Starts, argument).ok_or_else(|| wrong("a string")),
        "suffix" => parse_text(Text::Ends, argument).ok_or_else(|| wrong("a string")),
        "equals-ignore-case" => {
            let with = argument.as_str().ok_or_else(|| wrong("a string"))?.to_owned();
            Ok(Test::Text {
                how: Text::Is,
                with,
                any_case: true,
            })
        }
        "wildcard" => {
            let pieces = argument.as_str().and_then(parse_wildcard);
            pieces
                .map(Test::Wildcard)
                .ok_or_else(|| wrong("a string without ** and with no \\ but in \\* and \\\\"))
        }
        "numeric" => parse_numeric(argument)
            .map(Test::Numeric)
            .ok_or_else(|| wrong("comparisons such as [\"=\", 5] or [\">\", 0, \"<=\", 10]")),
        "cidr" => parse_cidr(argument).ok_or_else(|| wrong("an IP range such as \"10.0.0.0/8\"")),
        "exists" => argument
            .as_bool()
            .map(Test::Exists)
            .ok_or_else(|| wrong("true or false")),
        "anything-but" => parse_anything_but(field, argument),
        _ => Err(format!("\"{field}\": unrecognized match type {name}")),
    }
}

/// A string, or a string whose case does not matter: `{"equals-ignore-case": "text"}`.
fn parse_text(how: Text, argument: &Value) -> Option<Test> {
    let (with, any_case) = match argument {
        Value::String(with) => (with.as_str(), false),
        Value::Object(inner) if inner.len() == 1 => (inner.get("equals-ignore-case")?.as_str()?, true),
        _ => return None,
    };
    Some(Test::Text {
        how,
        with: with.to_owned(),
        any_case,
    })
}

/// The literal pieces between the stars.
fn parse_wildcard(text: &str) -> Option<Vec<String>> {
    let mut pieces = vec![String::new()];
    let mut after_star = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            '*' if after_star => return None,
            '*' => {
                after_star = true;
                pieces.push(String::new());
                continue;
            }
            '\\' => characters.next().filter(|escaped| matches!(escaped, '*' | '\\'))?,
            other => other,
        };
        after_star = false;
        pieces.last_mut()?.push(literal);
    }
    Some(pieces)
}

fn parse_numeric(argument: &Value) -> Option<Vec<(Comparison, f64)>> {
    let parts = argument.as_array().filter(|parts| matches!(parts.len(), 2 | 4))?;
    parts
        .chunks(2)
        .map(|pair| {
            let comparison = match pair[0].as_str()? {
                "=" => Comparison::Equal,
                "<" => Comparison::Less,
                "<=" => Comparison::LessOrEqual,
                ">" => Comparison::Greater,
                ">=" => Comparison::GreaterOrEqual,
                _ => return None,
            };
            Some((comparison, pair[1].as_f64()?))
        })
        .collect()
}

fn parse_cidr(argument: &Value) -> Option<Test> {
    let (address, bits) = argument.as_str()?.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits = bits
        .parse()
        .ok()
        .filter(|bits| *bits <= if address.is_ipv4() { 32 } else { 128 })?;
    Some(Test::Cidr(address, bits))
}

fn parse_anything_but(field: &str, argument: &Value) -> Result<Test, String> {
    let each = |value: &Value, parse: &dyn Fn(&Value) -> Result<Test, String>| match value {
        Value::Array(values) if !values.is_empty() => values.iter().map(parse).collect(),
        Value::Array(_) => Err(format!("\"{field}\": anything-but takes no empty list")),
        value => Ok(vec![parse(value)?]),
    };
    let tests = match argument {
        Value::Object(operator) => match operator.iter().next() {
            Some((name, value))
                if operator.len() == 1
                    && ["prefix", "suffix", "equals-ignore-case", "wildcard"].contains(&name.as_str()) =>
            {
                each(value, &|value| parse_operator(field, name, value))
            }
            _ => Err(format!(
                "\"{field}\": anything-but takes values, or one of prefix, suffix, equals-ignore-case and wildcard"
            )),
        },
        values => each(values, &|value| match value {
            Value::Object(_) | Value::Array(_) => {
                Err(format!("\"{field}\": anything-but takes a list of plain values"))
            }
            value => Ok(Test::Equals(value.clone())),
        }),
    };
    Ok(Test::NoneOf(tests?))
}

impl Test {
    fn passes(&self, leaves: &[&Value]) -> bool {
        match self {
            Test::Exists(wanted) => *wanted != leaves.is_empty(),
            test => leaves.iter().any(|leaf| test.passes_leaf(leaf)),
        }
    }

    fn passes_leaf(&self, leaf: &Value) -> bool {
        match (self, leaf) {
            (Test::Equals(value), leaf) => value == leaf,
            (Test::NoneOf(tests), leaf) => !tests.iter().any(|test| test.passes_leaf(leaf)),
            (Test::Text { how, with, any_case }, Value::String(text)) => match any_case {
                true => how.holds(&text.to_lowercase(), &with.to_lowercase()),
                false => how.holds(text, with),
            },
            (Test::Wildcard(pieces), Value::String(text)) => wildcard_matches(pieces, text),
            (Test::Numeric(comparisons), Value::Number(number)) => comparisons
                .iter()
                .all(|(comparison, limit)| comparison.holds(number, *limit)),
            (Test::Cidr(network, bits), Value::String(text)) => {
                text.parse().is_ok_and(|address| in_network(address, *network, *bits))
            }
            _ => false,
        }
    }
}

impl Text {
    fn holds(self, text: &str, with: &str) -> bool {
        match self {
            Text::Starts => text.starts_with(with),
            Text::Ends => text.ends_with(with),
            Text::Is => text == with,
        }
    }
}

impl Comparison {
    fn holds(self, number: &Number, limit: f64) -> bool {
        number.as_f64().is_some_and(|number| match self {
            Comparison::Equal => number == limit,
            Comparison::Less => number < limit,
            Comparison::LessOrEqual => number <= limit,
            Comparison::Greater => number > limit,
            Comparison::GreaterOrEqual => number >= limit,
        })
    }
}

/// The first piece at the start, the last at the end, the others in between as early as they come.
fn wildcard_matches(pieces: &[String], text: &str) -> bool {
    let [first, between @ .., last] = pieces else {
        return pieces.first().is_some_and(|whole| whole == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for piece in between {
        match rest.split_once(piece.as_str()) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

fn in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let outside = 32 - bits;
            address.to_bits().checked_shr(outside) == network.to_bits().checked_shr(outside)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let outside = 128 - bits;
            address.to_bits().checked_shr(outside) == network.to_bits().checked_shr(outside)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(pattern: Value, event: Value) -> bool {
        Pattern::parse(&pattern)
            .unwrap_or_else(|error| panic!("{pattern}: {error}"))
            .matches(&event)
    }

    /// Of `values` for the field `a`, those that match the pattern.
    fn of(test: Value, values: Value) -> Value {
        let values = values.as_array().cloned().unwrap();
        values
            .into_iter()
            .filter(|value| matches(json!({ "a": [test.clone()] }), json!({ "a": value })))
            .collect()
    }

    #[test]
    fn all_fields_must_match_and_any_listed_value_will_do() {
        let pattern = json!({ "source": ["shop"], "detail": { "state": ["new", "paid"] } });
        assert!(matches(
            pattern.clone(),
            json!({ "source": "shop", "detail": { "state": "paid" }, "x": 1 })
        ));
        assert!(!matches(
            pattern.clone(),
            json!({ "source": "shop", "detail": { "state": "sent" } })
        ));
        assert!(!matches(pattern.clone(), json!({ "source": "shop" })));
        assert!(!matches(pattern, json!({ "detail": { "state": "new" } })));
    }

    #[test]
    fn plain_values_match_by_type_too() {
        assert_eq!(of(json!(5), json!([5, "5", 6, null])), json!([5]));
        assert_eq!(of(json!("5"), json!([5, "5"])), json!(["5"]));
        assert_eq!(of(json!(null), json!([null, "", 0])), json!([null]));
        assert_eq!(of(json!(true), json!([true, false, "true"])), json!([true]));
        assert_eq!(of(json!(""), json!(["", "x"])), json!([""]));
    }

    #[test]
    fn an_array_matches_when_any_element_does() {
        assert!(matches(json!({ "a": ["x"] }), json!({ "a": ["y", "x"] })));
        assert!(!matches(json!({ "a": ["x"] }), json!({ "a": ["y", "z"] })));
        assert!(!matches(json!({ "a": ["x"] }), json!({ "a": [] })));
    }

    #[test]
    fn fields_of_one_array_element_match_together() {
        let pattern = json!({ "items": { "kind": ["book"], "price": [{ "numeric": [">", 10] }] } });
        assert!(matches(
            pattern.clone(),
            json!({ "items": [{ "kind": "pen", "price": 1 }, { "kind": "book", "price": 11 }] })
        ));
        assert!(!matches(
            pattern,
            json!({ "items": [{ "kind": "pen", "price": 11 }, { "kind": "book", "price": 1 }] })
        ));
    }

    #[test]
    fn prefix_and_suffix() {
        assert_eq!(
            of(json!({ "prefix": "eu-" }), json!(["eu-west-1", "us-east-1", "EU-x", 3])),
            json!(["eu-west-1"])
        );
        assert_eq!(
            of(json!({ "suffix": ".png" }), json!(["a.png", "a.jpg", "A.PNG"])),
            json!(["a.png"])
        );
        assert_eq!(
            of(
                json!({ "prefix": { "equals-ignore-case": "eu-" } }),
                json!(["EU-x", "us"])
            ),
            json!(["EU-x"])
        );
        assert_eq!(
            of(
                json!({ "suffix": { "equals-ignore-case": ".png" } }),
                json!(["A.PNG", "a.jpg"])
            ),
            json!(["A.PNG"])
        );
    }

    #[test]
    fn equals_ignore_case() {
        assert_eq!(
            of(
                json!({ "equals-ignore-case": "Alice" }),
                json!(["ALICE", "alice", "alic"])
            ),
            json!(["ALICE", "alice"])
        );
    }

    #[test]
    fn wildcard() {
        assert_eq!(
            of(json!({ "wildcard": "a*c" }), json!(["ac", "abc", "abcd", "xac"])),
            json!(["ac", "abc"])
        );
        assert_eq!(
            of(json!({ "wildcard": "*b*" }), json!(["b", "abc", "ac"])),
            json!(["b", "abc"])
        );
        assert_eq!(
            of(json!({ "wildcard": "aba*aba" }), json!(["aba", "abaaba", "abaXaba"])),
            json!(["abaaba", "abaXaba"])
        );
        assert_eq!(
            of(json!({ "wildcard": "a\\*c" }), json!(["a*c", "abc"])),
            json!(["a*c"])
        );
        assert_eq!(of(json!({ "wildcard": "abc" }), json!(["abc", "abcd"])), json!(["abc"]));
    }

    #[test]
    fn numeric() {
        assert_eq!(
            of(json!({ "numeric": ["=", 5] }), json!([5, 5.0, "5", 6])),
            json!([5, 5.0])
        );
        assert_eq!(
            of(json!({ "numeric": [">", 0, "<=", 10] }), json!([0, 0.5, 10, 11])),
            json!([0.5, 10])
        );
        assert_eq!(of(json!({ "numeric": ["<", 0] }), json!([-1, 0])), json!([-1]));
    }

    #[test]
    fn exists() {
        assert!(matches(
            json!({ "a": { "b": [{ "exists": true }] } }),
            json!({ "a": { "b": null } })
        ));
        assert!(!matches(
            json!({ "a": { "b": [{ "exists": true }] } }),
            json!({ "a": { "c": 1 } })
        ));
        assert!(matches(
            json!({ "a": { "b": [{ "exists": false }] } }),
            json!({ "x": 1 })
        ));
        assert!(!matches(
            json!({ "a": { "b": [{ "exists": false }] } }),
            json!({ "a": { "b": 1 } })
        ));
        // Of leaves only, as AWS says.
        assert!(!matches(
            json!({ "a": [{ "exists": true }] }),
            json!({ "a": { "b": 1 } })
        ));
    }

    #[test]
    fn anything_but() {
        assert_eq!(
            of(json!({ "anything-but": "x" }), json!(["x", "y", 1])),
            json!(["y", 1])
        );
        assert_eq!(
            of(json!({ "anything-but": ["x", 1] }), json!(["x", "y", 1, 2])),
            json!(["y", 2])
        );
        assert_eq!(
            of(json!({ "anything-but": { "prefix": "x" } }), json!(["xa", "ax"])),
            json!(["ax"])
        );
        assert_eq!(
            of(
                json!({ "anything-but": { "suffix": ["x", "y"] } }),
                json!(["ax", "ay", "az"])
            ),
            json!(["az"])
        );
        assert_eq!(
            of(
                json!({ "anything-but": { "wildcard": "*/lib/*" } }),
                json!(["a/lib/b", "a/b"])
            ),
            json!(["a/b"])
        );
        assert_eq!(
            of(
                json!({ "anything-but": { "equals-ignore-case": ["X"] } }),
                json!(["x", "y"])
            ),
            json!(["y"])
        );
        assert!(!matches(json!({ "a": [{ "anything-but": "x" }] }), json!({ "b": 1 })));
    }

    #[test]
    fn cidr() {
        assert_eq!(
            of(
                json!({ "cidr": "10.0.0.0/24" }),
                json!(["10.0.0.7", "10.0.1.7", "::1", "x"])
            ),
            json!(["10.0.0.7"])
        );
        assert_eq!(
            of(json!({ "cidr": "0.0.0.0/0" }), json!(["10.0.0.7"])),
            json!(["10.0.0.7"])
        );
        assert_eq!(
            of(
                json!({ "cidr": "2001:db8::/32" }),
                json!(["2001:db8::1", "2001:db9::1"])
            ),
            json!(["2001:db8::1"])
        );
    }

    #[test]
    fn or_takes_any_of_its_patterns_beside_the_other_fields() {
        let pattern = json!({ "source": ["shop"], "$or": [{ "a": [1] }, { "b": { "c": [{ "prefix": "x" }] } }] });
        assert!(matches(pattern.clone(), json!({ "source": "shop", "a": 1 })));
        assert!(matches(
            pattern.clone(),
            json!({ "source": "shop", "b": { "c": "xy" } })
        ));
        assert!(!matches(pattern.clone(), json!({ "source": "shop", "a": 2 })));
        assert!(!matches(pattern, json!({ "source": "other", "a": 1 })));
    }

    #[test]
    fn what_is_wrong_with_a_pattern_is_told() {
        for wrong in [
            json!([]),
            json!({}),
            json!({ "a": "x" }),
            json!({ "a": [] }),
            json!({ "a": [["x"]] }),
            json!({ "a": [{ "perfix": "x" }] }),
            json!({ "a": [{ "prefix": 1 }] }),
            json!({ "a": [{ "prefix": "x", "suffix": "y" }] }),
            json!({ "a": [{ "wildcard": "a**b" }] }),
            json!({ "a": [{ "wildcard": "a\\b" }] }),
            json!({ "a": [{ "numeric": [">"] }] }),
            json!({ "a": [{ "exists": "true" }] }),
            json!({ "a": [{ "cidr": "10.0.0.0/33" }] }),
            json!({ "a": [{ "anything-but": [] }] }),
            json!({ "a": [{ "anything-but": { "numeric": ["=", 1] } }] }),
        ] {
            assert!(Pattern::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
