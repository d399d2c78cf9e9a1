//! Field tables as JSON Schema 2020-12, for the OpenAPI document and the event schemas.

use crate::fields::{Access, Field, Mode, Rule, check};
use serde_json::{Map, Value, json};

/// The schema of an object with these fields: of a request in this mode, or of an answer (`Stored`).
pub fn object(fields: &[Field], mode: Mode) -> Value {
    let shown: Vec<&Field> = fields
        .iter()
        .filter(|field| match mode {
            Mode::Create => field.access != Access::ReadOnly,
            Mode::Patch => matches!(field.access, Access::Editable | Access::Platform),
            Mode::Stored => true,
        })
        .collect();
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
        .map(|field| (field.name.to_owned(), property(field, mode)))
        .collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    // Requests are closed. Answers are open, so that a client accepts fields that are added later.
    if mode != Mode::Stored {
        schema["additionalProperties"] = json!(false);
    }
    schema
}

fn property(field: &Field, mode: Mode) -> Value {
    let mut schema = rule(&field.rule, mode);
    let clearable = field.access != Access::Fixed && !field.required && field.default.is_none();
    if mode != Mode::Stored && clearable {
        nullable(&mut schema);
    }
    if !field.description.is_empty() {
        schema["description"] = json!(field.description);
    }
    if mode == Mode::Create
        && let Some(default) = field.default
    {
        schema["default"] = serde_json::from_str(default).unwrap_or(Value::Null);
    }
    if mode == Mode::Stored && field.access == Access::ReadOnly {
        schema["readOnly"] = json!(true);
    }
    schema
}

fn nullable(schema: &mut Value) {
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.push(Value::Null);
    }
}

pub fn rule(rule: &Rule, mode: Mode) -> Value {
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
        Rule::Whole { min, max } if *max == i64::MAX => json!({"type": "integer", "minimum": min}),
        Rule::Whole { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Rule::OneOf(choices) => json!({"type": "string", "enum": choices}),
        Rule::Key(kind) => {
            json!({"type": "string", "pattern": format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", kind.prefix)})
        }
        Rule::Time => json!({"type": "string", "format": "date-time"}),
        Rule::List { of, max } => {
            json!({"type": "array", "items": self::rule(of, mode), "maxItems": max, "uniqueItems": true})
        }
        Rule::Object(fields) => object(fields, mode),
        Rule::Filled(fields) => filled(fields, mode),
        Rule::Anything => json!({}),
    }
}

/// An object with at least one field that is not `null`. A patch may clear them all.
fn filled(fields: &[Field], mode: Mode) -> Value {
    let mut schema = object(fields, mode);
    if mode == Mode::Create {
        let given = |field: &Field| json!({"required": [field.name], "properties": {field.name: {"type": "string"}}});
        schema["anyOf"] = fields.iter().map(given).collect();
    }
    schema
}

/// A valid value, for documents, sample payloads and tests.
pub fn example(fields: &[Field], mode: Mode) -> Value {
    let mut out = Map::new();
    for field in fields {
        let shown = match mode {
            Mode::Create => field.access != Access::ReadOnly,
            Mode::Patch => matches!(field.access, Access::Editable | Access::Platform),
            Mode::Stored => true,
        };
        if shown && let Some(value) = example_of(field, mode) {
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
    ("lastUsedOn", r#""2026-11-23""#),
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

/// Fields that examples omit: they are opaque, or belong to another kind of customer than the example's (a person, a deactivated customer,
/// a provisioned account).
const LEFT_OUT: &[&str] = &[
    "apiKeysEndedAt",
    "cursor",
    "deactivation",
    "details",
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
    let by_default = || field.default.and_then(|json| serde_json::from_str(json).ok());
    by_name
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
        Rule::Object(fields) | Rule::Filled(fields) => example(fields, mode),
        Rule::Anything => return None,
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
        let tables: [(&[Field], &[Mode]); 5] = [
            (&customer::Customer::fields(), &[Create, Patch, Stored]),
            (&location::Location::fields(), &[Create, Patch, Stored]),
            (deactivation::REQUEST, &[Create]),
            (deactivation::LOG, &[Stored]),
            (audit::FIELDS, &[Stored]),
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
