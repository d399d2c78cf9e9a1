//! API keys with the real binaries: dead with the write that ends them, gone in the end, and their plaintext nowhere.

use super::{Cloud, cloud::wait_for};
use serde_json::{Value, json};

fn customer(cloud: &Cloud) -> String {
    let body = json!({"type": "Business", "name": "Acme", "isTenantCustomer": true});
    let made = cloud.post("/v1/customers", &body, 201);
    format!("/v1/customers/{}", made["key"].as_str().unwrap())
}

/// The path of a new partition's keys.
fn partition(cloud: &Cloud, customer: &str, name: &str) -> String {
    let body = json!({"name": name, "environment": "prod"});
    let made = cloud.post(&format!("{customer}/partitions"), &body, 201);
    format!("{customer}/partitions/{}/api-keys", made["key"].as_str().unwrap())
}

fn issue(cloud: &Cloud, keys: &str) -> String {
    let issued = cloud.post(keys, &json!({"kind": "Admin", "name": "Key"}), 201);
    issued["plaintext"].as_str().unwrap().to_owned()
}

fn is_valid(cloud: &Cloud, plaintext: &str) -> bool {
    // Without a token: the key is the credential.
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

fn delete(cloud: &Cloud, path: &str) {
    let (status, answer) = cloud.call("DELETE", path, &cloud.admin(), &[], None).unwrap();
    assert_eq!(status, 204, "{answer}");
}

fn is_gone(cloud: &Cloud, path: &str) -> bool {
    let answer = cloud.call("GET", path, &cloud.admin(), &[], None);
    answer.is_ok_and(|(status, _)| status == 404)
}

#[test]
fn disabling_a_customer_ends_its_keys_for_good_and_no_file_holds_a_plaintext() {
    let cloud = Cloud::start();
    let customer = customer(&cloud);
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
    wait_for("it to be written down", || {
        let is_ended = |key: &Value| key["status"] == "Expired" && key["version"].as_u64().unwrap() > 1;
        cloud.all(&keys).iter().all(is_ended)
    });
    wait_for("the events", || {
        cloud.cli(&["events"]).matches("API_KEY_EXPIRED").count() >= 2
    });
    // Thirty days later, as the table sees it.
    let [_, _, _, customer_key, _, partition_key, _] = keys.split('/').collect::<Vec<_>>()[..] else {
        panic!("{keys}")
    };
    let update = json!({
        "TableName": cloud.aws("DynamoDB_20120810.ListTables", &json!({}))["TableNames"][0],
        "Key": {"pk": {"S": format!("CUS#{customer_key}#PTN#{partition_key}")}, "sk": {"S": format!("KEY#{rotated}")}},
        "UpdateExpression": "SET keptUntil = :past",
        "ExpressionAttributeValues": {":past": {"N": "1795000000"}},
    });
    cloud.aws("DynamoDB_20120810.UpdateItem", &update);
    wait_for("the key to disappear", || cloud.all(&keys).len() == 1);
    wait_for("the event of that", || {
        cloud.cli(&["events"]).contains("API_KEY_DELETED")
    });
    let third = issue(&cloud, &keys);
    assert!(is_valid(&cloud, &third));
    // Every minute, and once at the start.
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

    let mut broken = third.clone();
    broken.replace_range(60..61, if &third[60..61] == "x" { "y" } else { "x" });
    let refused = authorize(&json!({"version": "2.0", "headers": {"x-api-key": broken}}));
    assert_eq!(refused, json!({"isAuthorized": false}));
    let request = json!({"type": "REQUEST", "headers": {"X-Api-Key": broken}, "methodArn": "arn:aws:execute-api:x"});
    assert_eq!(authorize(&request)["policyDocument"]["Statement"][0]["Effect"], "Deny");

    // Tables, queues, the bus's history, every log: as they lie on the disk.
    cloud.kill();
    let files = cloud.files();
    let has = |text: &str| {
        let holds = |path: &&std::path::PathBuf| {
            let content = std::fs::read(path).unwrap();
            content.windows(text.len()).any(|window| window == text.as_bytes())
        };
        files.iter().filter(holds).count()
    };
    // It looks in the right place.
    assert!(has(&rotated) >= 2);
    for plaintext in [&plaintext, &successor, &third] {
        // The secret and the checksum.
        assert_eq!(has(&plaintext[plaintext.len() - 39..]), 0);
    }
}

#[test]
fn deleting_a_customer_ends_its_keys_at_once_and_deletes_its_partitions_after_a_kill() {
    let cloud = Cloud::start();
    let customer = customer(&cloud);
    let mut plaintexts = Vec::new();
    let mut paths = Vec::new();
    for n in 0..6 {
        let keys = partition(&cloud, &customer, &format!("P{n}"));
        plaintexts.extend((0..4).map(|_| issue(&cloud, &keys)));
        paths.push(keys);
    }
    assert!(plaintexts.iter().all(|plaintext| is_valid(&cloud, plaintext)));
    delete(&cloud, &customer);
    assert!(!plaintexts.iter().any(|plaintext| is_valid(&cloud, plaintext)));
    cloud.kill();
    cloud.launch();
    for keys in &paths {
        wait_for("the partition to be gone", || {
            is_gone(&cloud, keys.strip_suffix("/api-keys").unwrap())
        });
        wait_for("its keys to be ended", || {
            is_gone(&cloud, &format!("{keys}?status=Active"))
        });
    }
    wait_for("the events", || {
        cloud.cli(&["events"]).matches("API_KEY_EXPIRED").count() >= plaintexts.len()
    });
    assert!(!plaintexts.iter().any(|plaintext| is_valid(&cloud, plaintext)));
}
