//! Tests of one field's value: plain values and operators, as parsed from a pattern.

use std::net::IpAddr;

use serde_json::{Number, Value};

#[derive(Clone, Debug)]
pub enum Test {
    Equals(Value),
    Text {
        comparison: TextComparison,
        with: String,
        ignore_case: bool,
    },
    Wildcard(Vec<String>),
    Numeric(Vec<(Comparison, f64)>),
    Cidr(IpAddr, u32),
    Exists(bool),
    NoneOf(Vec<Test>),
}

#[derive(Clone, Copy, Debug)]
pub enum TextComparison {
    Starts,
    Ends,
    Is,
}

#[derive(Clone, Copy, Debug)]
pub enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

pub fn parse_test(field: &str, test: &Value) -> Result<Test, String> {
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
        "prefix" => parse_text(TextComparison::Starts, argument).ok_or_else(|| wrong("a string")),
        "suffix" => parse_text(TextComparison::Ends, argument).ok_or_else(|| wrong("a string")),
        "equals-ignore-case" => {
            let with = argument.as_str().ok_or_else(|| wrong("a string"))?.to_owned();
            Ok(Test::Text {
                comparison: TextComparison::Is,
                with,
                ignore_case: true,
            })
        }
        "wildcard" => {
            let pieces = argument.as_str().and_then(parse_wildcard);
            pieces
                .map(Test::Wildcard)
                .ok_or_else(|| wrong("a string without **, and with \\ only in \\* and \\\\"))
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

/// A string, or `{"equals-ignore-case": "text"}`.
fn parse_text(comparison: TextComparison, argument: &Value) -> Option<Test> {
    let (with, ignore_case) = match argument {
        Value::String(with) => (with.as_str(), false),
        Value::Object(inner) if inner.len() == 1 => (inner.get("equals-ignore-case")?.as_str()?, true),
        _ => return None,
    };
    Some(Test::Text {
        comparison,
        with: with.to_owned(),
        ignore_case,
    })
}

/// The literal text between the stars.
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
        Value::Array(_) => Err(format!("\"{field}\": anything-but does not take an empty list")),
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
    pub fn passes(&self, leaves: &[&Value]) -> bool {
        match self {
            Test::Exists(wanted) => *wanted != leaves.is_empty(),
            test => leaves.iter().any(|leaf| test.passes_leaf(leaf)),
        }
    }

    fn passes_leaf(&self, leaf: &Value) -> bool {
        match (self, leaf) {
            (Test::Equals(value), leaf) => value == leaf,
            (Test::NoneOf(tests), leaf) => !tests.iter().any(|test| test.passes_leaf(leaf)),
            (
                Test::Text {
                    comparison,
                    with,
                    ignore_case,
                },
                Value::String(text),
            ) => match ignore_case {
                true => comparison.holds(&text.to_lowercase(), &with.to_lowercase()),
                false => comparison.holds(text, with),
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

impl TextComparison {
    fn holds(self, text: &str, with: &str) -> bool {
        match self {
            TextComparison::Starts => text.starts_with(with),
            TextComparison::Ends => text.ends_with(with),
            TextComparison::Is => text == with,
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

/// The first piece must be at the start and the last at the end. Between them, each of the others is matched as early as
/// possible.
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
