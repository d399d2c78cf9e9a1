//! The checks of fields: values that they accept, keep and refuse.

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

#[test]
fn a_rule_about_a_nested_field_waits_for_a_valid_object() {
    const PLACE: &Object = &Object::new("Place", INNER.fields).filled();
    const FIELDS: &[Field] = &[
        Field::new("main", Rule::Flag, "").default("false"),
        Field::new("place", Rule::Object(PLACE), ""),
    ];
    const TOGETHER: &[Together] = &[Together::Needs {
        field: "main",
        value: "true",
        needed: "place.city",
    }];
    let errors = |place: Value| {
        let body = object(json!({"main": true, "place": place}));
        let checked = check_all(FIELDS, TOGETHER, body, Mode::Create);
        let errors = checked.errors.into_iter();
        errors.map(|error| (error.field, error.message)).collect::<Vec<_>>()
    };
    let one = |field: &str, message: &str| vec![(field.to_owned(), message.to_owned())];
    assert_eq!(errors(json!({})), one("place", "must have at least one field"));
    assert_eq!(
        errors(json!({"city": null})),
        one("place", "must have at least one field")
    );
    assert_eq!(errors(json!({"city": ""})).len(), 1);
    assert_eq!(
        errors(json!({"country": "DE"})),
        one("place.city", "is required if main is true")
    );
    assert_eq!(errors(json!({"city": "Bonn"})), []);
}
