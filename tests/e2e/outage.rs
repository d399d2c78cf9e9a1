//! The bus is down for longer than the stream's trigger tries: nothing is lost, and one command brings it back.

use super::{Cloud, cloud::wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CUSTOMERS: usize = 12;
const FAILURES: &str = "streamfailuresbucket";

/// Replays until there is no more, and gives back the last answer.
fn replay(cloud: &Cloud) -> Value {
    loop {
        let answer = cloud.cli(&["invoke", "replay-stream-failures", "events/replay-stream-failures.json"]);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        if answer["more"] == false || !answer["stoppedAt"].is_null() {
            return answer;
        }
    }
}

fn create(cloud: &Cloud, number: usize) -> String {
    let body = json!({
        "type": "Business", "name": format!("Customer {number}"), "isTenantCustomer": true,
        "address": {"line1": format!("{number} Main Street"), "city": "Springfield", "country": "US"},
    });
    let created = cloud.post("/v1/customers", &body, 201);
    format!("/v1/customers/{}", created["key"].as_str().unwrap())
}

#[test]
fn changes_that_the_trigger_gave_up_are_replayed() {
    // The bus of this template does not exist, and each record is tried twice.
    let cloud = Cloud::start_with(|template| {
        let down = template.replace("EVENT_BUS_NAME: !Ref EventBus", "EVENT_BUS_NAME: gone");
        let changed = down.replace("MaximumRetryAttempts: 50", "MaximumRetryAttempts: 1");
        assert!(down != template && changed != down);
        changed
    });
    let mut customers: Vec<String> = (0..CUSTOMERS).map(|number| create(&cloud, number)).collect();
    wait_for("the trigger to give up every change", || {
        cloud.objects(FAILURES).len() == CUSTOMERS
    });
    let first = cloud.objects(FAILURES)[0].clone();
    let answer = replay(&cloud);
    assert_eq!((&answer["replayed"], &answer["more"]), (&json!(0), &json!(true)));
    assert!(first.starts_with("aws/lambda/"), "{first}");
    assert_eq!(cloud.objects(FAILURES).len(), CUSTOMERS);
    for customer in &customers {
        assert!(cloud.all(&format!("{customer}/locations")).is_empty());
    }

    // The bus is back. New changes do not wait for the old ones.
    cloud.kill();
    cloud.restore_template();
    cloud.launch();
    customers.push(create(&cloud, CUSTOMERS));
    let newest = format!("{}/locations", customers[CUSTOMERS]);
    wait_for("the new customer's headquarters", || cloud.all(&newest).len() == 1);
    assert_eq!(cloud.objects(FAILURES).len(), CUSTOMERS);

    let answer = replay(&cloud);
    assert_eq!((&answer["more"], &answer["stoppedAt"]), (&json!(false), &Value::Null));
    assert!(cloud.objects(FAILURES).is_empty());
    for customer in &customers {
        wait_for("the headquarters", || {
            cloud.all(&format!("{customer}/locations")).len() == 1
        });
        let actions: Vec<Value> = cloud.all(&format!("{customer}/audit"));
        assert!(!actions.is_empty(), "{customer}");
    }
    let events = cloud.cli(&["events"]);
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_type = |name: &str| {
        let events = events.iter().filter(|event| event["detail-type"] == name);
        events
            .map(|event| event["detail"]["id"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    for name in ["CUSTOMER_CREATED", "CUSTOMER_LOCATION_CREATED"] {
        let unique: BTreeSet<&str> = of_type(name).into_iter().collect();
        assert_eq!(
            (of_type(name).len(), unique.len()),
            (CUSTOMERS + 1, CUSTOMERS + 1),
            "{name}"
        );
    }
}
