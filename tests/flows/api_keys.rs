//! Keys end by time, with their partition and with their customer. They are invalid at once; these tests show that the tasks then expire
//! them in bounded pages, with repeats, failures and in any order.

use crate::support::{Call, Item, TABLE, World, at, key_of, of_type, task, with_fields};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use chrono::TimeDelta;
use domain::plaintext::Plaintext;
use serde_json::{Value, json};

/// Creates a partition and returns the path of its keys.
async fn partition(world: &World, customer: &str, name: &str) -> String {
    let partitions = format!("{customer}/partitions");
    let body = json!({"name": name, "environment": "qa"});
    let created = world.post(&world.admin(), &partitions, body).await.expect(201);
    format!("{partitions}/{}/api-keys", created.key())
}

/// Creates a key and returns its path and its plaintext.
async fn issue(world: &World, keys: &str, fields: Value) -> (String, Plaintext) {
    let body = with_fields(json!({"kind": "Admin", "name": "Key"}), fields);
    let issued = world.post(&world.admin(), keys, body).await.expect(201).body;
    let plaintext = Plaintext::read(issued["plaintext"].as_str().unwrap()).unwrap();
    (format!("{keys}/{}", key_of(&issued["apiKey"])), plaintext)
}

/// The item of a key.
async fn item_of(world: &World, plain: &Plaintext) -> Item {
    let key = table::keys::api_key(plain.customer, plain.partition, plain.key);
    world.item(&key).await.unwrap()
}

/// Copies a key this often within its partition. The copies have its secret, and are written directly to the table.
async fn copy(world: &World, one: &Plaintext, count: usize) -> Vec<Plaintext> {
    let original = item_of(world, one).await;
    let copies: Vec<Plaintext> = (0..count)
        .map(|_| Plaintext {
            key: world.ctx.new_key(),
            ..one.clone()
        })
        .collect();
    for some in copies.chunks(25) {
        let puts = some.iter().map(|copy| {
            let mut item = original.clone();
            item.extend(table::keys::api_key(copy.customer, copy.partition, copy.key).attributes());
            item.insert("key".into(), AttributeValue::S(copy.key.to_string()));
            let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        });
        let batch = world.client.batch_write_item().request_items(TABLE, puts.collect());
        batch.send().await.unwrap();
    }
    copies
}

async fn is_valid(world: &World, plain: &Plaintext) -> bool {
    let call = Call::new("POST", "/v1/api-keys/verify").json(json!({"plaintext": plain.text()}));
    world.send(call).await.expect(200).body["valid"] == true
}

#[tokio::test]
async fn deleting_a_customer_deletes_its_partitions_and_expires_its_keys() {
    let world = World::new().await;
    let admin = world.admin();
    let customer = at(&key_of(&world.customer(json!({})).await));
    let group = world
        .post(&admin, &format!("{customer}/partition-groups"), json!({"name": "G"}))
        .await
        .expect(201);
    let mut plaintexts = Vec::new();
    for n in 0..105 {
        let keys = partition(&world, &customer, &format!("P{n}")).await;
        if n % 3 == 0 {
            let path = keys.strip_suffix("/api-keys").unwrap();
            world
                .patch(&admin, path, json!({"groupKey": group.key()}))
                .await
                .expect(200);
        }
        if n < 4 {
            let (_, one) = issue(&world, &keys, json!({})).await;
            plaintexts.extend(copy(&world, &one, 130).await);
            plaintexts.push(one);
        }
    }
    world.settle().await;
    assert!(is_valid(&world, &plaintexts[0]).await);
    world.delete(&admin, &customer).await.expect(204);
    for plain in plaintexts.iter().step_by(40) {
        assert!(!is_valid(&world, plain).await);
    }
    // Five tasks fail after their page, before they send themselves the next one.
    world.spine.fail_sends(5);
    let events = world.settle().await;
    assert_eq!(of_type(&events, "CUSTOMER_PARTITION_DELETED").len(), 105);
    assert_eq!(of_type(&events, "CUSTOMER_PARTITION_GROUP_DELETED").len(), 1);
    assert_eq!(of_type(&events, "API_KEY_EXPIRED").len(), plaintexts.len());
    let remaining = world.remaining_items(customer.rsplit('/').next().unwrap()).await;
    assert_eq!(remaining.len(), plaintexts.len());
    assert!(remaining.iter().all(|item| item.contains(" KEY#")), "{remaining:?}");
    for plain in &plaintexts {
        world
            .remove_by_ttl(&format!(
                "{customer}/partitions/{}/api-keys/{}",
                plain.partition, plain.key
            ))
            .await;
    }
    assert_eq!(
        world.remaining_items(customer.rsplit('/').next().unwrap()).await,
        [] as [String; 0]
    );
    let events = world.settle().await;
    let deleted = of_type(&events, "API_KEY_DELETED");
    assert_eq!(deleted.len(), plaintexts.len());
    assert_eq!(deleted[0]["actor"], json!({"kind": "System", "id": "time-to-live"}));
}

#[tokio::test]
async fn each_invocation_expires_one_page_of_keys() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    let keys = partition(&world, &customer, "P").await;
    let (_, one) = issue(&world, &keys, json!({})).await;
    copy(&world, &one, 250).await;
    world.settle().await;
    let path = keys.strip_suffix("/api-keys").unwrap();
    world
        .delete(&world.admin(), &format!("{path}?force=true"))
        .await
        .expect(204);
    world.run_trigger().await;
    let mut waiting = of_type(&world.spine.take(), "CUSTOMER_PARTITION_DELETED");
    let task = task("expire-partition-api-keys");
    let mut invocations = 0;
    while !waiting.is_empty() {
        let (failed, requests) = world.deliver_recorded(&task, &waiting).await;
        // Whether the partition is gone, a page of keys, and two halves of it.
        assert!(failed.is_empty() && requests.len() <= 4, "{requests:?}");
        waiting = world.spine.take_sent();
        invocations += 1;
    }
    assert_eq!(invocations, 3);
    let all = format!("{customer}/partitions");
    assert_eq!(world.all(&world.admin(), &all).await.len(), 0);
}

#[tokio::test]
async fn a_late_task_expires_only_keys_older_than_the_deactivation() {
    let world = World::new().await;
    let admin = world.admin();
    let customer = at(&key_of(&world.customer(json!({})).await));
    let mut old = Vec::new();
    for n in 0..30 {
        let keys = partition(&world, &customer, &format!("P{n}")).await;
        // Most partitions have no keys.
        if n % 14 == 0 {
            let (_, one) = issue(&world, &keys, json!({})).await;
            old.extend(copy(&world, &one, 201).await);
            old.push(one);
        }
    }
    let keys = partition(&world, &customer, "Last").await;
    world.settle().await;
    world.clock.forward(TimeDelta::seconds(1));
    world.act(&customer, "deactivate").await;
    world.clock.forward(TimeDelta::seconds(1));
    world.act(&customer, "reactivate").await;
    let (newer, newer_plain) = issue(&world, &keys, json!({})).await;
    // The task gets the deactivation only now, and twice.
    world.run_trigger().await;
    let deactivated = of_type(&world.spine.take(), "CUSTOMER_DEACTIVATED");
    let task = task("expire-customer-api-keys");
    world.spine.fail_sends(2);
    let deliveries = world
        .deliver_until_done(&task, [deactivated.clone(), deactivated].concat())
        .await;
    assert!(deliveries > 3, "{deliveries}");
    let events = world.settle().await;
    assert_eq!(of_type(&events, "API_KEY_EXPIRED").len(), old.len());
    for plain in old.iter().step_by(50) {
        assert!(!is_valid(&world, plain).await);
    }
    assert!(is_valid(&world, &newer_plain).await);
    assert_eq!(world.get(&admin, &newer).await.expect(200).body["status"], "Active");
}

#[tokio::test]
async fn a_due_key_expires_within_a_minute_and_once() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    let keys = partition(&world, &customer, "P").await;
    let (short, plain) = issue(&world, &keys, json!({"ttlSeconds": 90})).await;
    copy(&world, &plain, 250).await;
    let (long, _) = issue(&world, &keys, json!({"ttlSeconds": 9000})).await;
    let (rotated, _) = issue(&world, &keys, json!({})).await;
    let overlap = json!({"overlapSeconds": 30});
    world
        .post(&world.admin(), &format!("{rotated}/rotate"), overlap)
        .await
        .expect(201);
    world.settle().await;
    let expire_due_keys = || world.run_standalone("expire-due-api-keys", json!({}));
    let (_, requests) = expire_due_keys().await;
    assert_eq!(requests, ["Query"; 4]);
    assert_eq!(world.settle().await, [] as [Value; 0]);
    world.clock.forward(TimeDelta::seconds(60));
    expire_due_keys().await;
    let events = world.settle().await;
    let expired = of_type(&events, "API_KEY_EXPIRED");
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0]["entity"]["key"], json!(rotated.rsplit('/').next()));
    assert_eq!(
        expired[0]["actor"],
        json!({"kind": "System", "id": "expire-due-api-keys"})
    );
    world.clock.forward(TimeDelta::seconds(60));
    expire_due_keys().await;
    expire_due_keys().await;
    let events = world.settle().await;
    assert_eq!(of_type(&events, "API_KEY_EXPIRED").len(), 251);
    let read = async |path: &str| world.get(&world.admin(), path).await.expect(200).body;
    let (short, long) = (read(&short).await, read(&long).await);
    // The key's end is its expiry, not the time at which the task stored it.
    assert_eq!(
        (&short["status"], &short["expiresAt"]),
        (&json!("Expired"), &json!("2026-11-23T08:01:30.000Z"))
    );
    assert_eq!((&short["version"], &long["status"]), (&json!(2), &json!("Active")));
}

#[tokio::test]
async fn a_key_is_kept_for_thirty_days_after_it_expires() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    let keys = partition(&world, &customer, "P").await;
    let (_, plain) = issue(&world, &keys, json!({"ttlSeconds": 3600})).await;
    let kept_until = || async {
        let item = item_of(&world, &plain).await;
        item[table::keys::TTL].as_n().unwrap().parse::<i64>().unwrap()
    };
    let created = world.clock.seconds();
    let days = 30 * 86_400;
    assert_eq!(kept_until().await, created + 3600 + days);
    let path = format!("{keys}/{}", plain.key);
    world.act(&path, "expire").await;
    assert_eq!(kept_until().await, created + days);
}

#[tokio::test]
async fn the_plaintext_appears_in_one_answer_and_nowhere_else() {
    let world = World::new().await;
    let admin = world.admin();
    let customer = at(&key_of(&world.customer(json!({})).await));
    let keys = partition(&world, &customer, "P").await;
    let call = |path: &str, body: Value| {
        let call = Call::new("POST", path).by(&admin).header("idempotency-key", "one");
        world.send(call.json(body))
    };
    let issued = call(&keys, json!({"kind": "Admin", "name": "Key"}))
        .await
        .expect(201)
        .body;
    let path = format!("{keys}/{}", key_of(&issued["apiKey"]));
    let rotated = call(&format!("{path}/rotate"), json!({})).await.expect(201).body;
    let mut texts = Vec::new();
    for plain in [&issued["plaintext"], &rotated["plaintext"]] {
        let plain = Plaintext::read(plain.as_str().unwrap()).unwrap();
        assert!(is_valid(&world, &plain).await);
        texts.push(world.get(&admin, &keys).await.expect(200).body);
    }
    texts.push(call(&keys, json!({"kind": "Admin", "name": "Key"})).await.body);
    world.act(&customer, "deactivate").await;
    texts.extend(world.settle().await);
    texts.extend(world.audit(customer.rsplit('/').next().unwrap()).await);
    texts.extend(world.stream_records(0));
    let items = world.items().await;
    let everything = format!("{} {items:?}", json!(texts));
    assert!(everything.contains("API_KEY_ROTATED") && everything.contains("ONCE#") && everything.contains("hash"));
    for plain in [&issued["plaintext"], &rotated["plaintext"]] {
        let text = plain.as_str().unwrap();
        // The whole plaintext, and its secret alone.
        for part in [text, &text["csk_qa_".len() + 66..text.len() - 6]] {
            assert!(!everything.contains(part), "{part}");
        }
    }
}

#[tokio::test]
async fn the_authorizer_accepts_only_valid_keys() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    let keys = partition(&world, &customer, "P").await;
    let (path, plain) = issue(
        &world,
        &keys,
        json!({"kind": "Custom", "scopes": ["a:read", "b:write"], "foreignKey": "app"}),
    )
    .await;
    let text = plain.text();
    let method = "arn:aws:execute-api:us-east-1:000000000000:api/prod/GET/orders";
    let authorize = |event: Value| async { world.run_standalone("authorize-api-key", event).await.0.unwrap() };
    let bearer = format!("Bearer {text}");
    let context = json!({
        "customerKey": plain.customer, "partitionKey": plain.partition, "environment": "qa", "keyId": plain.key, "kind": "Custom",
        "scopes": "a:read b:write", "expiresAt": "2027-11-23T08:00:00.000Z", "foreignKey": "app",
    });
    for headers in [
        json!({"x-api-key": text}),
        json!({"authorization": bearer}),
        json!({"Authorization": text}),
    ] {
        let simple = authorize(json!({"version": "2.0", "type": "REQUEST", "headers": headers})).await;
        assert_eq!(simple, json!({"isAuthorized": true, "context": context}));
    }
    for event in [
        json!({"type": "TOKEN", "authorizationToken": bearer, "methodArn": method}),
        json!({"type": "REQUEST", "headers": {"X-Api-Key": text}, "methodArn": method}),
    ] {
        let policy = authorize(event).await;
        assert_eq!(
            (&policy["principalId"], &policy["context"]),
            (&json!(plain.key), &context)
        );
        let statement = &policy["policyDocument"]["Statement"][0];
        assert_eq!(
            statement,
            &json!({"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": method})
        );
    }
    world.act(&path, "expire").await;
    for headers in [json!({"x-api-key": text}), json!({"x-api-key": "malformed"}), json!({})] {
        let simple = authorize(json!({"version": "2.0", "headers": headers})).await;
        assert_eq!(simple, json!({"isAuthorized": false}));
        let policy = authorize(json!({"type": "REQUEST", "headers": headers, "methodArn": method})).await;
        assert_eq!(policy["policyDocument"]["Statement"][0]["Effect"], "Deny");
        assert_eq!(policy.get("context"), None);
    }
    assert_eq!(
        authorize(json!({"version": "2.0", "headers": null})).await,
        json!({"isAuthorized": false})
    );
}
