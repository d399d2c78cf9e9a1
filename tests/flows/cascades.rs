//! Disabling, deactivating and deleting cascade down the hierarchy, page by page.

use crate::support::{World, at, key_of, of_type, task};
use runtime::function::TaskFunction;
use serde_json::{Value, json};

fn client_at(customer: &str, client: &str) -> String {
    format!("{}/clients/{client}", at(customer))
}

/// Creates a client with an account. Returns the path of the client and the key of the account.
async fn account(world: &World, customer: &str) -> (String, String) {
    let body = json!({"name": "Client", "provisionAccount": true});
    let created = world
        .post(&world.admin(), &format!("{}/clients", at(customer)), body)
        .await
        .expect(201)
        .body;
    let account = created["clientCustomerKey"].as_str().unwrap().to_owned();
    (client_at(customer, &key_of(&created)), account)
}

async fn is_disabled(world: &World, path: &str) -> bool {
    world.get(&world.admin(), path).await.expect(200).body["isDisabled"] == true
}

/// Creates a reseller with a client and an account, which again has a client and an account, three levels deep. Returns the reseller's
/// key and the paths of the client and the account of each level.
async fn chain(world: &World) -> (String, Vec<(String, String)>) {
    let root = world.member_customer("Reseller").await;
    let mut levels = Vec::new();
    let mut above = root.clone();
    for _ in 0..3 {
        let (client, account) = account(world, &above).await;
        above.clone_from(&account);
        levels.push((client, at(&account)));
    }
    (root, levels)
}

#[tokio::test]
async fn disabling_and_enabling_a_client_cascades_to_every_level() {
    let world = World::new().await;
    let (_, levels) = chain(&world).await;
    world.settle().await;
    for (action, disabled) in [("disable", true), ("enable", false)] {
        world.act(&levels[0].0, action).await;
        let events = world.settle().await;
        for (client, account) in &levels {
            assert_eq!(is_disabled(&world, client).await, disabled);
            assert_eq!(is_disabled(&world, account).await, disabled);
        }
        // All events have the id of the same request, and no change is published twice.
        assert!(events.iter().all(|event| event["requestId"] == events[0]["requestId"]));
        let of = |name: &str| events.iter().filter(|event| event["type"] == name).count();
        let names = if disabled {
            ["CUSTOMER_CLIENT_DISABLED", "CUSTOMER_DEACTIVATED"]
        } else {
            ["CUSTOMER_CLIENT_ENABLED", "CUSTOMER_REACTIVATED"]
        };
        assert_eq!(names.map(of), [3, 3]);
    }
}

#[tokio::test]
async fn enabling_restores_only_what_disabling_had_disabled() {
    let world = World::new().await;
    let (_, levels) = chain(&world).await;
    // The client at level 3 is disabled before the client at level 1, and the account at level 2 is deactivated after it.
    world.act(&levels[2].0, "disable").await;
    world.settle().await;
    world.act(&levels[0].0, "disable").await;
    world.settle().await;
    world.act(&levels[1].1, "deactivate").await;
    world.settle().await;
    world.act(&levels[0].0, "enable").await;
    world.settle().await;
    assert!(!is_disabled(&world, &levels[0].1).await);
    assert!(!is_disabled(&world, &levels[1].0).await);
    assert!(is_disabled(&world, &levels[1].1).await, "deactivated on its own");
    let client = world.get(&world.admin(), &levels[1].0).await.expect(200).body;
    assert_eq!(client["isAccountDisabled"], true);
    assert!(is_disabled(&world, &levels[2].0).await);
    world.act(&levels[1].1, "reactivate").await;
    world.settle().await;
    assert!(!is_disabled(&world, &levels[1].1).await);
    assert!(is_disabled(&world, &levels[2].0).await, "disabled on its own");
    world.act(&levels[2].0, "enable").await;
    world.settle().await;
    assert!(!is_disabled(&world, &levels[2].1).await);
}

#[tokio::test]
async fn an_account_disabled_with_its_client_cannot_be_reactivated() {
    let world = World::new().await;
    let (_, levels) = chain(&world).await;
    world.act(&levels[0].0, "disable").await;
    world.settle().await;
    let shown = world.get(&world.admin(), &levels[0].1).await.expect(200).body;
    assert_eq!(
        (&shown["isDisabledByParent"], shown.get("deactivation")),
        (&json!(true), None)
    );
    let path = format!("{}/reactivate", levels[0].1);
    world
        .post(&world.admin(), &path, json!({}))
        .await
        .problem(409, "CONFLICT");
}

#[tokio::test]
async fn deactivating_and_reactivating_a_customer_cascades_to_its_clients() {
    let world = World::new().await;
    let (root, levels) = chain(&world).await;
    world.act(&at(&root), "deactivate").await;
    world.settle().await;
    for (client, account) in &levels {
        assert!(is_disabled(&world, client).await && is_disabled(&world, account).await);
    }
    world.act(&at(&root), "reactivate").await;
    world.settle().await;
    for (client, account) in &levels {
        assert!(!is_disabled(&world, client).await && !is_disabled(&world, account).await);
    }
}

#[tokio::test]
async fn reordered_and_repeated_events_reach_the_last_state() {
    let world = World::new().await;
    let (_, levels) = chain(&world).await;
    world.settle().await;
    for action in ["disable", "enable", "disable", "enable"] {
        world.act(&levels[0].0, action).await;
    }
    assert_eq!(world.run_trigger().await, None);
    let task = task("cascade-client-state");
    let mut events: Vec<Value> = world.spine.take();
    events.retain(|event| task.spec.on.iter().any(|on| event["type"] == on.name()));
    assert_eq!(events.len(), 4);
    events.reverse();
    events.extend(events.clone());
    for event in events {
        world.deliver_until_done(&task, vec![event]).await;
        world.settle().await;
    }
    for (client, account) in &levels {
        assert!(!is_disabled(&world, client).await && !is_disabled(&world, account).await);
    }
    let shown = world.get(&world.admin(), &levels[0].0).await.expect(200).body;
    assert!(shown.get("cascade").is_none());
}

/// Delivers events to a task one by one until it is done; this many of its sends fail. Returns the largest number of requests of one
/// invocation, and the number of invocations.
async fn deliver_one_by_one(
    world: &World,
    task: &TaskFunction,
    events: Vec<Value>,
    failed_sends: usize,
) -> (usize, usize) {
    let mut waiting = events;
    let (mut most, mut invocations) = (0, 0);
    world.spine.fail_sends(failed_sends);
    while !waiting.is_empty() {
        let (failed, requests) = world.deliver_recorded(task, &waiting[..1]).await;
        most = most.max(requests.len());
        invocations += 1;
        assert!(invocations < 1000, "{} never ends", task.spec.name);
        if failed.is_empty() {
            waiting.remove(0);
        }
        waiting.extend(world.spine.take_sent());
    }
    (most, invocations)
}

/// Disables a client whose account has this many clients, and lets the cascade reach the account. Returns the path of the client, the key
/// of the account, and the account's events, which no task has handled yet.
async fn disable_client_with(world: &World, clients: usize) -> (String, String, Vec<Value>) {
    let root = world.member_customer("Root").await;
    let (client, account) = account(world, &root).await;
    let path = format!("{}/clients", at(&account));
    for _ in 0..clients {
        let body = json!({"name": "C"});
        world.post(&world.admin(), &path, body).await.expect(201);
    }
    world.settle().await;
    world.act(&client, "disable").await;
    assert_eq!(world.run_trigger().await, None);
    let disabled = of_type(&world.spine.take(), "CUSTOMER_CLIENT_DISABLED");
    world.deliver_until_done(&task("cascade-client-state"), disabled).await;
    assert_eq!(world.run_trigger().await, None);
    let deactivated = of_type(&world.spine.take(), "CUSTOMER_DEACTIVATED");
    (client, account, deactivated)
}

#[tokio::test]
async fn each_invocation_disables_one_page_of_clients() {
    for clients in [10, 430] {
        let world = World::new().await;
        let (client, account, deactivated) = disable_client_with(&world, clients).await;
        // With several pages, the task is killed after the first one, before it sends itself the next.
        let (most, invocations) = deliver_one_by_one(
            &world,
            &task("cascade-account-state"),
            deactivated,
            usize::from(clients > 100),
        )
        .await;
        assert!(most <= 12, "{most}");
        assert_eq!(invocations, clients / 100 + 1 + usize::from(clients > 100));
        let enabled = world
            .all(
                &world.admin(),
                &format!("{}/clients?isDisabled=false&limit=100", at(&account)),
            )
            .await;
        assert!(enabled.is_empty());
        let finished = world.get(&world.admin(), &client).await.expect(200).body;
        assert!(finished.get("cascade").is_none());
    }
}

#[tokio::test]
async fn a_cascade_shows_its_progress_after_each_page() {
    let world = World::new().await;
    let (client, _, deactivated) = disable_client_with(&world, 150).await;
    assert!(
        world
            .deliver(&task("cascade-account-state"), &deactivated)
            .await
            .is_empty()
    );
    let shown = world.get(&world.admin(), &client).await.expect(200).body;
    assert_eq!(shown["cascade"], json!({"state": "Disabling", "done": 100}));
    let next = world.spine.take_sent();
    world.deliver_until_done(&task("cascade-account-state"), next).await;
    let shown = world.get(&world.admin(), &client).await.expect(200).body;
    assert!(shown.get("cascade").is_none());
}

#[tokio::test]
async fn deleting_a_client_deletes_its_entities_and_deactivates_its_account() {
    let world = World::new().await;
    let admin = world.admin();
    let root = world.member_customer("Root").await;
    let (client, account) = account(&world, &root).await;
    let location = json!({"name": "L", "address": {"line1": "1 Main Street", "city": "Springfield"}, "isHeadquarters": true, "internalCode": "l"});
    let location = key_of(
        &world
            .post(&admin, &format!("{client}/locations"), location)
            .await
            .expect(201)
            .body,
    );
    let contact =
        json!({"type": "Billing", "firstName": "A", "lastName": "B", "phone": "+14155550100", "locationKey": location});
    for n in 0..230 {
        world
            .post(&admin, &format!("{client}/contacts"), contact.clone())
            .await
            .expect(201);
        let department = json!({"name": "D", "internalCode": format!("d{n}")});
        world
            .post(&admin, &format!("{client}/departments"), department)
            .await
            .expect(201);
    }
    world.settle().await;
    world.delete(&admin, &client).await.expect(204);
    let events = world.settle().await;
    let count = |name: &str| of_type(&events, name).len();
    assert_eq!(
        [
            "CUSTOMER_CONTACT_DELETED",
            "CUSTOMER_DEPARTMENT_DELETED",
            "CUSTOMER_LOCATION_DELETED"
        ]
        .map(count),
        [230, 230, 1]
    );
    assert_eq!(
        of_type(&events, "CUSTOMER_LOCATION_DELETED")[0]["clientKey"],
        client.rsplit('/').next().unwrap()
    );
    let current = world.get(&admin, &at(&account)).await.expect(200).body;
    assert_eq!((current.get("parent"), &current["isDisabled"]), (None, &json!(true)));
    let log = world.all(&admin, &format!("{}/deactivations", at(&account))).await;
    assert_eq!(log[0]["deactivatedBy"], "delete-client-children");
    // The account can be reactivated, and a late repeat of the event does not deactivate it again.
    world.act(&at(&account), "reactivate").await;
    world
        .deliver_until_done(
            &task("delete-client-children"),
            of_type(&events, "CUSTOMER_CLIENT_DELETED"),
        )
        .await;
    assert!(!is_disabled(&world, &at(&account)).await);
}

#[tokio::test]
async fn a_deleted_customer_leaves_only_its_audit_trail() {
    let world = World::new().await;
    let admin = world.admin();
    let (root, levels) = chain(&world).await;
    for path in [at(&root), levels[0].0.clone()] {
        world
            .post(&admin, &format!("{path}/departments"), json!({"name": "D"}))
            .await
            .expect(201);
        let location =
            json!({"name": "L", "address": {"line1": "1 Main Street", "city": "Springfield"}, "isHeadquarters": true});
        world
            .post(&admin, &format!("{path}/locations"), location)
            .await
            .expect(201);
    }
    world.act(&at(&root), "deactivate").await;
    world.act(&at(&root), "reactivate").await;
    world.settle().await;
    world.delete(&admin, &at(&root)).await.expect(204);
    world.settle().await;
    assert_eq!(world.remaining_items(&root).await, Vec::<String>::new());
    assert!(!world.audit(&root).await.is_empty());
    // The accounts still exist, and all of them are disabled.
    for (_, account) in &levels {
        assert!(is_disabled(&world, account).await);
    }
}

#[tokio::test]
async fn deleting_an_account_removes_it_from_its_client() {
    let world = World::new().await;
    let root = world.member_customer("Root").await;
    let (client, account) = account(&world, &root).await;
    world.act(&at(&account), "deactivate").await;
    world.settle().await;
    world.delete(&world.admin(), &at(&account)).await.expect(204);
    let current = world.get(&world.admin(), &client).await.expect(200).body;
    assert_eq!(
        (current.get("clientCustomerKey"), current.get("isAccountDisabled")),
        (None, None)
    );
    world
        .post(&world.admin(), &format!("{client}/account"), json!({}))
        .await
        .expect(201);
}

#[tokio::test]
async fn deleting_a_location_clears_it_from_every_contact() {
    let world = World::new().await;
    let admin = world.admin();
    let root = world.member_customer("Root").await;
    let (client, _) = account(&world, &root).await;
    for scope in [at(&root), client] {
        let location = json!({"name": "L", "address": {"line1": "1 Main Street", "city": "Springfield"}});
        let location = key_of(
            &world
                .post(&admin, &format!("{scope}/locations"), location)
                .await
                .expect(201)
                .body,
        );
        let contact = json!({"type": "Billing", "firstName": "A", "lastName": "B", "phone": "+14155550100"});
        for n in 0..220 {
            let mut contact = contact.clone();
            if n % 2 == 0 {
                contact["locationKey"] = json!(location);
            }
            world
                .post(&admin, &format!("{scope}/contacts"), contact)
                .await
                .expect(201);
        }
        world
            .delete(&admin, &format!("{scope}/locations/{location}"))
            .await
            .expect(204);
        let events = world.settle().await;
        let contacts = world.all(&admin, &format!("{scope}/contacts?limit=100")).await;
        assert_eq!(contacts.iter().filter(|c| c.get("locationKey").is_some()).count(), 0);
        assert_eq!(contacts.iter().filter(|c| c["version"] == 2).count(), 110);
        // A repeated event changes no contact.
        world
            .deliver_until_done(
                &task("clear-deleted-location"),
                of_type(&events, "CUSTOMER_LOCATION_DELETED"),
            )
            .await;
        let again = world.all(&admin, &format!("{scope}/contacts?limit=100")).await;
        assert_eq!(again, contacts);
    }
}

#[tokio::test]
async fn a_creation_racing_a_deletion_leaves_no_orphan() {
    let world = World::new().await;
    let admin = world.admin();
    for _ in 0..12 {
        let root = world.member_customer("Root").await;
        let (client, _) = account(&world, &root).await;
        let (departments, clients) = (format!("{client}/departments"), format!("{}/clients", at(&root)));
        let (root_path, department) = (at(&root), json!({"name": "D"}));
        let with_account = json!({"name": "C", "provisionAccount": true});
        let (_, _, _, _, created) = tokio::join!(
            world.post(&admin, &departments, department.clone()),
            world.delete(&admin, &client),
            world.post(&admin, &departments, department),
            world.delete(&admin, &root_path),
            world.post(&admin, &clients, with_account),
        );
        world.settle().await;
        // The first deletion may have failed because of the concurrent changes, so this repeats it.
        world.delete(&admin, &root_path).await;
        world.settle().await;
        assert_eq!(world.remaining_items(&root).await, Vec::<String>::new());
        if let Some(account) = created.body["clientCustomerKey"].as_str() {
            let current = world.get(&admin, &at(account)).await.expect(200).body;
            assert_eq!((current.get("parent"), &current["isDisabled"]), (None, &json!(true)));
        }
    }
}

#[tokio::test]
async fn a_cascade_ends_if_the_account_is_deactivated_meanwhile() {
    let world = World::new().await;
    let root = world.member_customer("Reseller").await;
    let (client, account) = account(&world, &root).await;
    world.settle().await;
    world.act(&client, "disable").await;
    world.run_trigger().await;
    let disabled = of_type(&world.spine.take(), "CUSTOMER_CLIENT_DISABLED");
    let task = task("cascade-client-state");
    world.deliver(&task, &disabled).await;
    world.act(&client, "enable").await;
    // The repeated event now enables the account, because the client is enabled.
    world.deliver(&task, &disabled).await;
    world.act(&at(&account), "deactivate").await;
    world.settle().await;
    let shown = world.get(&world.admin(), &client).await.expect(200).body;
    assert_eq!(
        (shown.get("cascade"), &shown["isAccountDisabled"], &shown["isDisabled"]),
        (None, &json!(true), &json!(false))
    );
}
