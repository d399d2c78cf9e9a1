//! Every operator of event patterns, with values that match and values that do not.

use serde_json::{Value, json};

use super::*;

fn matches(pattern: Value, event: Value) -> bool {
    Pattern::parse(&pattern)
        .unwrap_or_else(|error| panic!("{pattern}: {error}"))
        .matches(&event)
}

/// The `values` for the field `a` that match the test.
fn matching(test: Value, values: Value) -> Value {
    let values = values.as_array().cloned().unwrap();
    values
        .into_iter()
        .filter(|value| matches(json!({ "a": [test.clone()] }), json!({ "a": value })))
        .collect()
}

#[test]
fn all_fields_and_one_of_the_listed_values_must_match() {
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
fn plain_values_of_another_type_do_not_match() {
    assert_eq!(matching(json!(5), json!([5, "5", 6, null])), json!([5]));
    assert_eq!(matching(json!("5"), json!([5, "5"])), json!(["5"]));
    assert_eq!(matching(json!(null), json!([null, "", 0])), json!([null]));
    assert_eq!(matching(json!(true), json!([true, false, "true"])), json!([true]));
    assert_eq!(matching(json!(""), json!(["", "x"])), json!([""]));
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
        matching(json!({ "prefix": "eu-" }), json!(["eu-west-1", "us-east-1", "EU-x", 3])),
        json!(["eu-west-1"])
    );
    assert_eq!(
        matching(json!({ "suffix": ".png" }), json!(["a.png", "a.jpg", "A.PNG"])),
        json!(["a.png"])
    );
    assert_eq!(
        matching(
            json!({ "prefix": { "equals-ignore-case": "eu-" } }),
            json!(["EU-x", "us"])
        ),
        json!(["EU-x"])
    );
    assert_eq!(
        matching(
            json!({ "suffix": { "equals-ignore-case": ".png" } }),
            json!(["A.PNG", "a.jpg"])
        ),
        json!(["A.PNG"])
    );
}

#[test]
fn equals_ignore_case() {
    assert_eq!(
        matching(
            json!({ "equals-ignore-case": "Alice" }),
            json!(["ALICE", "alice", "alic"])
        ),
        json!(["ALICE", "alice"])
    );
}

#[test]
fn wildcard() {
    assert_eq!(
        matching(json!({ "wildcard": "a*c" }), json!(["ac", "abc", "abcd", "xac"])),
        json!(["ac", "abc"])
    );
    assert_eq!(
        matching(json!({ "wildcard": "*b*" }), json!(["b", "abc", "ac"])),
        json!(["b", "abc"])
    );
    assert_eq!(
        matching(json!({ "wildcard": "aba*aba" }), json!(["aba", "abaaba", "abaXaba"])),
        json!(["abaaba", "abaXaba"])
    );
    assert_eq!(
        matching(json!({ "wildcard": "a\\*c" }), json!(["a*c", "abc"])),
        json!(["a*c"])
    );
    assert_eq!(
        matching(json!({ "wildcard": "abc" }), json!(["abc", "abcd"])),
        json!(["abc"])
    );
}

#[test]
fn numeric() {
    assert_eq!(
        matching(json!({ "numeric": ["=", 5] }), json!([5, 5.0, "5", 6])),
        json!([5, 5.0])
    );
    assert_eq!(
        matching(json!({ "numeric": [">", 0, "<=", 10] }), json!([0, 0.5, 10, 11])),
        json!([0.5, 10])
    );
    assert_eq!(matching(json!({ "numeric": ["<", 0] }), json!([-1, 0])), json!([-1]));
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
    // AWS: `exists` is about leaves only.
    assert!(!matches(
        json!({ "a": [{ "exists": true }] }),
        json!({ "a": { "b": 1 } })
    ));
}

#[test]
fn anything_but() {
    assert_eq!(
        matching(json!({ "anything-but": "x" }), json!(["x", "y", 1])),
        json!(["y", 1])
    );
    assert_eq!(
        matching(json!({ "anything-but": ["x", 1] }), json!(["x", "y", 1, 2])),
        json!(["y", 2])
    );
    assert_eq!(
        matching(json!({ "anything-but": { "prefix": "x" } }), json!(["xa", "ax"])),
        json!(["ax"])
    );
    assert_eq!(
        matching(
            json!({ "anything-but": { "suffix": ["x", "y"] } }),
            json!(["ax", "ay", "az"])
        ),
        json!(["az"])
    );
    assert_eq!(
        matching(
            json!({ "anything-but": { "wildcard": "*/lib/*" } }),
            json!(["a/lib/b", "a/b"])
        ),
        json!(["a/b"])
    );
    assert_eq!(
        matching(
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
        matching(
            json!({ "cidr": "10.0.0.0/24" }),
            json!(["10.0.0.7", "10.0.1.7", "::1", "x"])
        ),
        json!(["10.0.0.7"])
    );
    assert_eq!(
        matching(json!({ "cidr": "0.0.0.0/0" }), json!(["10.0.0.7"])),
        json!(["10.0.0.7"])
    );
    assert_eq!(
        matching(
            json!({ "cidr": "2001:db8::/32" }),
            json!(["2001:db8::1", "2001:db9::1"])
        ),
        json!(["2001:db8::1"])
    );
}

#[test]
fn or_needs_one_of_its_patterns_and_all_other_fields() {
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
fn invalid_patterns_are_refused() {
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

/// The patterns of docs/events.md, and the samples of events.
#[test]
fn the_documented_rules_select_what_the_document_says() {
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let text = std::fs::read_to_string(docs.join("events.md")).unwrap();
    let blocks = text
        .split("```json\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let patterns: Vec<Pattern> = blocks
        .map(|block| Pattern::parse(&serde_json::from_str(block).unwrap()).unwrap())
        .collect();
    let [by_kind, by_tenant, by_parent] = patterns.as_slice() else {
        panic!("docs/events.md has {} patterns", patterns.len())
    };
    let mut kinds = std::collections::BTreeSet::new();
    for file in std::fs::read_dir(docs.join("samples")).unwrap() {
        let sample = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let mut event =
            json!({ "source": "customer-service", "detail": serde_json::from_str::<Value>(&sample).unwrap() });
        let kind = event["detail"]["entity"]["kind"].as_str().unwrap().to_owned();
        assert_eq!(
            by_kind.matches(&event),
            ["Location", "Contact"].contains(&kind.as_str()),
            "{kind}"
        );
        assert!(by_tenant.matches(&event), "{event}");
        event["detail"]["bootstrapTenantKey"] = json!("other");
        assert!(!by_tenant.matches(&event), "{event}");
        assert!(!by_parent.matches(&event), "{event}");
        event["detail"]["parent"] = json!({ "customerKey": "cus_01kb1v0c1tfr2v6krscysfnvgb" });
        assert_eq!(by_parent.matches(&event), kind == "Customer", "{kind}");
        kinds.insert(kind);
    }
    for kind in &kinds {
        assert!(
            text.contains(&format!("`{kind}`")),
            "docs/events.md does not name {kind}"
        );
    }
    assert!(kinds.len() > 7);
}
