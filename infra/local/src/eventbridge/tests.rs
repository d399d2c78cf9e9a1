//! Events from `put` to the queues of the matching rules.

use serde_json::{Value, json};

use super::bus::{Entry, EntryResult};
use super::*;
use crate::plan::{self, Rule, Target};
use crate::sqs::Sqs;
use crate::store::Store;

fn queue(name: &str) -> plan::Queue {
    plan::Queue {
        logical_id: name.to_owned(),
        name: name.to_owned(),
        visibility_timeout: 30,
        retention: 3600,
        delay: 0,
        receive_wait: 0,
        redrive: None,
    }
}

fn target(queue: &str) -> Target {
    Target {
        id: queue.to_owned(),
        queue_arn: crate::arn::queue(queue),
        input_path: None,
        dead_letter_queue_arn: None,
    }
}

fn rule(name: &str, pattern: Value, targets: Vec<Target>) -> Rule {
    Rule {
        name: name.to_owned(),
        bus: "shop".to_owned(),
        pattern,
        enabled: true,
        targets,
    }
}

fn open(folder: &tempfile::TempDir, rules: &[Rule]) -> (EventBus, Sqs) {
    let store = Store::open(&folder.path().join("cloud.sqlite")).unwrap();
    let sqs = Sqs::open(store.clone(), &["one", "two", "dead"].map(queue)).unwrap();
    let buses = [plan::Bus {
        name: "shop".to_owned(),
    }];
    (EventBus::open(store, sqs.clone(), &buses, rules).unwrap(), sqs)
}

fn entry(detail_type: &str, detail: &Value) -> Entry {
    Entry {
        source: Some("shop".to_owned()),
        detail_type: Some(detail_type.to_owned()),
        detail: Some(detail.to_string()),
        event_bus_name: Some("shop".to_owned()),
        ..Entry::default()
    }
}

fn received(sqs: &Sqs, queue: &str) -> Vec<Value> {
    let messages = sqs.receive(queue, 10, Some(0)).unwrap();
    messages
        .iter()
        .map(|message| serde_json::from_str(&message.body).unwrap())
        .collect()
}

#[test]
fn an_event_is_sent_to_the_queues_of_the_rules_that_match() {
    let folder = tempfile::tempdir().unwrap();
    let rules = [
        rule("sold", json!({ "detail-type": ["SOLD"] }), vec![target("one")]),
        rule(
            "all",
            json!({ "source": ["shop"] }),
            vec![Target {
                input_path: Some("$.detail.items[1]".into()),
                ..target("two")
            }],
        ),
        Rule {
            enabled: false,
            ..rule("off", json!({ "source": ["shop"] }), vec![target("one")])
        },
    ];
    let (bus, sqs) = open(&folder, &rules);
    let sold = Entry {
        time: Some(1_700_000_000.9),
        ..entry("SOLD", &json!({ "items": [1, { "a": 2 }] }))
    };
    let results = bus.put(vec![sold, entry("SEEN", &json!({ "items": [3, 4] }))]);
    let [EntryResult::Put { event_id }, EntryResult::Put { .. }] = &results[..] else {
        panic!("{results:?}")
    };

    let expected = json!({
        "version": "0", "id": event_id, "detail-type": "SOLD", "source": "shop", "account": "000000000000",
        "time": "2023-11-14T22:13:20Z", "region": "us-east-1", "resources": [], "detail": { "items": [1, { "a": 2 }] },
    });
    assert_eq!(received(&sqs, "one"), std::slice::from_ref(&expected));
    assert_eq!(received(&sqs, "two"), [json!({ "a": 2 }), json!(4)]);

    let history = bus.history(None, 10).unwrap();
    assert_eq!(
        (&history[0].event, &history[0].rules),
        (&expected, &vec!["sold".to_owned(), "all".to_owned()])
    );
    assert_eq!(bus.history(Some(history[0].number), 10).unwrap().len(), 1);
    assert_eq!(bus.history(None, 1).unwrap()[0].number, history[1].number);
}

#[test]
fn an_invalid_entry_does_not_affect_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (bus, sqs) = open(
        &folder,
        &[rule("all", json!({ "source": ["shop"] }), vec![target("one")])],
    );
    let good = entry("SOLD", &json!({}));
    let results = bus.put(vec![
        Entry {
            detail: Some("[]".to_owned()),
            ..good.clone()
        },
        Entry {
            detail: Some("{".to_owned()),
            ..good.clone()
        },
        Entry {
            source: None,
            ..good.clone()
        },
        Entry {
            source: Some("aws.s3".to_owned()),
            ..good.clone()
        },
        Entry {
            event_bus_name: Some("shpo".to_owned()),
            ..good.clone()
        },
        good,
    ]);
    let code = |result: &EntryResult| match result {
        EntryResult::Put { .. } => "put".to_owned(),
        EntryResult::Failed { error_code, .. } => error_code.clone(),
    };
    assert_eq!(
        results.iter().map(code).collect::<Vec<_>>(),
        [
            "MalformedDetail",
            "MalformedDetail",
            "InvalidArgument",
            "NotAuthorizedForSourceException",
            "ResourceNotFoundException",
            "put",
        ]
    );
    assert_eq!(received(&sqs, "one").len(), 1);
}

#[test]
fn an_undeliverable_event_is_sent_to_the_targets_dead_letter_queue() {
    let folder = tempfile::tempdir().unwrap();
    let gone = Target {
        dead_letter_queue_arn: Some(crate::arn::queue("dead")),
        ..target("gone")
    };
    let (bus, sqs) = open(
        &folder,
        &[rule("all", json!({ "source": ["shop"] }), vec![gone, target("one")])],
    );
    bus.put(vec![entry("SOLD", &json!({ "a": 1 }))]);
    assert_eq!(received(&sqs, "one").len(), 1);
    let dead = sqs.receive("dead", 1, None).unwrap().remove(0);
    assert_eq!(
        dead.attributes["ERROR_CODE"].string_value.as_deref(),
        Some("NO_RESOURCE")
    );
    assert_eq!(
        dead.attributes["TARGET_ARN"].string_value,
        Some(crate::arn::queue("gone"))
    );
}

#[test]
fn client_created_rules_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (bus, _) = open(&folder, &[rule("planned", json!({ "source": ["shop"] }), vec![])]);
    bus.put_rule("shop", "mine", json!({ "detail-type": [{ "prefix": "SO" }] }), true)
        .unwrap();
    bus.set_targets("shop", "mine", |targets| targets.push(target("two")))
        .unwrap();
    assert!(
        bus.put_rule("shop", "planned", json!({ "source": ["x"] }), true)
            .is_err()
    );
    drop(bus);

    let (bus, sqs) = open(&folder, &[]);
    bus.put(vec![entry("SOLD", &json!({ "a": 1 }))]);
    assert_eq!(received(&sqs, "two").len(), 1);
    assert!(bus.delete_rule("shop", "mine").is_err(), "it has targets");
    bus.set_targets("shop", "mine", Vec::clear).unwrap();
    bus.delete_rule("shop", "mine").unwrap();
    assert!(bus.rule("shop", "mine").is_err());
}

#[test]
fn an_invalid_pattern_of_the_template_is_an_error_that_names_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cloud.sqlite")).unwrap();
    let sqs = Sqs::open(store.clone(), &[]).unwrap();
    let error = EventBus::open(store, sqs, &[], &[rule("broken", json!({ "source": "shop" }), vec![])])
        .err()
        .unwrap();
    assert!(format!("{error:#}").contains("broken"), "{error:#}");
}

#[tokio::test]
async fn a_new_event_wakes_a_follower_of_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let (bus, _) = open(&folder, &[]);
    let following = tokio::spawn({
        let bus = bus.clone();
        async move { bus.newer_than(0).await }
    });
    bus.put(vec![entry("SOLD", &json!({}))]);
    tokio::time::timeout(std::time::Duration::from_secs(5), following)
        .await
        .unwrap()
        .unwrap();
}
