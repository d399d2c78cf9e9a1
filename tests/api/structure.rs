//! Departments, locations and contacts: what both scopes have in common, and what each keeps to itself. Locations of a customer are
//! looked at more closely in `locations`.

use crate::support::{World, at, key_of};
use serde_json::{Value, json};

struct Scene {
    world: World,
    customer: String,
    /// Where the customer's own things are, and where those of two of its clients are.
    scopes: [String; 3],
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let customer = world.member_customer("Acme").await;
        let mut scopes = vec![at(&customer)];
        for name in ["One", "Other"] {
            let made = world
                .post(
                    &world.admin(),
                    &format!("{}/clients", at(&customer)),
                    json!({"name": name}),
                )
                .await;
            scopes.push(format!("{}/clients/{}", at(&customer), key_of(&made.expect(201).body)));
        }
        Self {
            world,
            customer,
            scopes: scopes.try_into().unwrap(),
        }
    }

    async fn make(&self, scope: &str, things: &str, fields: Value) -> Value {
        let body = with(body(things), fields);
        self.world
            .post(&self.world.admin(), &format!("{scope}/{things}"), body)
            .await
            .expect(201)
            .body
    }
}

fn body(things: &str) -> Value {
    match things {
        "departments" => json!({"name": "Sales", "description": "They sell.\nAll day."}),
        "locations" => json!({"name": "Shop", "address": {"city": "Springfield"}}),
        _ => json!({"type": "Billing", "firstName": "Ada", "lastName": "L", "email": "ada@acme.example"}),
    }
}

fn with(mut body: Value, fields: Value) -> Value {
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    body
}

const THINGS: [&str; 3] = ["departments", "locations", "contacts"];

#[tokio::test]
async fn each_scope_supports_create_read_update_list_and_delete() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    for scope in &scene.scopes {
        for things in THINGS {
            let path = format!("{scope}/{things}");
            let made = world.post(&admin, &path, body(things)).await.expect(201);
            assert_eq!(made.seen.requests, ["TransactWriteItems"]);
            let one = format!("{path}/{}", made.key());
            assert_eq!(made.header("location"), Some(one.as_str()));
            let read = world.get(&admin, &one).await.expect(200);
            assert_eq!(
                (&read.body, read.seen.requests),
                (&made.body, vec!["GetItem".to_owned()])
            );
            let field = if things == "contacts" { "title" } else { "name" };
            let changed = world.patch(&admin, &one, json!({field: "New"})).await.expect(200).body;
            assert_eq!((&changed[field], &changed["version"]), (&json!("New"), &json!(2)));
            assert_eq!(world.all(&admin, &path).await, [changed]);
            world.delete(&admin, &one).await.expect(204);
            assert!(world.all(&admin, &path).await.is_empty());
            world.get(&admin, &one).await.problem(404, "NOT_FOUND");
        }
    }
}

#[tokio::test]
async fn an_entity_of_one_scope_is_not_found_in_another() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    for things in THINGS {
        let made = scene.make(&scene.scopes[1], things, json!({})).await;
        for scope in [&scene.scopes[0], &scene.scopes[2]] {
            let elsewhere = format!("{scope}/{things}/{}", key_of(&made));
            world.get(&admin, &elsewhere).await.problem(404, "NOT_FOUND");
            world
                .patch(&admin, &elsewhere, json!({"isActive": false}))
                .await
                .problem(404, "NOT_FOUND");
            world.delete(&admin, &elsewhere).await.problem(404, "NOT_FOUND");
            assert!(world.all(&admin, &format!("{scope}/{things}")).await.is_empty());
        }
    }
}

#[tokio::test]
async fn an_internal_code_is_unique_within_its_owner_and_kind() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    for things in ["departments", "locations"] {
        for scope in &scene.scopes {
            let first = scene.make(scope, things, json!({"internalCode": "A-1"})).await;
            let again = with(body(things), json!({"internalCode": "A-1"}));
            let taken = world
                .post(&admin, &format!("{scope}/{things}"), again)
                .await
                .problem(409, "CONFLICT");
            assert_eq!(taken.body["details"]["field"], "internalCode");
            let found = world.all(&admin, &format!("{scope}/{things}?internalCode=A-1")).await;
            assert_eq!(found, std::slice::from_ref(&first));
            world
                .delete(&admin, &format!("{scope}/{things}/{}", key_of(&first)))
                .await
                .expect(204);
            scene.make(scope, things, json!({"internalCode": "A-1"})).await;
        }
    }
}

#[tokio::test]
async fn each_scope_has_one_headquarters() {
    let scene = Scene::new().await;
    for scope in &scene.scopes {
        for _ in 0..3 {
            scene.make(scope, "locations", json!({"isHeadquarters": true})).await;
        }
    }
    for scope in &scene.scopes {
        let locations = scene
            .world
            .all(&scene.world.admin(), &format!("{scope}/locations"))
            .await;
        let flags: Vec<bool> = locations.iter().map(|l| l["isHeadquarters"] == true).collect();
        assert_eq!(flags, [false, false, true]);
    }
}

#[tokio::test]
async fn inactive_entities_are_listed_only_on_request() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    for scope in &scene.scopes[..2] {
        for things in THINGS {
            scene.make(scope, things, json!({})).await;
            scene.make(scope, things, json!({"isActive": false})).await;
            for (query, active) in [("", true), ("?isActive=true", true), ("?isActive=false", false)] {
                let listed = world.all(&admin, &format!("{scope}/{things}{query}")).await;
                assert_eq!(
                    listed.iter().map(|l| l["isActive"].clone()).collect::<Vec<_>>(),
                    [active],
                    "{things}{query}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_contact_needs_an_email_or_a_phone() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    let path = format!("{}/contacts", scene.scopes[1]);
    let body = json!({"type": "Billing", "firstName": "Ada", "lastName": "L"});
    assert_eq!(world.post(&admin, &path, body).await.broken(), ["email"]);
    let made = scene.make(&scene.scopes[1], "contacts", json!({})).await;
    let one = format!("{path}/{}", key_of(&made));
    assert_eq!(
        world.patch(&admin, &one, json!({"email": null})).await.broken(),
        ["email"]
    );
    world
        .patch(&admin, &one, json!({"email": null, "phone": "+14155550100"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_contacts_type_is_a_known_type_or_a_word() {
    let scene = Scene::new().await;
    for kind in ["AccountOwner", "Technical", "x", "Night shift-2", &"a".repeat(50)] {
        scene.make(&scene.scopes[0], "contacts", json!({"type": kind})).await;
    }
    for kind in ["", "2nd", "-x", "a_b", "é", "a\n", &"a".repeat(51)] {
        let body = with(body("contacts"), json!({"type": kind}));
        let path = format!("{}/contacts", scene.scopes[0]);
        assert_eq!(
            scene.world.post(&scene.world.admin(), &path, body).await.broken(),
            ["type"],
            "{kind}"
        );
    }
    let listed = scene
        .world
        .all(
            &scene.world.admin(),
            &format!("{}/contacts?type=Technical", scene.scopes[0]),
        )
        .await;
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn a_contacts_location_must_belong_to_the_same_scope() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    let location = key_of(&scene.make(&scene.scopes[1], "locations", json!({})).await);
    let at_location = with(body("contacts"), json!({"locationKey": location}));
    for scope in [&scene.scopes[0], &scene.scopes[2]] {
        let refused = world
            .post(&admin, &format!("{scope}/contacts"), at_location.clone())
            .await;
        assert_eq!(refused.broken(), ["locationKey"]);
    }
    let made = scene
        .make(&scene.scopes[1], "contacts", json!({"locationKey": location}))
        .await;
    let one = format!("{}/contacts/{}", scene.scopes[1], key_of(&made));
    let gone = json!({"locationKey": "loc_01kb1v0c1tfr2v6krscysfnvgb"});
    assert_eq!(world.patch(&admin, &one, gone).await.broken(), ["locationKey"]);
    assert_eq!(
        world.patch(&admin, &one, json!({"locationKey": "x"})).await.broken(),
        ["locationKey"]
    );
    world
        .patch(&admin, &one, json!({"locationKey": null}))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_disabled_or_deleted_client_refuses_changes() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    let client = &scene.scopes[1];
    let made = scene.make(client, "departments", json!({})).await;
    world
        .post(&admin, &format!("{client}/disable"), json!({}))
        .await
        .expect(200);
    for things in THINGS {
        world
            .post(&admin, &format!("{client}/{things}"), body(things))
            .await
            .problem(409, "CUSTOMER_DISABLED");
    }
    let one = format!("{client}/departments/{}", key_of(&made));
    world
        .patch(&admin, &one, json!({"name": "New"}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world.delete(&admin, &one).await.problem(409, "CUSTOMER_DISABLED");
    world.delete(&admin, client).await.expect(204);
    for things in THINGS {
        let missing = world
            .post(&admin, &format!("{client}/{things}"), body(things))
            .await
            .problem(404, "NOT_FOUND");
        assert_eq!(missing.body["details"]["entity"], "Client");
    }
    // A deactivated customer's clients take nothing either, at once.
    world
        .post(&admin, &format!("{}/deactivate", at(&scene.customer)), json!({}))
        .await
        .expect(200);
    let other = format!("{}/contacts", scene.scopes[2]);
    world
        .post(&admin, &other, body("contacts"))
        .await
        .problem(409, "CUSTOMER_DISABLED");
}
