//! API keys with the real binaries: a write ends them at once, the tasks expire and delete them, and no file holds a plaintext.

use super::{Cloud, cloud::wait_for};
use serde_json::{Value, json};

/// Creates a partition and returns the path of its keys.
fn partition(cloud: &Cloud, customer: &str, name: &str) -> String {
    let body = json!({"name": name, "environment": "prod"});
    let created = cloud.post(&format!("{customer}/partitions"), &body, 201);
    format!("{customer}/partitions/{}/api-keys", created["key"].as_str().unwrap())
}

/// Creates a key and returns its plaintext.
fn issue(cloud: &Cloud, keys: &str) -> String {
    let issued = cloud.post(keys, &json!({"kind": "Admin", "name": "Key"}), 201);
    issued["plaintext"].as_str().unwrap().to_owned()
}

fn is_valid(cloud: &Cloud, plaintext: &str) -> bool {
    // The request has no token: the key is the credential.
    let url = format!("{}/v1/api-keys/verify", cloud.api_url());
    let body = json!({"plaintext": plaintext}).to_string();
    let headers = [("content-type", "application/json")];
    let (status, _, answer) = cloud.fetch("POST", &url, &headers, body.as_bytes());
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(status, 200, "{answer}");
    if answer["valid"] == false {
        assert_eq!(answer, json!({"valid": false}));
    }
    answer["valid"] == true
}

fn is_gone(cloud: &Cloud, path: &str) -> bool {
    let answer = cloud.call("GET", path, &cloud.admin(), &[], None);
    answer.is_ok_and(|(status, _)| status == 404)
}

#[test]
fn disabling_a_customer_ends_its_keys_for_good_and_no_file_holds_a_plaintext() {
    let cloud = Cloud::start();
    let customer = cloud.customer("Acme");
    let keys = partition(&cloud, &customer, "Orders");
    let plaintext = issue(&cloud, &keys);
    assert!(is_valid(&cloud, &plaintext));
    let rotated = cloud.all(&keys)[0]["key"].as_str().unwrap().to_owned();
    let successor = cloud.post(&format!("{keys}/{rotated}/rotate"), &json!({}), 201);
    let successor = successor["plaintext"].as_str().unwrap().to_owned();
    assert!(is_valid(&cloud, &plaintext) && is_valid(&cloud, &successor));
    cloud.post(&format!("{customer}/deactivate"), &json!({}), 200);
    assert!(!is_valid(&cloud, &plaintext) && !is_valid(&cloud, &successor));
    cloud.post(&format!("{customer}/reactivate"), &json!({}), 200);
    assert!(!is_valid(&cloud, &plaintext) && !is_valid(&cloud, &successor));
    wait_for("the task to expire the keys", || {
        let is_ended = |key: &Value| key["status"] == "Expired" && key["version"].as_u64().unwrap() > 1;
        cloud.all(&keys).iter().all(is_ended)
    });
    wait_for("the events", || {
        cloud.cli(&["events"]).matches("API_KEY_EXPIRED").count() >= 2
    });
    // The key's time to live passes, as it does after thirty days.
    let [_, _, _, customer_key, _, partition_key, _] = keys.split('/').collect::<Vec<_>>()[..] else {
        panic!("{keys}")
    };
    let update = json!({
        "TableName": cloud.table(),
        "Key": {"pk": {"S": format!("CUS#{customer_key}")}, "sk": {"S": format!("KEY#{partition_key}#{rotated}")}},
        "UpdateExpression": "SET keptUntil = :past",
        "ExpressionAttributeValues": {":past": {"N": "1795000000"}},
    });
    cloud.aws("DynamoDB_20120810.UpdateItem", &update);
    wait_for("the key to disappear", || cloud.all(&keys).len() == 1);
    wait_for("the deletion event", || {
        cloud.cli(&["events"]).contains("API_KEY_DELETED")
    });
    let third = issue(&cloud, &keys);
    assert!(is_valid(&cloud, &third));
    // The schedule runs the function every minute, and once at the start.
    wait_for("the schedule", || {
        cloud.cli(&["logs", "expire-due-api-keys"]).contains("done")
    });

    let authorize = |event: &Value| -> Value {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, event.to_string()).unwrap();
        let answer = cloud.cli(&["invoke", "authorize-api-key", file.path().to_str().unwrap()]);
        serde_json::from_str(&answer).unwrap()
    };
    let simple = authorize(&json!({"version": "2.0", "headers": {"x-api-key": third}}));
    assert_eq!(simple["isAuthorized"], true, "{simple}");
    let token = json!({"type": "TOKEN", "authorizationToken": third, "methodArn": "arn:aws:execute-api:x"});
    assert_eq!(authorize(&token)["policyDocument"]["Statement"][0]["Effect"], "Allow");

    let mut altered = third.clone();
    altered.replace_range(60..61, if &third[60..61] == "x" { "y" } else { "x" });
    let refused = authorize(&json!({"version": "2.0", "headers": {"x-api-key": altered}}));
    assert_eq!(refused, json!({"isAuthorized": false}));
    let request = json!({"type": "REQUEST", "headers": {"X-Api-Key": altered}, "methodArn": "arn:aws:execute-api:x"});
    assert_eq!(authorize(&request)["policyDocument"]["Statement"][0]["Effect"], "Deny");

    // All files: the table, the queues, the history of the bus, the logs.
    cloud.kill();
    let files = cloud.files();
    let has = |text: &str| {
        let holds = |path: &&std::path::PathBuf| {
            let content = std::fs::read(path).unwrap();
            content.windows(text.len()).any(|window| window == text.as_bytes())
        };
        files.iter().filter(holds).count()
    };
    // Ensure that the search finds the id, which the files do hold.
    assert!(has(&rotated) >= 2);
    for plaintext in [&plaintext, &successor, &third] {
        // The secret and the checksum, which are the end of the plaintext.
        assert_eq!(has(&plaintext[plaintext.len() - 39..]), 0);
    }
}

#[test]
fn deleting_a_customer_ends_its_keys_at_once_and_deletes_its_partitions_after_a_kill() {
    let cloud = Cloud::start();
    let customer = cloud.customer("Acme");
    let mut plaintexts = Vec::new();
    let mut paths = Vec::new();
    for n in 0..6 {
        let keys = partition(&cloud, &customer, &format!("P{n}"));
        plaintexts.extend((0..4).map(|_| issue(&cloud, &keys)));
        paths.push(keys);
    }
    assert!(plaintexts.iter().all(|plaintext| is_valid(&cloud, plaintext)));
    cloud.delete(&customer);
    assert!(!plaintexts.iter().any(|plaintext| is_valid(&cloud, plaintext)));
    cloud.kill();
    cloud.launch();
    for keys in &paths {
        wait_for("the partition to be gone", || {
            is_gone(&cloud, keys.strip_suffix("/api-keys").unwrap())
        });
        wait_for("its list of active keys to be gone", || {
            is_gone(&cloud, &format!("{keys}?status=Active"))
        });
    }
    wait_for("the events", || {
        cloud.cli(&["events"]).matches("API_KEY_EXPIRED").count() >= plaintexts.len()
    });
    assert!(!plaintexts.iter().any(|plaintext| is_valid(&cloud, plaintext)));
}
