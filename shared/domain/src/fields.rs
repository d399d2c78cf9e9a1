//! Field tables: the fields of a JSON object, their rules, and who may set them, as data.
//!
//! Each entity has one table. Requests are checked against it, and every broken field is reported at once; the OpenAPI document and the
//! event schemas are generated from it; patches are refused for fields that it marks as fixed.

use crate::{
    EntityKind, FieldError, Object, Timestamp, Together, formats, key,
    text::{self, Lines},
};
use serde_json::{Map, Number, Value};

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

/// Text is checked and kept in its normal form, and its edges are not counted: see `text`.
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
    /// Text for programs, which is kept exactly as it is.
    Opaque,
    Email,
    /// An http or https URL. It is kept as the URL standard writes it.
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
            (Some(Rule::Whole { .. }), digits) => match serde_json::from_str(digits) {
                Ok(number) => Value::Number(number),
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
            let has_failed = |name: &str| {
                let path = join(at, name);
                let mut errors = self.errors.iter();
                errors.any(|error| is_within(&error.field, &path) || is_within(&path, &error.field))
            };
            if rule.fields().into_iter().any(has_failed) {
                continue;
            }
            if let Some((field, message)) = rule.broken(object) {
                self.fail(&join(at, field), message);
            }
        }
    }

    /// Checks one value: the form in which it is kept, or nothing if it breaks a rule.
    fn value(&mut self, rule: &Rule, value: Value, mode: Mode, path: &str) -> Option<Value> {
        let kept = match (rule, value) {
            (Rule::Object(object), Value::Object(body)) => {
                // A patch may clear a field and give none. The patched entity is checked.
                if object.is_filled && mode != Mode::Patch && body.values().all(Value::is_null) {
                    Err("must have at least one field".into())
                } else {
                    let together = match object.is_checked_later {
                        true => &[],
                        false => object.together,
                    };
                    return Some(Value::Object(self.object(object.fields, together, body, mode, path)));
                }
            }
            (Rule::List { of, max }, Value::Array(items)) => return self.list(of, *max, items, mode, path),
            (Rule::Flag, Value::Bool(flag)) => Ok(Value::Bool(flag)),
            (Rule::Always(always), Value::Bool(given)) if *always == given => Ok(Value::Bool(given)),
            (Rule::Always(_), Value::Bool(_)) => Err("is not the value of this answer".into()),
            (Rule::Whole { min, max }, Value::Number(number)) => match whole(&number) {
                Some(n) if (*min..=*max).contains(&n) => Ok(n.into()),
                _ => Err(format!("must be a whole number from {min} to {max}")),
            },
            (Rule::Opaque, Value::String(text)) => Ok(Value::String(text)),
            // A stored text was in its normal form when it was given.
            (rule, Value::String(text)) if mode == Mode::Stored => {
                rule.text(text.clone(), mode).map(|_| Value::String(text))
            }
            (rule, Value::String(text)) => rule.text(rule.trimmed(text), mode).map(Value::String),
            (rule, _) => Err(format!("must be {}", rule.noun())),
        };
        match kept {
            Ok(value) => Some(value),
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
            let Some(item) = self.value(of, item, mode, &at) else {
                continue;
            };
            if out.contains(&item) {
                self.fail(&at, "is a duplicate");
            } else {
                out.push(item);
            }
        }
        Some(Value::Array(out))
    }
}

impl Rule {
    /// A given text without what is not part of it.
    fn trimmed(&self, text: String) -> String {
        match self {
            Self::Text { .. } | Self::Prose { .. } | Self::Email => text::normal(&text),
            // Composing characters could lead to another page.
            Self::Website | Self::PageOn(_) => text::trimmed(&text).to_owned(),
            // The form says which characters there may be, other than blanks around it.
            Self::Form { .. } => text.trim_matches(' ').to_owned(),
            _ => text,
        }
    }

    /// The form in which a trimmed text is kept, or the message of the rule that it breaks.
    fn text(&self, text: String, mode: Mode) -> Result<String, String> {
        let check = |text: &str, lines| match mode {
            // An actor's id may have any characters: its issuer chose it.
            Mode::Stored => Ok(()),
            Mode::Create | Mode::Patch => text::check(text, lines),
        };
        match self {
            Self::Text { min, max } => {
                check(&text, Lines::One)?;
                let fits = (*min..=*max).contains(&text.chars().count());
                kept_if(fits, text, || format!("must have {min} to {max} characters"))
            }
            Self::Prose { max } => {
                let text = text::with_line_feeds(&text).into_owned();
                check(&text, Lines::Several)?;
                kept_if(text.chars().count() <= *max, text, || format!("must have at most {max} characters"))
            }
            Self::Form { fits, message, .. } => kept_if(fits(&text), text, || (*message).to_owned()),
            Self::Email => {
                check(&text, Lines::One)?;
                kept_if(formats::is_email(&text), text, || {
                    "must be an e-mail address, at most 254 characters".into()
                })
            }
            Self::Website => formats::website(&text)
                .ok_or_else(|| "must be an http or https URL without blanks, backslashes or a user name, at most 2,048 characters".into()),
            Self::PageOn(hosts) => {
                formats::page_on(&text, hosts).ok_or_else(|| format!("must be an https URL on {}", hosts.join(" or ")))
            }
            Self::OneOf(choices) => kept_if(choices.contains(&text.as_str()), text, || match choices.len() {
                ..=30 => format!("must be one of {}", choices.join(", ")),
                _ => "is not a valid code".into(),
            }),
            Self::Key(kind) => kept_if(key::is_key(&text, *kind), text, || {
                format!("must be a key that starts with {}_", kind.prefix)
            }),
            // In UTC, as it will be shown: the same moment with another offset is not a change.
            Self::Time => match Timestamp::parse(&text) {
                Some(at) => Ok(at.to_string()),
                None => Err("must be an RFC 3339 time from the year 0 to 9999 and not a leap second, such as 2026-01-31T12:00:00Z".into()),
            },
            Self::Date => kept_if(formats::is_date(&text), text, || "must be a day, such as 2026-01-31".into()),
            rule => Err(format!("must be {}", rule.noun())),
        }
    }

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

fn kept_if(fits: bool, text: String, message: impl FnOnce() -> String) -> Result<String, String> {
    if fits { Ok(text) } else { Err(message()) }
}

/// A number without a fraction, however it is written: 300, 300.0 and 3e2 are the same.
fn whole(number: &Number) -> Option<i64> {
    /// Above it, a float may stand for several whole numbers.
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|_| number.is_f64())?;
        (float.fract() == 0.0 && float.abs() <= LARGEST_EXACT).then_some(float as i64)
    })
}

#[cfg(test)]
mod tests;
