//! One bad message holds up nobody, ends in the dead-letter queue, and comes home from there.

use super::{Cloud, cloud::wait_for};
use serde_json::{Value, json};

#[test]
fn a_failing_message_delays_no_other_and_can_be_redriven() {
    let cloud = Cloud::start();
    let admin = cloud.admin();
    let create = |name: &str| -> String {
        let body = json!({"type": "Business", "name": name, "isTenantCustomer": true});
        let (status, customer) = cloud.call("POST", "/v1/customers", &admin, &[], Some(&body)).unwrap();
        assert_eq!(status, 201, "{customer}");
        customer["key"].as_str().unwrap().to_owned()
    };
    // Failing messages are tried again soon, so that the test does not wait for minutes.
    let queue = cloud.queue("local-create-customer-location");
    cloud.aws(
        "AmazonSQS.SetQueueAttributes",
        &json!({"QueueUrl": queue, "Attributes": {"VisibilityTimeout": "1"}}),
    );

    // An event without its images makes the task read the customer; this one's item is damaged.
    let (broken, whole) = (create("Broken"), create("Whole"));
    let item = json!({"pk": {"S": format!("CUS#{broken}")}, "sk": {"S": "CUSTOMER"}});
    let table = table(&cloud);
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
            "ExpressionAttributeValues": {":a": {"M": {"country": {"S": "US"}, "line1": {"S": "1 Main Street"}}}},
        })
    };
    cloud.aws("DynamoDB_20120810.UpdateItem", &address(&broken));
    cloud.aws("DynamoDB_20120810.UpdateItem", &address(&whole));
    for key in [&broken, &whole] {
        let envelope =
            json!({"detail-type": "CUSTOMER_CREATED", "source": "customer-service", "detail": truncated(key)});
        cloud.aws(
            "AmazonSQS.SendMessage",
            &json!({"QueueUrl": queue, "MessageBody": envelope.to_string()}),
        );
    }

    let locations = |key: &str| cloud.all(&format!("/v1/customers/{key}/locations"));
    wait_for("the good message's location", || locations(&whole).len() == 1);
    let dead = cloud.queue("create-customer-location-dead-letters");
    wait_for("the bad message to be dead", || cloud.depth(&dead) == 1);
    assert_eq!(cloud.depth(&queue), 0);
    assert!(locations(&broken).is_empty());

    cloud.aws("DynamoDB_20120810.UpdateItem", &name(json!({"S": "Mended"})));
    cloud.cli(&["redrive", "create-customer-location"]);
    wait_for("the mended customer's location", || locations(&broken).len() == 1);
    wait_for("the queues to be empty", || {
        cloud.depth(&dead) + cloud.depth(&queue) == 0
    });
}

fn table(cloud: &Cloud) -> String {
    let tables = cloud.aws("DynamoDB_20120810.ListTables", &json!({}));
    tables["TableNames"][0].as_str().unwrap().to_owned()
}

fn truncated(key: &str) -> Value {
    json!({
        "id": "evt_01kb1v0c1tfr2v6krscysfnvgb", "type": "CUSTOMER_CREATED", "time": "2026-11-23T08:00:00.000Z",
        "customerKey": key, "entity": {"kind": "Customer", "key": key}, "version": 1, "changed": [],
        "actor": {"kind": "User", "id": "usr_test"}, "requestId": "a-request", "truncated": true,
    })
}
