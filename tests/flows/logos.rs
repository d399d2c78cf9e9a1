//! The objects in the bucket: the service keeps the logo that an owner shows and deletes all others.

use crate::support::{PNG, World, at, key_of, of_type, task};
use serde_json::{Value, json};

/// Requests an upload and uploads the PNG. Returns the path of the logo and the body that confirms it.
async fn upload(world: &World, owner: &str) -> (String, Value) {
    let path = format!("{owner}/logo");
    let request = json!({"contentType": "image/png", "bytes": PNG.len()});
    let answer = world.post(&world.admin(), &path, request).await.expect(201).body;
    world.objects.upload(&answer, PNG);
    (path, json!({"receipt": answer["receipt"]}))
}

/// Uploads and confirms a logo, and returns it.
async fn show(world: &World, owner: &str) -> Value {
    let (path, body) = upload(world, owner).await;
    world.put(&world.admin(), &path, body).await.expect(200).body["logo"].clone()
}

/// The keys of the objects that the CDN serves, and whether each is kept, which means that it has no expiry tag.
fn served(world: &World) -> Vec<(String, bool)> {
    let objects = world.objects.served().into_iter();
    objects.map(|(key, object)| (key, object.tags.is_empty())).collect()
}

/// The key of a logo's object.
fn key(logo: &Value) -> String {
    format!("logos/{}", logo["url"].as_str().unwrap().rsplit('/').next().unwrap())
}

/// Creates a client and returns its path.
async fn client(world: &World, customer: &str) -> String {
    let path = format!("{customer}/clients");
    let created = world
        .post(&world.admin(), &path, json!({"name": "Client"}))
        .await
        .expect(201);
    format!("{path}/{}", created.key())
}

#[tokio::test]
async fn a_new_logo_is_kept_and_the_old_one_is_deleted() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    for owner in [client(&world, &customer).await, customer] {
        let first = show(&world, &owner).await;
        assert_eq!(served(&world), [(key(&first), false)]);
        world.settle().await;
        assert_eq!(served(&world), [(key(&first), true)]);
        let second = show(&world, &owner).await;
        world.settle().await;
        assert_eq!(served(&world), [(key(&second), true)]);
        world.delete(&world.admin(), &format!("{owner}/logo")).await.expect(204);
        world.settle().await;
        assert_eq!(served(&world), []);
    }
}

#[tokio::test]
async fn deleting_an_owner_deletes_its_logo() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    let (one, other) = (client(&world, &customer).await, client(&world, &customer).await);
    let mut logos = Vec::new();
    for owner in [&customer, &one, &other] {
        logos.push(show(&world, owner).await);
    }
    world.settle().await;
    assert_eq!(served(&world).len(), 3);
    world.delete(&world.admin(), &one).await.expect(204);
    world.settle().await;
    assert_eq!(served(&world).len(), 2);
    // The deletion of the customer deletes the other client, and this one's logo too.
    world.delete(&world.admin(), &customer).await.expect(204);
    world.settle().await;
    assert_eq!(served(&world), []);
}

#[tokio::test]
async fn reordered_repeated_and_failed_deliveries_keep_the_last_logo() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    let mut last = Value::Null;
    for _ in 0..3 {
        last = show(&world, &customer).await;
    }
    world
        .patch(&world.admin(), &customer, json!({"name": "Other"}))
        .await
        .expect(200);
    world.run_trigger().await;
    let mut events = of_type(&world.spine.take(), "CUSTOMER_UPDATED");
    assert_eq!(events.len(), 4);
    events.reverse();
    let task = task("settle-logos");
    let twice = [events.clone(), events].concat();
    world.objects.fail_requests(3);
    let failed = world.deliver(&task, &twice).await;
    assert!(!failed.is_empty());
    let failed: Vec<Value> = failed.into_iter().map(|index| twice[index].clone()).collect();
    assert_eq!(world.deliver(&task, &failed).await, [] as [usize; 0]);
    assert_eq!(served(&world), [(key(&last), true)]);
}

#[tokio::test]
async fn an_unused_copy_keeps_the_tag_that_expires_it() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    let (path, receipt) = upload(&world, &customer).await;
    // Both requests copy the upload, and the logo is one of the copies.
    let admin = world.admin();
    tokio::join!(
        world.put(&admin, &path, receipt.clone()),
        world.put(&admin, &path, receipt)
    );
    let logo = world.get(&world.admin(), &customer).await.expect(200).body["logo"].clone();
    world.settle().await;
    for (object, is_kept) in served(&world) {
        assert_eq!(is_kept, object == key(&logo), "{object}");
    }
}
