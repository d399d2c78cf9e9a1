//! What becomes of the objects: what is shown stays, what is not goes.

use crate::support::{PNG, World, at, key_of, tasks};
use serde_json::{Value, json};

async fn show(world: &World, owner: &str) -> Value {
    let wish = json!({"contentType": "image/png", "bytes": PNG.len()});
    let path = format!("{owner}/logo");
    let asked = world.post(&world.admin(), &path, wish).await.expect(201).body;
    world.objects.upload(&asked, PNG);
    let body = json!({"receipt": asked["receipt"]});
    world.put(&world.admin(), &path, body).await.expect(200).body["logo"].clone()
}

/// The names of what the CDN serves, and whether each is there for good.
fn served(world: &World) -> Vec<(String, bool)> {
    let objects = world.objects.served().into_iter();
    objects.map(|(key, object)| (key, object.tags.is_empty())).collect()
}

fn key(logo: &Value) -> String {
    format!("logos/{}", logo["url"].as_str().unwrap().rsplit('/').next().unwrap())
}

async fn client(world: &World, customer: &str) -> String {
    let path = format!("{customer}/clients");
    let made = world
        .post(&world.admin(), &path, json!({"name": "Client"}))
        .await
        .expect(201);
    format!("{path}/{}", made.key())
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
    // The other client goes with the customer, and its logo with it.
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
    let mut events = world.spine.take();
    events.retain(|event| event["type"] == "CUSTOMER_UPDATED");
    assert_eq!(events.len(), 4);
    events.reverse();
    let task = tasks()
        .into_iter()
        .find(|task| task.spec.name == "settle-logos")
        .unwrap();
    let twice = [events.clone(), events].concat();
    world.objects.fail(3);
    let again = world.deliver(&task, &twice).await;
    assert!(!again.is_empty());
    let again: Vec<Value> = again.into_iter().map(|index| twice[index].clone()).collect();
    assert_eq!(world.deliver(&task, &again).await, [] as [usize; 0]);
    assert_eq!(served(&world), [(key(&last), true)]);
}

#[tokio::test]
async fn an_unused_copy_keeps_the_tag_that_expires_it() {
    let world = World::new().await;
    let customer = at(&key_of(&world.customer(json!({})).await));
    let wish = json!({"contentType": "image/png", "bytes": PNG.len()});
    let path = format!("{customer}/logo");
    let asked = world.post(&world.admin(), &path, wish).await.expect(201).body;
    world.objects.upload(&asked, PNG);
    let receipt = json!({"receipt": asked["receipt"]});
    // Both copy; one of them shows its copy.
    let admin = world.admin();
    tokio::join!(
        world.put(&admin, &path, receipt.clone()),
        world.put(&admin, &path, receipt)
    );
    let logo = world.get(&world.admin(), &customer).await.expect(200).body["logo"].clone();
    world.settle().await;
    for (object, stays) in served(&world) {
        assert_eq!(stays, object == key(&logo), "{object}");
    }
}
