//! Departments, locations and contacts in both scopes, of a customer and of a client. `locations` tests a customer's locations in more
//! detail.

use crate::support::{World, at, key_of, with_fields};
use serde_json::{Value, json};

struct Scene {
    world: World,
    customer: String,
    /// The paths of the customer and of two of its clients.
    scopes: [String; 3],
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let customer = world.member_customer("Acme").await;
        let mut scopes = vec![at(&customer)];
        for name in ["One", "Other"] {
            let created = world
                .post(
                    &world.admin(),
                    &format!("{}/clients", at(&customer)),
                    json!({"name": name}),
                )
                .await;
            scopes.push(format!(
                "{}/clients/{}",
                at(&customer),
                key_of(&created.expect(201).body)
            ));
        }
        Self {
            world,
            customer,
            scopes: scopes.try_into().unwrap(),
        }
    }

    async fn create(&self, scope: &str, kind: &str, fields: Value) -> Value {
        let body = with_fields(body(kind), fields);
        self.world
            .post(&self.world.admin(), &format!("{scope}/{kind}"), body)
            .await
            .expect(201)
            .body
    }
}

/// A valid body that creates an entity of this kind.
fn body(kind: &str) -> Value {
    match kind {
        "departments" => json!({"name": "Sales", "description": "They sell.\nAll day."}),
        "locations" => json!({"name": "Shop", "address": {"line1": "1 Main Street", "city": "Springfield"}}),
        _ => json!({"type": "Billing", "firstName": "Ada", "lastName": "L", "email": "ada@acme.example"}),
    }
}

const KINDS: [&str; 3] = ["departments", "locations", "contacts"];

#[tokio::test]
async fn each_scope_supports_create_read_update_list_and_delete() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    for scope in &scene.scopes {
        for kind in KINDS {
            let path = format!("{scope}/{kind}");
            let created = world.post(&admin, &path, body(kind)).await.expect(201);
            assert_eq!(created.requests, ["TransactWriteItems"]);
            let entity_path = format!("{path}/{}", created.key());
            assert_eq!(created.header("location"), Some(entity_path.as_str()));
            let read = world.get(&admin, &entity_path).await.expect(200);
            assert_eq!((&read.body, read.requests), (&created.body, vec!["GetItem".to_owned()]));
            let field = if kind == "contacts" { "title" } else { "name" };
            let changed = world
                .patch(&admin, &entity_path, json!({field: "New"}))
                .await
                .expect(200)
                .body;
            assert_eq!((&changed[field], &changed["version"]), (&json!("New"), &json!(2)));
            assert_eq!(world.all(&admin, &path).await, [changed]);
            world.delete(&admin, &entity_path).await.expect(204);
            assert!(world.all(&admin, &path).await.is_empty());
            world.get(&admin, &entity_path).await.problem(404, "NOT_FOUND");
        }
    }
}

#[tokio::test]
async fn an_entity_of_one_scope_is_not_found_in_another() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    for kind in KINDS {
        let created = scene.create(&scene.scopes[1], kind, json!({})).await;
        for scope in [&scene.scopes[0], &scene.scopes[2]] {
            let other_path = format!("{scope}/{kind}/{}", key_of(&created));
            world.get(&admin, &other_path).await.problem(404, "NOT_FOUND");
            world
                .patch(&admin, &other_path, json!({"isActive": false}))
                .await
                .problem(404, "NOT_FOUND");
            world.delete(&admin, &other_path).await.problem(404, "NOT_FOUND");
            assert!(world.all(&admin, &format!("{scope}/{kind}")).await.is_empty());
        }
    }
}

#[tokio::test]
async fn an_internal_code_is_unique_within_its_owner_and_kind() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    for kind in ["departments", "locations"] {
        for scope in &scene.scopes {
            let first = scene.create(scope, kind, json!({"internalCode": "A-1"})).await;
            let again = with_fields(body(kind), json!({"internalCode": "A-1"}));
            let taken = world
                .post(&admin, &format!("{scope}/{kind}"), again)
                .await
                .problem(409, "CONFLICT");
            assert_eq!(taken.body["details"]["field"], "internalCode");
            let found = world.all(&admin, &format!("{scope}/{kind}?internalCode=A-1")).await;
            assert_eq!(found, std::slice::from_ref(&first));
            world
                .delete(&admin, &format!("{scope}/{kind}/{}", key_of(&first)))
                .await
                .expect(204);
            scene.create(scope, kind, json!({"internalCode": "A-1"})).await;
        }
    }
}

#[tokio::test]
async fn each_scope_has_one_headquarters() {
    let scene = Scene::new().await;
    for scope in &scene.scopes {
        for _ in 0..3 {
            scene.create(scope, "locations", json!({"isHeadquarters": true})).await;
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
async fn inactive_entities_are_listed_unless_the_request_narrows_the_list() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    for scope in &scene.scopes[..2] {
        for kind in KINDS {
            scene.create(scope, kind, json!({})).await;
            scene.create(scope, kind, json!({"isActive": false})).await;
            for (query, active) in [
                ("", &[true, false][..]),
                ("?isActive=true", &[true]),
                ("?isActive=false", &[false]),
            ] {
                let listed = world.all(&admin, &format!("{scope}/{kind}{query}")).await;
                assert_eq!(
                    listed.iter().map(|l| l["isActive"].clone()).collect::<Vec<_>>(),
                    active,
                    "{kind}{query}"
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
    assert_eq!(world.post(&admin, &path, body).await.invalid_fields(), ["email"]);
    let created = scene.create(&scene.scopes[1], "contacts", json!({})).await;
    let entity_path = format!("{path}/{}", key_of(&created));
    assert_eq!(
        world
            .patch(&admin, &entity_path, json!({"email": null}))
            .await
            .invalid_fields(),
        ["email"]
    );
    world
        .patch(&admin, &entity_path, json!({"email": null, "phone": "+14155550100"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_contacts_type_is_a_known_type_or_a_word() {
    let scene = Scene::new().await;
    for contact_type in ["AccountOwner", "Technical", "x", "Night shift-2", &"a".repeat(50)] {
        scene
            .create(&scene.scopes[0], "contacts", json!({"type": contact_type}))
            .await;
    }
    for contact_type in ["", "2nd", "-x", "a_b", "é", "a\n", &"a".repeat(51)] {
        let body = with_fields(body("contacts"), json!({"type": contact_type}));
        let path = format!("{}/contacts", scene.scopes[0]);
        assert_eq!(
            scene
                .world
                .post(&scene.world.admin(), &path, body)
                .await
                .invalid_fields(),
            ["type"],
            "{contact_type}"
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
    let location = key_of(&scene.create(&scene.scopes[1], "locations", json!({})).await);
    let at_location = with_fields(body("contacts"), json!({"locationKey": location}));
    for scope in [&scene.scopes[0], &scene.scopes[2]] {
        let refused = world
            .post(&admin, &format!("{scope}/contacts"), at_location.clone())
            .await;
        assert_eq!(refused.invalid_fields(), ["locationKey"]);
    }
    let created = scene
        .create(&scene.scopes[1], "contacts", json!({"locationKey": location}))
        .await;
    let entity_path = format!("{}/contacts/{}", scene.scopes[1], key_of(&created));
    let gone = json!({"locationKey": "loc_01kb1v0c1tfr2v6krscysfnvgb"});
    assert_eq!(
        world.patch(&admin, &entity_path, gone).await.invalid_fields(),
        ["locationKey"]
    );
    assert_eq!(
        world
            .patch(&admin, &entity_path, json!({"locationKey": "x"}))
            .await
            .invalid_fields(),
        ["locationKey"]
    );
    world
        .patch(&admin, &entity_path, json!({"locationKey": null}))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_disabled_or_deleted_client_refuses_changes() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    let client = &scene.scopes[1];
    let created = scene.create(client, "departments", json!({})).await;
    world.act(client, "disable").await;
    for kind in KINDS {
        world
            .post(&admin, &format!("{client}/{kind}"), body(kind))
            .await
            .problem(409, "CUSTOMER_DISABLED");
    }
    let entity_path = format!("{client}/departments/{}", key_of(&created));
    world
        .patch(&admin, &entity_path, json!({"name": "New"}))
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world
        .delete(&admin, &entity_path)
        .await
        .problem(409, "CUSTOMER_DISABLED");
    world.delete(&admin, client).await.expect(204);
    for kind in KINDS {
        let missing = world
            .post(&admin, &format!("{client}/{kind}"), body(kind))
            .await
            .problem(404, "NOT_FOUND");
        assert_eq!(missing.body["details"]["entity"], "Client");
    }
    // The clients of a deactivated customer refuse changes too, before any task has run.
    world.act(&at(&scene.customer), "deactivate").await;
    let other = format!("{}/contacts", scene.scopes[2]);
    world
        .post(&admin, &other, body("contacts"))
        .await
        .problem(409, "CUSTOMER_DISABLED");
}

#[tokio::test]
async fn a_departments_new_code_frees_its_old_one() {
    let scene = Scene::new().await;
    let (world, admin) = (&scene.world, scene.world.admin());
    let departments = format!("{}/departments", scene.scopes[0]);
    let department = scene
        .create(&scene.scopes[0], "departments", json!({"internalCode": "D-1"}))
        .await;
    let department = format!("{departments}/{}", key_of(&department));
    world
        .patch(&admin, &department, json!({"internalCode": "D-2"}))
        .await
        .expect(200);
    let body = |code: &str| json!({"name": "Other", "internalCode": code});
    world
        .post(&admin, &departments, body("D-2"))
        .await
        .problem(409, "CONFLICT");
    world.post(&admin, &departments, body("D-1")).await.expect(201);
}
