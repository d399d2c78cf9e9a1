//! What becomes of keys: by time, with their partition, with their customer. Each is dead at once; what is shown here is that the rest
//! follows, in bounded pages, however often and in whatever order.

use crate::support::{Call, TABLE, World, at, key_of, tasks};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use chrono::TimeDelta;
use domain::plaintext::Plaintext;
use serde_json::{Value, json};

async fn partition(world: &World, customer: &str, name: &str) -> String {
    let partitions = format!("{customer}/partitions");
    let body = json!({"name": name, "environment": "qa"});
    let made = world.post(&world.admin(), &partitions, body).await.expect(201);
    format!("{partitions}/{}/api-keys", made.key())
}

async fn issue(world: &World, keys: &str, fields: Value) -> (String, Plaintext) {
    let mut body = json!({"kind": "Admin", "name": "Key"});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    let issued = world.post(&world.admin(), keys, body).await.expect(201).body;
    let plaintext = Plaintext::read(issued["plaintext"].as_str().unwrap()).unwrap();
    (format!("{keys}/{}", key_of(&issued["apiKey"])), plaintext)
}

/// As many more keys as this in the same partition, past the endpoint; they share its secret.
async fn multiply(world: &World, one: &Plaintext, more: usize) -> Vec<Plaintext> {
    let key = table::keys::api_key(one.customer, one.partition, one.key);
    let get = world
        .client
        .get_item()
        .table_name(TABLE)
        .set_key(Some(key.attributes()));
    let pattern = get.send().await.unwrap().item.unwrap();
    let others: Vec<Plaintext> = (0..more)
        .map(|_| Plaintext {
            key: world.ctx.new_key(),
            ..one.clone()
        })
        .collect();
    for some in others.chunks(25) {
        let puts = some.iter().map(|other| {
            let mut item = pattern.clone();
            item.extend(table::keys::api_key(other.customer, other.partition, other.key).attributes());
            item.insert("key".into(), AttributeValue::S(other.key.to_string()));
            let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        });
        let batch = world.client.batch_write_item().request_items(TABLE, puts.collect());
        batch.send().await.unwrap();
    }
    others
}

async fn is_valid(world: &World, plain: &Plaintext) -> bool {
    let call = Call::new("POST", "/v1/api-keys/verify").json(json!({"plaintext": plain.text()}));
    world.send(call).await.expect(200).body["valid"] == true
}

fn of_type<'e>(events: &'e [Value], name: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["type"] == name).collect()
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
            plaintexts.extend(multiply(&world, &one, 130).await);
            plaintexts.push(one);
        }
    }
    world.settle().await;
    assert!(is_valid(&world, &plaintexts[0]).await);
    world.delete(&admin, &customer).await.expect(204);
    for plain in plaintexts.iter().step_by(40) {
        assert!(!is_valid(&world, plain).await);
    }
    // Some are killed between a page and the message that goes on from it.
    world.spine.fail_sends(5);
    let events = world.settle().await;
    assert_eq!(of_type(&events, "CUSTOMER_PARTITION_DELETED").len(), 105);
    assert_eq!(of_type(&events, "CUSTOMER_PARTITION_GROUP_DELETED").len(), 1);
    assert_eq!(of_type(&events, "API_KEY_EXPIRED").len(), plaintexts.len());
    let left = world.left_of(customer.rsplit('/').next().unwrap()).await;
    assert_eq!(left.len(), plaintexts.len());
    assert!(left.iter().all(|item| item.contains(" KEY#")), "{left:?}");
    for plain in &plaintexts {
        world
            .outlive(&format!(
                "{customer}/partitions/{}/api-keys/{}",
                plain.partition, plain.key
            ))
            .await;
    }
    assert_eq!(
        world.left_of(customer.rsplit('/').next().unwrap()).await,
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
    multiply(&world, &one, 250).await;
    world.settle().await;
    let path = keys.strip_suffix("/api-keys").unwrap();
    world.delete(&world.admin(), path).await.expect(204);
    world.run_trigger().await;
    let mut waiting = world.spine.take();
    waiting.retain(|event| event["type"] == "CUSTOMER_PARTITION_DELETED");
    let task = tasks()
        .into_iter()
        .find(|task| task.spec.name == "expire-partition-api-keys")
        .unwrap();
    let mut invocations = 0;
    while !waiting.is_empty() {
        let (again, seen) = world.deliver_seen(&task, &waiting).await;
        assert!(again.is_empty() && seen.requests.len() <= 3, "{:?}", seen.requests);
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
        // Most have none: the task passes them by, not all of them at once.
        if n % 14 == 0 {
            let (_, one) = issue(&world, &keys, json!({})).await;
            old.extend(multiply(&world, &one, 101).await);
            old.push(one);
        }
    }
    let keys = partition(&world, &customer, "Last").await;
    world.settle().await;
    world.clock.forward(TimeDelta::seconds(1));
    world
        .post(&admin, &format!("{customer}/deactivate"), json!({}))
        .await
        .expect(200);
    world.clock.forward(TimeDelta::seconds(1));
    world
        .post(&admin, &format!("{customer}/reactivate"), json!({}))
        .await
        .expect(200);
    let (newer, newer_plain) = issue(&world, &keys, json!({})).await;
    // Twice, and only now.
    world.run_trigger().await;
    let events = world.spine.take();
    let disabled: Vec<Value> = of_type(&events, "CUSTOMER_DEACTIVATED").into_iter().cloned().collect();
    let task = tasks()
        .into_iter()
        .find(|task| task.spec.name == "expire-customer-api-keys")
        .unwrap();
    world.spine.fail_sends(2);
    let deliveries = world.work_off(&task, [disabled.clone(), disabled].concat()).await;
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
    multiply(&world, &plain, 250).await;
    let (long, _) = issue(&world, &keys, json!({"ttlSeconds": 9000})).await;
    let (rotated, _) = issue(&world, &keys, json!({})).await;
    let overlap = json!({"overlapSeconds": 30});
    world
        .post(&world.admin(), &format!("{rotated}/rotate"), overlap)
        .await
        .expect(201);
    world.settle().await;
    let minute = || world.run("expire-due-api-keys", json!({}));
    let (_, seen) = minute().await;
    assert_eq!(seen.requests, ["Query"; 4]);
    assert_eq!(world.settle().await, [] as [Value; 0]);
    world.clock.forward(TimeDelta::seconds(60));
    minute().await;
    let events = world.settle().await;
    let expired = of_type(&events, "API_KEY_EXPIRED");
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0]["entity"]["key"], json!(rotated.rsplit('/').next()));
    assert_eq!(
        expired[0]["actor"],
        json!({"kind": "System", "id": "expire-due-api-keys"})
    );
    world.clock.forward(TimeDelta::seconds(60));
    minute().await;
    minute().await;
    let events = world.settle().await;
    assert_eq!(of_type(&events, "API_KEY_EXPIRED").len(), 251);
    let read = async |path: &str| world.get(&world.admin(), path).await.expect(200).body;
    let (short, long) = (read(&short).await, read(&long).await);
    // It ended when it was to, not when that was written down.
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
        let key = table::keys::api_key(plain.customer, plain.partition, plain.key);
        let get = world
            .client
            .get_item()
            .table_name(TABLE)
            .set_key(Some(key.attributes()));
        let item = get.send().await.unwrap().item.unwrap();
        item[table::keys::TTL].as_n().unwrap().parse::<i64>().unwrap()
    };
    let made = world.clock.seconds();
    let days = 30 * 86_400;
    assert_eq!(kept_until().await, made + 3600 + days);
    let path = format!("{keys}/{}", plain.key);
    world
        .post(&world.admin(), &format!("{path}/expire"), json!({}))
        .await
        .expect(200);
    assert_eq!(kept_until().await, made + days);
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
    let mut told = Vec::new();
    for plain in [&issued["plaintext"], &rotated["plaintext"]] {
        let plain = Plaintext::read(plain.as_str().unwrap()).unwrap();
        assert!(is_valid(&world, &plain).await);
        told.push(world.get(&admin, &keys).await.expect(200).body);
    }
    told.push(call(&keys, json!({"kind": "Admin", "name": "Key"})).await.body);
    world
        .post(&admin, &format!("{customer}/deactivate"), json!({}))
        .await
        .expect(200);
    told.extend(world.settle().await);
    told.extend(world.audit(customer.rsplit('/').next().unwrap()).await);
    told.extend(world.stream(0));
    let items = world.client.scan().table_name(TABLE).send().await.unwrap();
    let everything = format!("{} {items:?}", json!(told));
    assert!(everything.contains("API_KEY_ROTATED") && everything.contains("ONCE#") && everything.contains("hash"));
    for plain in [&issued["plaintext"], &rotated["plaintext"]] {
        let text = plain.as_str().unwrap();
        // All of it, and the secret alone.
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
    let ask = |event: Value| async { world.run("authorize-api-key", event).await.0.unwrap() };
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
        let simple = ask(json!({"version": "2.0", "type": "REQUEST", "headers": headers})).await;
        assert_eq!(simple, json!({"isAuthorized": true, "context": context}));
    }
    for event in [
        json!({"type": "TOKEN", "authorizationToken": bearer, "methodArn": method}),
        json!({"type": "REQUEST", "headers": {"X-Api-Key": text}, "methodArn": method}),
    ] {
        let policy = ask(event).await;
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
    world
        .post(&world.admin(), &format!("{path}/expire"), json!({}))
        .await
        .expect(200);
    for headers in [json!({"x-api-key": text}), json!({"x-api-key": "junk"}), json!({})] {
        let simple = ask(json!({"version": "2.0", "headers": headers})).await;
        assert_eq!(simple, json!({"isAuthorized": false}));
        let policy = ask(json!({"type": "REQUEST", "headers": headers, "methodArn": method})).await;
        assert_eq!(policy["policyDocument"]["Statement"][0]["Effect"], "Deny");
        assert_eq!(policy.get("context"), None);
    }
    assert_eq!(
        ask(json!({"version": "2.0", "headers": null})).await,
        json!({"isAuthorized": false})
    );
}
