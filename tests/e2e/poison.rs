//! A failing message does not delay the others, goes to the dead-letter queue, and succeeds after a redrive.

use super::{Cloud, cloud::wait_for};
use serde_json::{Value, json};

#[test]
fn a_failing_message_delays_no_other_and_can_be_redriven() {
    let cloud = Cloud::start();
    let create = |name: &str| cloud.customer(name).rsplit('/').next().unwrap().to_owned();
    // A short visibility timeout retries failing messages soon, so the test does not wait for minutes.
    let queue = cloud.queue("local-create-customer-location");
    cloud.aws(
        "AmazonSQS.SetQueueAttributes",
        &json!({"QueueUrl": queue, "Attributes": {"VisibilityTimeout": "1"}}),
    );

    // An event without images makes the task read the customer. One customer's item is unreadable.
    let (bad, good) = (create("Bad"), create("Good"));
    let item = json!({"pk": {"S": format!("CUS#{bad}")}, "sk": {"S": "CUSTOMER"}});
    let table = cloud.table();
    let name = |value: Value| {
        json!({
            "TableName": table, "Key": item, "UpdateExpression": "SET #n = :n",
            "ExpressionAttributeNames": {"#n": "name"}, "ExpressionAttributeValues": {":n": value},
        })
    };
    cloud.aws("DynamoDB_20120810.UpdateItem", &name(json!({"N": "1"})));
    let address = |key: &str| {
        json!({
            "TableName": table, "Key": {"pk": {"S": format!("CUS#{key}")}, "sk": {"S": "CUSTOMER"}},
            "UpdateExpression": "SET address = :a",
            "ExpressionAttributeValues": {
                ":a": {"M": {"country": {"S": "US"}, "line1": {"S": "1 Main Street"}, "city": {"S": "Springfield"}}}
            },
        })
    };
    cloud.aws("DynamoDB_20120810.UpdateItem", &address(&bad));
    cloud.aws("DynamoDB_20120810.UpdateItem", &address(&good));
    for key in [&bad, &good] {
        let envelope =
            json!({"detail-type": "CUSTOMER_CREATED", "source": "customer-service", "detail": truncated(key)});
        cloud.aws(
            "AmazonSQS.SendMessage",
            &json!({"QueueUrl": queue, "MessageBody": envelope.to_string()}),
        );
    }

    let locations = |key: &str| cloud.all(&format!("/v1/customers/{key}/locations"));
    wait_for("the good message's location", || locations(&good).len() == 1);
    let dead = cloud.queue("create-customer-location-dead-letters");
    wait_for("the bad message in the dead-letter queue", || cloud.depth(&dead) == 1);
    assert_eq!(cloud.depth(&queue), 0);
    assert!(locations(&bad).is_empty());

    cloud.aws("DynamoDB_20120810.UpdateItem", &name(json!({"S": "Repaired"})));
    cloud.cli(&["redrive", "create-customer-location"]);
    wait_for("the repaired customer's location", || locations(&bad).len() == 1);
    wait_for("the queues to be empty", || {
        cloud.depth(&dead) + cloud.depth(&queue) == 0
    });

    // A message that EventBridge sent to the dead-letter queue has no queue to go back to.
    let third = create("Third");
    cloud.aws("DynamoDB_20120810.UpdateItem", &address(&third));
    let envelope =
        json!({"detail-type": "CUSTOMER_CREATED", "source": "customer-service", "detail": truncated(&third)});
    cloud.aws(
        "AmazonSQS.SendMessage",
        &json!({"QueueUrl": dead, "MessageBody": envelope.to_string()}),
    );
    let redrive = ["redrive", "create-customer-location-dead-letters"];
    let refused = cloud.try_cli(&redrive).unwrap_err();
    assert!(
        refused.contains("CouldNotDetermineMessageSource") && refused.contains("--destination-arn"),
        "{refused}"
    );
    let arn = "arn:aws:sqs:us-east-1:000000000000:local-create-customer-location";
    cloud.cli(&[&redrive[..], &["--destination-arn", arn]].concat());
    wait_for("the third customer's location", || locations(&third).len() == 1);
}

/// The event of the customer's creation, without its images.
fn truncated(key: &str) -> Value {
    json!({
        "id": "evt_01kb1v0c1tfr2v6krscysfnvgb", "type": "CUSTOMER_CREATED", "time": "2026-11-23T08:00:00.000Z",
        "customerKey": key, "entity": {"kind": "Customer", "key": key}, "version": 1, "changed": [],
        "actor": {"kind": "User", "id": "usr_test"}, "requestId": "a-request", "truncated": true,
    })
}
