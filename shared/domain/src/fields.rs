//! The rules of a JSON object, as a value: which fields there are, what each may hold, who may set it.
//!
//! One table an entity serves everything that must agree: requests are checked against it (every broken field at once), the OpenAPI and
//! event schemas are written from it, and a patch knows from it what can't be changed.

use crate::{EntityKind, FieldError, Timestamp, formats, key};
use serde_json::{Map, Value};

#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub rule: Rule,
    pub access: Access,
    pub required: bool,
    /// What an absent field becomes when the thing is made. As JSON text, so that a table can be a constant.
    pub default: Option<&'static str>,
    pub about: &'static str,
}

/// Who may give a field, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    Editable,
    /// Given when the thing is made, never changed.
    Fixed,
    /// Platform staff only.
    Platform,
    /// Set by the service.
    ReadOnly,
}

#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// One line of text, its length in characters.
    Text {
        min: usize,
        max: usize,
    },
    /// Text that may have line breaks.
    Prose {
        max: usize,
    },
    /// Text of one form. The expression is for readers and schemas; the function decides.
    Form {
        regex: &'static str,
        fits: fn(&str) -> bool,
        says: &'static str,
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
    List {
        of: &'static Rule,
        max: usize,
    },
    Object(&'static [Field]),
    /// Any JSON. For what is only shown, never taken.
    Anything,
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
    pub const fn new(name: &'static str, rule: Rule, about: &'static str) -> Self {
        Self {
            name,
            rule,
            access: Access::Editable,
            required: false,
            default: None,
            about,
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

    pub const fn fixed(mut self) -> Self {
        self.access = Access::Fixed;
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
    /// A body that makes something: required fields must be there, absent ones get their default, `null` is as good as absent.
    Create,
    /// A merge patch: what is absent stays, `null` clears.
    Patch,
    /// The thing as it would be stored after a patch: complete, the service's own fields included.
    Stored,
}

/// What came of a check: the value in its normal form, and all that is wrong with it.
#[derive(Debug, Default)]
pub struct Checked {
    pub value: Map<String, Value>,
    pub errors: Vec<FieldError>,
    /// Whether it sets something that only platform staff may set.
    pub platform_only: bool,
}

pub fn check(fields: &[Field], body: Map<String, Value>, mode: Mode) -> Checked {
    let mut checked = Checked::default();
    let value = checked.object(fields, body, mode, "");
    checked.value = value;
    checked
}

/// Query parameters are fields too: text that stands for a flag or a number becomes one first.
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
            repeated.push(FieldError::new(name, "must be given once"));
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

    fn object(&mut self, fields: &[Field], body: Map<String, Value>, mode: Mode, at: &str) -> Map<String, Value> {
        let mut given = body;
        let mut out = Map::new();
        for field in fields {
            let path = join(at, field.name);
            let value = given.shift_remove(field.name);
            if value.is_some() {
                match (field.access, mode) {
                    (_, Mode::Stored) | (Access::Editable, _) | (Access::Fixed, Mode::Create) => {}
                    (Access::Platform, _) => self.platform_only = true,
                    (Access::Fixed, Mode::Patch) => {
                        self.fail(&path, "is given at creation and can't be changed");
                        continue;
                    }
                    (Access::ReadOnly, _) => {
                        self.fail(&path, "is set by the service and can't be given");
                        continue;
                    }
                }
            }
            match (value, mode) {
                (Some(Value::Null), Mode::Patch) if field.required || field.default.is_some() => {
                    self.fail(&path, "can't be cleared");
                }
                (Some(Value::Null), Mode::Patch) => {
                    out.insert(field.name.into(), Value::Null);
                }
                (None, Mode::Patch) => {}
                (None | Some(Value::Null), _) => match field.default {
                    Some(json) => {
                        // A default that is not JSON is a defect in a constant table; a unit test reads them all.
                        let value = serde_json::from_str(json).unwrap_or(Value::Null);
                        out.insert(field.name.into(), value);
                    }
                    None if field.required && (mode == Mode::Stored || field.access != Access::ReadOnly) => {
                        self.fail(&path, "is required");
                    }
                    None => {}
                },
                (Some(value), _) => {
                    if let Some(value) = self.one(&field.rule, value, mode, &path) {
                        out.insert(field.name.into(), value);
                    }
                }
            }
        }
        for name in given.keys() {
            self.fail(&join(at, name), "is not a field of this object");
        }
        out
    }

    /// Checks one value and gives it back in its normal form, or notes what is wrong with it.
    fn one(&mut self, rule: &Rule, value: Value, mode: Mode, path: &str) -> Option<Value> {
        let verdict: Result<(), String> = match (rule, &value) {
            (Rule::Text { min, max }, Value::String(text)) => line_of(text, *min, *max),
            (Rule::Prose { max }, Value::String(text)) => prose(text, *max),
            (Rule::Form { fits, says, .. }, Value::String(text)) => ok_if(fits(text), says),
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
            (Rule::Flag, Value::Bool(_)) | (Rule::Anything, _) => Ok(()),
            (Rule::Whole { min, max }, Value::Number(number)) => match number.as_i64() {
                Some(n) if (*min..=*max).contains(&n) => Ok(()),
                _ => Err(format!("must be a whole number from {min} to {max}")),
            },
            (Rule::OneOf(choices), Value::String(text)) => {
                if choices.contains(&text.as_str()) {
                    Ok(())
                } else if choices.len() > 30 {
                    Err("is not one of the codes it may be".into())
                } else {
                    Err(format!("must be one of {}", choices.join(", ")))
                }
            }
            (Rule::Key(kind), Value::String(text)) => ok_if(key::is_key(text, *kind), "must be a key of its kind"),
            (Rule::Time, Value::String(text)) => match Timestamp::parse(text) {
                // Kept as it will be shown, so that a moment given with another offset is no change later.
                Some(at) => return Some(Value::String(at.to_string())),
                None => Err("must be an RFC 3339 time, such as 2026-01-31T12:00:00Z".into()),
            },
            (Rule::List { of, max }, Value::Array(items)) => {
                return self.list(of, *max, items.clone(), mode, path);
            }
            (Rule::Object(fields), Value::Object(_)) => {
                let Value::Object(body) = value else {
                    return None;
                };
                return Some(Value::Object(self.object(fields, body, mode, path)));
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
                self.fail(&at, "is there twice");
            } else if let Some(item) = self.one(of, item, mode, &at) {
                out.push(item);
            }
        }
        Some(Value::Array(out))
    }
}

impl Rule {
    fn noun(&self) -> &'static str {
        match self {
            Self::Flag => "true or false",
            Self::Whole { .. } => "a whole number",
            Self::List { .. } => "a list",
            Self::Object(_) => "an object",
            _ => "a text",
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

fn ok_if(fits: bool, says: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(says.to_owned()) }
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

    const INNER: &[Field] = &[
        Field::new("city", Rule::Text { min: 1, max: 5 }, ""),
        Field::new("country", Rule::OneOf(&["US", "DE"]), "").default(r#""US""#),
    ];
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
