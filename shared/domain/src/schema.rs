//! Field tables as JSON Schema 2020-12, for the OpenAPI document and the event schemas.

use crate::{
    Object, Together,
    fields::{Access, Field, Mode, Rule, check},
    key,
    object::{choices, json_of, named},
};
use serde_json::{Map, Value, json};

/// Schemas of objects by their names, written once each. Others refer to them.
pub struct Schemas {
    /// The place of the schemas, as references name it.
    base: &'static str,
    pub named: Map<String, Value>,
}

/// Parts of the patterns of texts, for the inside of brackets.
const BLANKS: &str = r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000";
const LINE_BREAKS: &str = r"\t-\r\u0085\u2028\u2029";
/// They set a direction and may stand anywhere.
const MARKS: &str = r"\u200e\u200f";
/// They stand between visible characters.
const JOINERS: &str = r"\u200c\u200d";
/// They follow a visible character.
const SELECTORS: &str = r"\ufe00-\ufe0f";
/// Control characters, format characters and fillers.
const UNSEEN: &str = r"\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb";

/// The pattern of a text with a visible character, and with these line breaks in it.
fn pattern_of_text(line_breaks: &str) -> String {
    let edge = format!("[{LINE_BREAKS}{BLANKS}]*");
    let visible = format!("[^{UNSEEN}{LINE_BREAKS}{BLANKS}{MARKS}{JOINERS}{SELECTORS}][{SELECTORS}]?");
    let joined = format!("{visible}(?:[{JOINERS}]{visible})*");
    let between = format!("[{MARKS}{BLANKS}{line_breaks}]");
    format!("^{edge}(?:[{MARKS}]{between}*)?{joined}(?:{joined}|{between})*{edge}$")
}

const LINE: &str = "Line";
const PROSE: &str = "Prose";

impl Schemas {
    pub fn new(base: &'static str) -> Self {
        Self {
            base,
            named: Map::new(),
        }
    }

    pub fn reference(&self, name: &str) -> Value {
        json!({"$ref": format!("{}/{name}", self.base)})
    }

    /// A reference to the schema of this object in a request of this mode, or in an answer (`Stored`).
    pub fn object(&mut self, object: &Object, mode: Mode) -> Value {
        let reference = self.body(object.name, object.fields, object.together, mode);
        // A patch may clear them all. The patched entity is checked.
        if object.is_filled && mode == Mode::Create {
            let fields = object.fields;
            let given: Vec<Value> = fields.iter().map(|field| given(fields, field.name)).collect();
            self.named[&name_in(object.name, mode)]["anyOf"] = given.into();
        }
        reference
    }

    /// As `object`, for fields that are no named object elsewhere.
    pub fn body(&mut self, name: &str, fields: &[Field], together: &[Together], mode: Mode) -> Value {
        let name = name_in(name, mode);
        if !self.named.contains_key(&name) {
            // An object may contain itself.
            self.named.insert(name.clone(), Value::Null);
            let schema = self.fields(fields, together, mode);
            self.named.insert(name.clone(), schema);
        }
        self.reference(&name)
    }

    /// Adds the schema of a body that is one of these objects.
    pub fn union(&mut self, name: &str, variants: &[&Object]) -> Value {
        let variants: Vec<Value> = variants
            .iter()
            .map(|variant| self.object(variant, Mode::Stored))
            .collect();
        self.named.insert(name.to_owned(), json!({"oneOf": variants}));
        self.reference(name)
    }

    /// The schema of an object with these fields.
    pub fn fields(&mut self, fields: &[Field], together: &[Together], mode: Mode) -> Value {
        let shown: Vec<&Field> = fields.iter().filter(|field| is_shown(field, mode)).collect();
        let required: Vec<&str> = shown
            .iter()
            .filter(|field| match mode {
                Mode::Create => field.required,
                Mode::Patch => false,
                Mode::Stored => field.required || field.default.is_some(),
            })
            .map(|field| field.name)
            .collect();
        let properties: Map<String, Value> = shown
            .iter()
            .map(|field| (field.name.to_owned(), self.property(field, mode)))
            .collect();
        let mut schema = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        // Requests are closed. Answers are open, so that a client accepts fields that are added later.
        if mode != Mode::Stored {
            schema["additionalProperties"] = json!(false);
        }
        // A patch is checked together with the rest of the entity, and answers keep the rules anyway.
        if mode == Mode::Create && !together.is_empty() {
            let rules: Vec<Value> = together.iter().map(|rule| self.together(rule, fields)).collect();
            schema["allOf"] = rules.into();
        }
        schema
    }

    fn property(&mut self, field: &Field, mode: Mode) -> Value {
        let mut schema = self.rule(&field.rule, mode);
        let clearable = match mode {
            Mode::Create => !field.required,
            Mode::Patch => !field.required && field.default.is_none(),
            Mode::Stored => field.nullable,
        };
        if clearable {
            nullable(&mut schema);
        }
        if !field.description.is_empty() {
            schema["description"] = json!(field.description);
        }
        if mode == Mode::Create
            && let Some(default) = field.default
        {
            schema["default"] = json_of(default);
        }
        if mode == Mode::Stored && field.access == Access::ReadOnly {
            schema["readOnly"] = json!(true);
        }
        schema
    }

    /// The schema of a value.
    pub fn rule(&mut self, rule: &Rule, mode: Mode) -> Value {
        match rule {
            Rule::List { of, max } => {
                json!({"type": "array", "items": self.rule(of, mode), "maxItems": max, "uniqueItems": true})
            }
            Rule::Object(object) => self.object(object, mode),
            Rule::Text { min, max } if mode != Mode::Stored => {
                let mut schema = self.text(LINE);
                schema["minLength"] = json!(min);
                schema["maxLength"] = json!(max);
                schema
            }
            // Hosts and paths may have letters of any script. They are stored as ASCII.
            rule @ Rule::Website if mode != Mode::Stored => {
                let mut schema = scalar(rule);
                schema["format"] = json!("iri");
                schema
            }
            Rule::Prose { max } if mode != Mode::Stored => {
                let mut schema = self.text(PROSE);
                schema["maxLength"] = json!(max);
                schema
            }
            rule => scalar(rule),
        }
    }

    /// A reference to the schema of a text in a request.
    fn text(&mut self, name: &str) -> Value {
        let (description, pattern) = match name {
            LINE => (
                "One line of text. It is kept in NFC with its edges trimmed, and its length is counted then. It has a visible character, and no control characters, line breaks, bidirectional embeddings, overrides and isolates, or invisible format characters except joiners between visible characters and direction marks.",
                pattern_of_text(""),
            ),
            _ => (
                "Text that may have several lines; otherwise as `Line`, and it may be empty. Line breaks are kept as line feeds.",
                format!("{}|^[{LINE_BREAKS}{BLANKS}]*$", pattern_of_text(r"\n\r")),
            ),
        };
        let schema = json!({"type": "string", "description": description, "pattern": pattern});
        self.named.entry(name).or_insert(schema);
        self.reference(name)
    }

    fn together(&mut self, rule: &Together, fields: &[Field]) -> Value {
        match *rule {
            Together::Either(one, other) => json!({"anyOf": [given(fields, one), given(fields, other)]}),
            Together::NotBoth(one, other) => json!({"anyOf": [omitted(one), omitted(other)]}),
            Together::Needs { field, value, needed } => {
                json!({"anyOf": [differs(fields, field, value), given(fields, needed)]})
            }
            Together::Excludes { field, value, excluded } => {
                json!({"anyOf": [differs(fields, field, value), omitted(excluded)]})
            }
            Together::Within { field, prefix } => {
                let codes = named(fields, field).map(choices).unwrap_or_default();
                let starts = named(fields, prefix).map(choices).unwrap_or_default();
                let within = starts.iter().filter_map(|start| {
                    let lies_within = |code: &&Value| Some(code.as_str()?.starts_with(start.as_str()?));
                    let codes: Vec<&Value> = codes.iter().filter(|code| lies_within(code) == Some(true)).collect();
                    (!codes.is_empty()).then(|| {
                        json!({"properties": {prefix: {"const": start}, field: {"enum": codes}}, "required": [prefix, field]})
                    })
                });
                let cases: Vec<Value> = [omitted(field)].into_iter().chain(within).collect();
                json!({"anyOf": cases})
            }
        }
    }
}

/// The name of an object's schema in a request of this mode, or in an answer.
fn name_in(name: &str, mode: Mode) -> String {
    match mode {
        Mode::Create => format!("{name}Create"),
        Mode::Patch => format!("{name}Patch"),
        Mode::Stored => name.to_owned(),
    }
}

/// Accepts an object in which this field is given and not empty. Names of nested fields have dots.
fn given(fields: &[Field], path: &str) -> Value {
    let (name, nested) = match path.split_once('.') {
        Some((name, nested)) => (name, Some(nested)),
        None => (path, None),
    };
    let value = match (named(fields, name).map(|field| field.rule), nested) {
        (Some(Rule::Object(object)), Some(nested)) => {
            let mut value = given(object.fields, nested);
            value["type"] = json!("object");
            value
        }
        (Some(Rule::Object(_)), None) => json!({"type": "object"}),
        (Some(Rule::List { .. }), _) => json!({"type": "array", "minItems": 1}),
        (Some(Rule::Prose { .. }), _) => json!({"type": "string", "pattern": "\\S"}),
        _ => json!({"type": "string"}),
    };
    json!({"properties": {name: value}, "required": [name]})
}

/// Whether a field appears in a request of this mode, or in an answer.
const fn is_shown(field: &Field, mode: Mode) -> bool {
    match mode {
        Mode::Create => !matches!(field.access, Access::ReadOnly | Access::Later),
        Mode::Patch => matches!(field.access, Access::Editable | Access::Platform | Access::Later),
        Mode::Stored => true,
    }
}

/// Accepts an object in which this field is absent or null.
fn omitted(name: &str) -> Value {
    json!({"properties": {name: {"type": "null"}}})
}

/// Accepts an object in which this field has another value, its default included.
fn differs(fields: &[Field], name: &str, value: &str) -> Value {
    let Some(field) = named(fields, name) else {
        return json!(true);
    };
    let value = json_of(value);
    let is_default = field.default.map(json_of).as_ref() == Some(&value);
    let mut others: Vec<Value> = choices(field).into_iter().filter(|choice| *choice != value).collect();
    if !field.required && !is_default {
        others.push(Value::Null);
    }
    let mut schema = json!({"properties": {name: {"enum": others}}});
    if is_default {
        schema["required"] = json!([name]);
    }
    schema
}

fn nullable(schema: &mut Value) {
    if schema.get("$ref").is_some() {
        *schema = json!({"anyOf": [schema.take(), {"type": "null"}]});
        return;
    }
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.push(Value::Null);
    }
}

/// The schema of a value that is neither a list nor an object.
fn scalar(rule: &Rule) -> Value {
    match rule {
        Rule::Text { min, max } => json!({"type": "string", "minLength": min, "maxLength": max}),
        Rule::Prose { max } => json!({"type": "string", "maxLength": max}),
        Rule::Form { regex, .. } => json!({"type": "string", "pattern": regex}),
        Rule::Email => json!({"type": "string", "format": "email", "maxLength": 254}),
        Rule::Website => {
            json!({"type": "string", "format": "uri", "pattern": "^https?://", "maxLength": 2048})
        }
        Rule::PageOn(hosts) => json!({
            "type": "string", "format": "uri", "maxLength": 2048,
            "pattern": format!("^https://([^/@]+\\.)?({})(/|$)", hosts.join("|").replace('.', "\\.")),
        }),
        Rule::Opaque => json!({"type": "string"}),
        Rule::Flag => json!({"type": "boolean"}),
        Rule::Always(value) => json!({"const": value}),
        Rule::Whole { min, max } if *max == i64::MAX => json!({"type": "integer", "minimum": min}),
        Rule::Whole { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Rule::OneOf(choices) => json!({"type": "string", "enum": choices}),
        Rule::Key(kind) => json!({"type": "string", "pattern": key::pattern(*kind)}),
        Rule::Time => json!({"type": "string", "format": "date-time"}),
        Rule::Date => json!({"type": "string", "format": "date"}),
        Rule::List { .. } | Rule::Object(_) => json!({}),
    }
}

/// A valid value, for documents, sample payloads and tests.
pub fn example(fields: &[Field], mode: Mode) -> Value {
    let mut out = Map::new();
    for field in fields {
        if is_shown(field, mode)
            && let Some(value) = example_of(field, mode)
        {
            out.insert(field.name.to_owned(), value);
        }
    }
    Value::Object(out)
}

/// Realistic values of fields by their names, as JSON text.
const BY_NAME: &[(&str, &str)] = &[
    ("action", r#""CUSTOMER_UPDATED""#),
    ("authTenantId", r#""acme-7f3k2""#),
    ("bootstrapTenantKey", r#""acme""#),
    ("changed", r#"["name"]"#),
    ("city", r#""Springfield""#),
    ("classification", r#""LLC""#),
    ("context", r#""Asked when the contract ended.""#),
    ("content-length", r#""18204""#),
    ("bytes", "18204"),
    ("createdBy", r#""usr_01kb1v0c1tfr2v6krscysfnvgb""#),
    ("deactivatedBy", r#""usr_01kb1v0c1tfr2v6krscysfnvgb""#),
    ("externalId", r#""crm-1001""#),
    ("expired", "2"),
    ("firstName", r#""Ada""#),
    ("foreignKey", r#""crm-1001""#),
    ("id", r#""usr_01kb1v0c1tfr2v6krscysfnvgb""#),
    ("industryGroup", r#""2010""#),
    ("industrySector", r#""20""#),
    ("internalCode", r#""SPR-01""#),
    ("isTenantCustomer", "true"),
    ("key", r#""cus_01kb1v0c1tfr2v6krscysfnvgb""#),
    ("kind", r#""Customer""#),
    ("kind", r#""Custom""#),
    ("lastName", r#""Lovelace""#),
    ("limit", "25"),
    ("line1", r#""1 Main Street""#),
    ("line2", r#""Suite 200""#),
    ("name", r#""Acme Tools""#),
    ("notes", r#""Deliveries at the back.""#),
    ("overlapSeconds", "3600"),
    (
        "plaintext",
        r#""csk_prod_034ShhzcBdHMlwDk26gCrn034ShhzcBekTOYPntsSUHI034ShhzcBgDa1AbrleElgn0DG9mkOv2l6AkSp3WsPxY70bPELAU4eqF2E6BZx""#,
    ),
    ("postalCode", r#""62701""#),
    ("products", r#"["catalogue"]"#),
    ("reasonText", r#""The budget was cut.""#),
    ("receipt", r#""01kb1v0c1tfr2v6krscysfnvgb""#),
    ("recommendationScore", "7"),
    ("requestId", r#""5e1f6f2e-4d0a-4f5b-9c53-0a4b7e3d9a10""#),
    ("scopes", r#"["orders:read"]"#),
    ("secondaryName", r#""North wing""#),
    ("sessionExpirationSeconds", "3600"),
    ("size", r#""11-50""#),
    ("state", r#""IL""#),
    ("ttlSeconds", "2592000"),
    ("updatedBy", r#""usr_01kb1v0c1tfr2v6krscysfnvgb""#),
    ("windowEndsAt", r#""2026-12-14T08:00:00.000Z""#),
];

/// Fields that examples omit: they are opaque, or belong to another kind of customer than the example's (a person, a disabled one,
/// a provisioned account).
const LEFT_OUT: &[&str] = &[
    "apiKeysEndedAt",
    "cursor",
    "deactivation",
    "disabledBy",
    "logo",
    "parent",
    "person",
    "rotatedFrom",
    "rotatedTo",
];

fn example_of(field: &Field, mode: Mode) -> Option<Value> {
    let asks_for_a_time = mode != Mode::Stored && matches!(field.rule, Rule::Time);
    // A time in a request has to be in the future, and an example's would soon be in the past.
    if LEFT_OUT.contains(&field.name) || asks_for_a_time {
        return None;
    }
    // Fields with the same name may have different rules.
    let fits = |value: &Value| {
        let object = Map::from_iter([(field.name.to_owned(), value.clone())]);
        check(&[*field], object, Mode::Stored).errors.is_empty()
    };
    let by_name = BY_NAME
        .iter()
        .filter(|(name, _)| *name == field.name)
        .filter_map(|(_, json)| serde_json::from_str(json).ok())
        .find(fits);
    // An object may contain itself.
    let by_null = || field.nullable.then_some(Value::Null);
    let by_default = || field.default.and_then(|json| serde_json::from_str(json).ok());
    by_name
        .or_else(by_null)
        .or_else(by_default)
        .or_else(|| example_of_rule(&field.rule, mode))
}

fn example_of_rule(rule: &Rule, mode: Mode) -> Option<Value> {
    Some(match rule {
        Rule::Text { .. } => json!("Example"),
        Rule::Prose { .. } => json!("A few words."),
        Rule::Form { fits, .. } if fits("+14155550100") => json!("+14155550100"),
        Rule::Form { .. } | Rule::Opaque => json!("example"),
        Rule::Email => json!("office@acme.example"),
        Rule::Website => json!("https://acme.example/"),
        Rule::PageOn(hosts) => json!(format!("https://{}/acme", hosts.first()?)),
        Rule::Flag => json!(false),
        Rule::Whole { min, .. } => json!(min),
        Rule::OneOf(choices) => json!(choices.first()?),
        Rule::Key(kind) => json!(format!("{}_01kb1v0c1tfr2v6krscysfnvgb", kind.prefix)),
        Rule::Time => json!("2026-11-23T08:00:00.000Z"),
        Rule::List { of, .. } => json!([example_of_rule(of, mode)?]),
        Rule::Always(value) => json!(value),
        Rule::Date => json!("2026-11-23"),
        Rule::Object(object) => example(object.fields, mode),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::View;
    use crate::{audit, customer, deactivation, location};

    #[test]
    fn examples_break_no_rule() {
        use Mode::{Create, Patch, Stored};
        let tables: [(&[Field], &[Mode]); 6] = [
            (&customer::Customer::fields(), &[Create, Patch, Stored]),
            (&location::Location::fields(), &[Create, Patch, Stored]),
            (deactivation::REQUEST, &[Create]),
            (deactivation::LOG, &[Stored]),
            (audit::VARIANTS[0].fields, &[Stored]),
            (audit::VARIANTS[1].fields, &[Stored]),
        ];
        for (fields, modes) in tables {
            for mode in modes {
                let Value::Object(given) = example(fields, *mode) else {
                    panic!("an example is an object");
                };
                let checked = check(fields, given.clone(), *mode);
                assert!(checked.errors.is_empty(), "{given:?}: {:?}", checked.errors);
            }
        }
    }

    #[test]
    fn an_example_is_an_entity() {
        let customer = example(&customer::Customer::fields(), Mode::Stored);
        serde_json::from_value::<customer::Customer>(customer).unwrap();
        let location = example(&location::Location::fields(), Mode::Stored);
        serde_json::from_value::<location::Location>(location).unwrap();
    }
}
