//! Field tables: the fields of a JSON object, their rules, and who may set them, as data.
//!
//! Each entity has one table. Requests are checked against it, and every broken field is reported at once; the OpenAPI document and the
//! event schemas are generated from it; patches are refused for fields that it marks as fixed.

use crate::{EntityKind, FieldError, Object, Timestamp, Together, formats, key};
use serde_json::{Map, Value};

#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub rule: Rule,
    pub access: Access,
    pub required: bool,
    /// The value of an omitted field in a new entity. It is JSON text, so that tables can be constants.
    pub default: Option<&'static str>,
    /// Whether an answer shows it as `null` rather than omits it.
    pub nullable: bool,
    pub description: &'static str,
}

/// The callers that may set a field, and the moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    Editable,
    /// Set at creation, never changed.
    Fixed,
    /// Not given at creation, but changed later.
    Later,
    /// Platform staff only.
    Platform,
    /// Set by the service.
    ReadOnly,
}

#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// One line of text. Its length is counted in characters.
    Text {
        min: usize,
        max: usize,
    },
    /// Text that may have line breaks.
    Prose {
        max: usize,
    },
    /// Text that a function accepts. The regular expression is for documents and schemas.
    Form {
        regex: &'static str,
        fits: fn(&str) -> bool,
        message: &'static str,
    },
    Email,
    Website,
    /// An https URL on one of these hosts or a subdomain of one.
    PageOn(&'static [&'static str]),
    Flag,
    Whole {
        min: i64,
        max: i64,
    },
    OneOf(&'static [&'static str]),
    Key(EntityKind),
    Time,
    /// One of the two values. Only in answers.
    Always(bool),
    /// A day without a time. Only in answers.
    Date,
    List {
        of: &'static Rule,
        max: usize,
    },
    Object(&'static Object),
}

/// Both lists as one: constants hold no `Vec`. `N` is the sum of their lengths.
pub const fn concat<const N: usize>(first: &[Field], second: &[Field]) -> [Field; N] {
    let mut all = [first[0]; N];
    let mut index = 0;
    while index < N {
        all[index] = if index < first.len() {
            first[index]
        } else {
            second[index - first.len()]
        };
        index += 1;
    }
    all
}

impl Field {
    pub const fn new(name: &'static str, rule: Rule, description: &'static str) -> Self {
        Self {
            name,
            rule,
            access: Access::Editable,
            required: false,
            default: None,
            nullable: false,
            description,
        }
    }

    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub const fn default(mut self, json: &'static str) -> Self {
        self.default = Some(json);
        self
    }

    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    pub const fn fixed(mut self) -> Self {
        self.access = Access::Fixed;
        self
    }

    pub const fn later(mut self) -> Self {
        self.access = Access::Later;
        self
    }

    pub const fn platform(mut self) -> Self {
        self.access = Access::Platform;
        self
    }

    pub const fn read_only(mut self) -> Self {
        self.access = Access::ReadOnly;
        self
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A body that creates something: required fields must be given, omitted ones get their default, and `null` counts as omitted.
    Create,
    /// A merge patch: omitted fields stay as they are, `null` clears a field.
    Patch,
    /// A complete entity, with the fields that the service sets.
    Stored,
}

/// The result of a check: the value in its normal form, and every broken field.
#[derive(Debug, Default)]
pub struct Checked {
    pub value: Map<String, Value>,
    pub errors: Vec<FieldError>,
    /// Whether it sets a field that only platform staff may set.
    pub platform_only: bool,
}

pub fn check(fields: &[Field], body: Map<String, Value>, mode: Mode) -> Checked {
    check_all(fields, &[], body, mode)
}

/// Also checks the rules that span the fields of the body.
pub fn check_all(fields: &[Field], together: &[Together], body: Map<String, Value>, mode: Mode) -> Checked {
    let mut checked = Checked::default();
    let value = checked.object(fields, together, body, mode, "");
    checked.value = value;
    checked
}

/// Checks query parameters. First, the texts of flags and numbers are parsed.
pub fn check_query(fields: &[Field], query: impl IntoIterator<Item = (String, String)>) -> Checked {
    let mut body = Map::new();
    let mut repeated = Vec::new();
    for (name, text) in query {
        let rule = fields.iter().find(|f| f.name == name).map(|f| f.rule);
        let value = match (rule, text.as_str()) {
            (Some(Rule::Flag), "true") => Value::Bool(true),
            (Some(Rule::Flag), "false") => Value::Bool(false),
            (Some(Rule::Whole { .. }), digits) => match digits.parse::<i64>() {
                Ok(number) => Value::from(number),
                Err(_) => Value::String(text),
            },
            _ => Value::String(text),
        };
        if body.insert(name.clone(), value).is_some() {
            repeated.push(FieldError::new(name, "must be given only once"));
        }
    }
    let mut checked = check(fields, body, Mode::Create);
    checked.errors.extend(repeated);
    checked
}

impl Checked {
    fn fail(&mut self, path: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(path, message));
    }

    fn object(
        &mut self,
        fields: &[Field],
        together: &[Together],
        body: Map<String, Value>,
        mode: Mode,
        at: &str,
    ) -> Map<String, Value> {
        let mut given = body;
        let mut out = Map::new();
        for field in fields {
            let path = join(at, field.name);
            let value = given.shift_remove(field.name);
            if value.is_some() {
                match (field.access, mode) {
                    (_, Mode::Stored)
                    | (Access::Editable, _)
                    | (Access::Fixed, Mode::Create)
                    | (Access::Later, Mode::Patch) => {}
                    (Access::Platform, Mode::Create) if value == Some(Value::Null) => {}
                    (Access::Platform, _) => self.platform_only = true,
                    (Access::Later, Mode::Create) => {
                        self.fail(&path, "cannot be set at creation");
                        continue;
                    }
                    (Access::Fixed, Mode::Patch) => {
                        self.fail(&path, "is set at creation and cannot be changed");
                        continue;
                    }
                    (Access::ReadOnly, _) => {
                        self.fail(&path, "is set by the service and cannot be given");
                        continue;
                    }
                }
            }
            match (value, mode) {
                (Some(Value::Null), Mode::Patch) if field.required || field.default.is_some() => {
                    self.fail(&path, "cannot be cleared");
                }
                (Some(Value::Null), Mode::Patch) => {
                    out.insert(field.name.into(), Value::Null);
                }
                (None, Mode::Patch) => {}
                (Some(Value::Null), Mode::Stored) if field.nullable => {}
                (None | Some(Value::Null), _) => match field.default {
                    Some(json) => {
                        // A unit test parses all defaults.
                        let value = serde_json::from_str(json).unwrap_or(Value::Null);
                        out.insert(field.name.into(), value);
                    }
                    None if field.required && (mode == Mode::Stored || field.access != Access::ReadOnly) => {
                        self.fail(&path, "is required");
                    }
                    None => {}
                },
                (Some(value), _) => {
                    if let Some(value) = self.value(&field.rule, value, mode, &path) {
                        out.insert(field.name.into(), value);
                    }
                }
            }
        }
        for name in given.keys() {
            self.fail(&join(at, name), "is not a field of this object");
        }
        // The rest of a patch's object is not known here.
        if mode != Mode::Patch {
            self.together(together, &out, at);
        }
        out
    }

    /// Checks the rules that span fields. A rule is not checked if a field that it reads is invalid by itself.
    fn together(&mut self, rules: &[Together], object: &Map<String, Value>, at: &str) {
        for rule in rules {
            let has_failed = |name: &str| self.errors.iter().any(|error| is_within(&error.field, &join(at, name)));
            if rule.fields().into_iter().any(has_failed) {
                continue;
            }
            if let Some((field, message)) = rule.broken(object) {
                self.fail(&join(at, field), message);
            }
        }
    }

    /// Checks one value: its normal form, or nothing if it breaks a rule.
    fn value(&mut self, rule: &Rule, value: Value, mode: Mode, path: &str) -> Option<Value> {
        let verdict: Result<(), String> = match (rule, &value) {
            (Rule::Text { min, max }, Value::String(text)) => line_of(text, *min, *max),
            (Rule::Prose { max }, Value::String(text)) => prose(text, *max),
            (Rule::Form { fits, message, .. }, Value::String(text)) => ok_if(fits(text), message),
            (Rule::Email, Value::String(text)) => ok_if(
                formats::is_email(text),
                "must be an e-mail address, at most 254 characters",
            ),
            (Rule::Website, Value::String(text)) => ok_if(
                formats::is_website(text),
                "must be an http or https URL, at most 2,048 characters",
            ),
            (Rule::PageOn(hosts), Value::String(text)) => {
                if formats::is_page_on(text, hosts) {
                    Ok(())
                } else {
                    Err(format!("must be an https URL on {}", hosts.join(" or ")))
                }
            }
            (Rule::Flag, Value::Bool(_)) => Ok(()),
            (Rule::Always(always), Value::Bool(given)) => ok_if(always == given, "is not the value of this answer"),
            (Rule::Whole { min, max }, Value::Number(number)) => match number.as_i64() {
                Some(n) if (*min..=*max).contains(&n) => Ok(()),
                _ => Err(format!("must be a whole number from {min} to {max}")),
            },
            (Rule::OneOf(choices), Value::String(text)) => {
                if choices.contains(&text.as_str()) {
                    Ok(())
                } else if choices.len() > 30 {
                    Err("is not a valid code".into())
                } else {
                    Err(format!("must be one of {}", choices.join(", ")))
                }
            }
            (Rule::Key(kind), Value::String(text)) => ok_if(
                key::is_key(text, *kind),
                &format!("must be a key that starts with {}_", kind.prefix),
            ),
            (Rule::Time, Value::String(text)) => match Timestamp::parse(text) {
                // In UTC, as it will be shown: the same moment with another offset is not a change.
                Some(at) => return Some(Value::String(at.to_string())),
                None => Err("must be an RFC 3339 time, such as 2026-01-31T12:00:00Z".into()),
            },
            (Rule::Date, Value::String(text)) => ok_if(formats::is_date(text), "must be a day, such as 2026-01-31"),
            (Rule::List { of, max }, Value::Array(items)) => {
                return self.list(of, *max, items.clone(), mode, path);
            }
            (Rule::Object(object), Value::Object(_)) => {
                let Value::Object(body) = value else {
                    return None;
                };
                let together = match object.is_checked_later {
                    true => &[],
                    false => object.together,
                };
                return Some(Value::Object(self.object(object.fields, together, body, mode, path)));
            }
            (rule, _) => Err(format!("must be {}", rule.noun())),
        };
        match verdict {
            Ok(()) => Some(value),
            Err(message) => {
                self.fail(path, message);
                None
            }
        }
    }

    fn list(&mut self, of: &Rule, max: usize, items: Vec<Value>, mode: Mode, path: &str) -> Option<Value> {
        if items.len() > max {
            self.fail(path, format!("must have at most {max} items"));
            return None;
        }
        let mut out: Vec<Value> = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let at = format!("{path}[{index}]");
            if out.contains(&item) {
                self.fail(&at, "is a duplicate");
            } else if let Some(item) = self.value(of, item, mode, &at) {
                out.push(item);
            }
        }
        Some(Value::Array(out))
    }
}

impl Rule {
    fn noun(&self) -> &'static str {
        match self {
            Self::Flag | Self::Always(_) => "true or false",
            Self::Whole { .. } => "a whole number",
            Self::List { .. } => "a list",
            Self::Object(_) => "an object",
            _ => "text",
        }
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

fn is_within(inner: &str, outer: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn ok_if(fits: bool, message: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(message.to_owned()) }
}

fn line_of(text: &str, min: usize, max: usize) -> Result<(), String> {
    let length = text.chars().count();
    if length < min || length > max {
        return Err(format!("must have {min} to {max} characters"));
    }
    if min > 0 && text.trim().is_empty() {
        return Err("must not be blank".into());
    }
    ok_if(!text.chars().any(char::is_control), "must not have control characters")
}

fn prose(text: &str, max: usize) -> Result<(), String> {
    if text.chars().count() > max {
        return Err(format!("must have at most {max} characters"));
    }
    ok_if(
        !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')),
        "must not have control characters",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const INNER: &Object = &Object::new(
        "Place",
        &[
            Field::new("city", Rule::Text { min: 1, max: 5 }, ""),
            Field::new("country", Rule::OneOf(&["US", "DE"]), "").default(r#""US""#),
        ],
    );
    const FIELDS: &[Field] = &[
        Field::new("name", Rule::Text { min: 1, max: 5 }, "").required(),
        Field::new("kind", Rule::OneOf(&["A", "B"]), "").required().fixed(),
        Field::new("size", Rule::Whole { min: 1, max: 3 }, ""),
        Field::new("staff", Rule::Flag, "").platform(),
        Field::new("made", Rule::Flag, "").read_only(),
        Field::new("place", Rule::Object(INNER), ""),
        Field::new(
            "tags",
            Rule::List {
                of: &Rule::Text { min: 1, max: 3 },
                max: 2,
            },
            "",
        )
        .default("[]"),
    ];

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn broken(value: Value, mode: Mode) -> Vec<String> {
        let checked = check(FIELDS, object(value), mode);
        checked.errors.into_iter().map(|e| e.field).collect()
    }

    #[test]
    fn every_broken_field_is_named_at_once() {
        let body = json!({"kind":"C","size":9,"made":true,"place":{"city":"","zip":1},"tags":["a","a"],"more":1});
        assert_eq!(
            broken(body, Mode::Create),
            [
                "name",
                "kind",
                "size",
                "made",
                "place.city",
                "place.zip",
                "tags[1]",
                "more"
            ]
        );
    }

    #[test]
    fn defaults_fill_what_is_absent_or_null() {
        let checked = check(
            FIELDS,
            object(json!({"name":"n","kind":"A","size":null,"place":{"city":"x"}})),
            Mode::Create,
        );
        assert!(checked.errors.is_empty(), "{:?}", checked.errors);
        assert_eq!(
            Value::Object(checked.value),
            json!({"name":"n","kind":"A","place":{"city":"x","country":"US"},"tags":[]})
        );
    }

    #[test]
    fn a_patch_keeps_nulls_and_refuses_what_cannot_change() {
        assert_eq!(broken(json!({"kind":"A"}), Mode::Patch), ["kind"]);
        assert_eq!(broken(json!({"name":null,"tags":null}), Mode::Patch), ["name", "tags"]);
        let checked = check(FIELDS, object(json!({"size":null,"place":{"city":null}})), Mode::Patch);
        assert_eq!(Value::Object(checked.value), json!({"size":null,"place":{"city":null}}));
    }

    #[test]
    fn what_only_platform_staff_may_set_is_noticed() {
        assert!(check(FIELDS, object(json!({"staff":true})), Mode::Patch).platform_only);
        assert!(!check(FIELDS, object(json!({"size":1})), Mode::Patch).platform_only);
    }

    #[test]
    fn query_texts_become_what_they_stand_for() {
        let pairs = |list: &[(&str, &str)]| {
            list.iter()
                .map(|(k, v)| (k.to_string(), v.to_string()))
                .collect::<Vec<_>>()
        };
        let fields = &FIELDS[2..5];
        let good = check_query(&fields[..2], pairs(&[("size", "2"), ("staff", "true")]));
        assert_eq!(Value::Object(good.value), json!({"size":2,"staff":true}));
        let bad = check_query(&fields[..2], pairs(&[("size", "two"), ("staff", "yes"), ("x", "1")]));
        assert_eq!(bad.errors.len(), 3);
        let twice = check_query(&fields[..2], pairs(&[("size", "2"), ("size", "3")]));
        assert_eq!(twice.errors.len(), 1);
    }
}
