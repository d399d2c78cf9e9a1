//! Lambda's detection of recursive loops: a task with many pages would be stopped if its function did not allow loops.

use super::{Cloud, cloud::wait_for};
use domain::{Kind, department::Department};
use serde_json::json;
use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    thread::scope,
};
use table::keys;

/// More than sixteen pages of a hundred.
const DEPARTMENTS: usize = 1_650;
const PAGES: usize = 16;

#[test]
fn a_cascade_of_many_pages_needs_a_function_that_allows_loops() {
    let cloud = Cloud::start_with(|template| {
        let without = template.replace("      RecursiveLoop: Allow\n", "");
        assert_ne!(without, template);
        without
    });
    let queue = cloud.queue("local-delete-customer-children");
    let dead = cloud.queue("local-delete-customer-children-dead-letters");
    // Short, so that the test does not wait for minutes; longer than a page takes.
    cloud.aws(
        "AmazonSQS.SetQueueAttributes",
        &json!({"QueueUrl": queue, "Attributes": {"VisibilityTimeout": "5"}}),
    );
    let customer = cloud.customer("Acme");
    let next = AtomicUsize::new(0);
    scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= DEPARTMENTS {
                        return;
                    }
                    let name = format!("Department {number}");
                    cloud.post(&format!("{customer}/departments"), &json!({"name": name}), 201);
                }
            });
        }
    });
    let key = customer.rsplit('/').next().unwrap();
    let table = cloud.table();
    let departments = || {
        let query = json!({
            "TableName": table, "Select": "COUNT", "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": {
                ":pk": {"S": format!("CUS#{key}")}, ":sk": {"S": keys::prefix(Department::KIND)},
            },
        });
        cloud.aws("DynamoDB_20120810.Query", &query)["Count"].as_u64().unwrap() as usize
    };
    assert_eq!(departments(), DEPARTMENTS);

    cloud.delete(&customer);
    wait_for("the chain to be stopped", || cloud.depth(&dead) == 1);
    assert_eq!(departments(), DEPARTMENTS - PAGES * 100);
    assert_eq!(cloud.depth(&queue), 0);
    let log = cloud.data().join("logs/local-delete-customer-children.log");
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("stopped a recursive loop"), "{log}");

    // As deployed, the function goes on where it was stopped.
    cloud.kill();
    cloud.restore_template();
    cloud.launch();
    cloud.cli(&["redrive", "delete-customer-children"]);
    wait_for("the other departments to go", || departments() == 0);
    wait_for("the queues to be empty", || {
        cloud.depth(&queue) + cloud.depth(&dead) == 0
    });
}
