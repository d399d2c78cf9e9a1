//! ETag and If-Match, on every endpoint that supports them.

use crate::support::{Answer, Call, World, at, key_of};
use serde_json::{Value, json};

/// A customer at version 2 with a location at version 2.
struct Scene {
    world: World,
    customer: String,
    location: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let customer = world.member_customer("Acme").await;
        let locations = format!("{}/locations", at(&customer));
        let location = key_of(
            &world
                .post(
                    &world.admin(),
                    &locations,
                    json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}}),
                )
                .await
                .expect(201)
                .body,
        );
        let location = format!("{locations}/{location}");
        for path in [at(&customer), location.clone()] {
            let patched = world
                .patch(&world.admin(), &path, json!({"name": "Changed"}))
                .await
                .expect(200);
            assert_eq!(patched.header("etag"), Some("\"2\""));
        }
        Self {
            world,
            customer: at(&customer),
            location,
        }
    }

    /// Every call that checks If-Match.
    fn calls(&self) -> Vec<(&'static str, String, Option<Value>)> {
        vec![
            ("PATCH", self.customer.clone(), Some(json!({"name": "New"}))),
            ("PATCH", self.customer.clone(), Some(json!({"externalId": "new"}))),
            ("PATCH", self.customer.clone(), Some(json!({"name": "Changed"}))),
            ("PATCH", self.location.clone(), Some(json!({"name": "New"}))),
            ("PATCH", self.location.clone(), Some(json!({"name": "Changed"}))),
            ("DELETE", self.location.clone(), None),
            ("POST", format!("{}/deactivate", self.customer), Some(json!({}))),
            ("POST", format!("{}/reactivate", self.customer), Some(json!({}))),
            ("DELETE", self.customer.clone(), None),
        ]
    }

    async fn send(&self, (method, path, body): &(&str, String, Option<Value>), tag: &str) -> Answer {
        let mut call = Call::new(method, path).by(&self.world.admin()).header("if-match", tag);
        if let Some(body) = body {
            call = call.json(body.clone());
        }
        self.world.send(call).await
    }
}

#[tokio::test]
async fn a_stale_etag_is_refused_with_the_current_version() {
    let scene = Scene::new().await;
    let written = scene.world.stream_records(0).len();
    for call in scene.calls() {
        for tag in [
            "\"1\"",
            "\"3\"",
            "\"0\"",
            "\"18446744073709551615\"",
            "\"99999999999999999999\"",
            // Tags are compared as text.
            "\"02\"",
            "\"+2\"",
            "\"2.0\"",
            "\"\"",
            "\"two\"",
            "\"*\"",
            "\"1,2\"",
            // Weak tags never match.
            "W/\"2\"",
            "W/\"2\", \"1\"",
            "\"0\", \"1\", \"3\"",
        ] {
            let answer = scene.send(&call, tag).await.problem(412, "VERSION_MISMATCH");
            assert_eq!(answer.body["details"], json!({"currentVersion": 2}), "{call:?} {tag}");
        }
    }
    assert_eq!(scene.world.stream_records(0).len(), written);
}

#[tokio::test]
async fn a_malformed_if_match_is_named() {
    let scene = Scene::new().await;
    for call in scene.calls() {
        for tag in [
            "2",
            "\"2",
            "2\"",
            "",
            ",",
            "w/\"2\"",
            "W/2",
            "\"2\" \"3\"",
            "\"2\", 3",
            "*, \"2\"",
            "\"2\", *",
            "\"2 3\"",
        ] {
            assert_eq!(
                scene.send(&call, tag).await.invalid_fields(),
                ["If-Match"],
                "{call:?} {tag}"
            );
        }
    }
}

#[tokio::test]
async fn the_current_etag_and_a_star_are_accepted() {
    for tag in ["\"2\"", "*", "\"1\",\"2\"", " W/\"2\" , ,\"2\" ,\"7\", "] {
        for number in 0..8 {
            let scene = Scene::new().await;
            let call = &scene.calls()[if number == 7 { 8 } else { number }];
            let answer = scene.send(call, tag).await;
            assert!([200, 204].contains(&answer.status), "{call:?} {tag}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn if_match_on_a_deleted_customer_is_not_found() {
    let scene = Scene::new().await;
    scene
        .world
        .delete(&scene.world.admin(), &scene.customer)
        .await
        .expect(204);
    for tag in ["\"2\"", "*"] {
        for (method, path, body) in scene.calls().into_iter().filter(|(_, path, _)| *path != scene.location) {
            scene.send(&(method, path, body), tag).await.problem(404, "NOT_FOUND");
        }
    }
}

#[tokio::test]
async fn one_of_two_concurrent_patches_with_one_etag_is_applied() {
    let scene = Scene::new().await;
    for (path, field) in [
        (&scene.customer, "name"),
        (&scene.customer, "externalId"),
        (&scene.location, "name"),
    ] {
        let current = scene.world.get(&scene.world.admin(), path).await.expect(200);
        let tag = current.header("etag").unwrap().to_owned();
        let one = ("PATCH", path.clone(), Some(json!({field: "one"})));
        let two = ("PATCH", path.clone(), Some(json!({field: "two"})));
        let (one, two) = tokio::join!(scene.send(&one, &tag), scene.send(&two, &tag));
        let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
        won.expect(200);
        lost.problem(412, "VERSION_MISMATCH");
    }
}
