//! What follows from disabling, deactivating and deleting, down the hierarchy and page by page.

use crate::support::{World, at, key_of, tasks};
use runtime::function::TaskFunction;
use serde_json::{Value, json};

fn task(name: &str) -> TaskFunction {
    tasks().into_iter().find(|task| task.spec.name == name).unwrap()
}

fn client_at(customer: &str, client: &str) -> String {
    format!("{}/clients/{client}", at(customer))
}

/// A client and its account; the path of one and the key of the other.
async fn account(world: &World, customer: &str) -> (String, String) {
    let body = json!({"name": "Client", "provisionAccount": true});
    let made = world
        .post(&world.admin(), &format!("{}/clients", at(customer)), body)
        .await
        .expect(201)
        .body;
    let account = made["clientCustomerKey"].as_str().unwrap().to_owned();
    (client_at(customer, &key_of(&made)), account)
}

async fn act(world: &World, path: &str, action: &str) {
    world
        .post(&world.admin(), &format!("{path}/{action}"), json!({}))
        .await
        .expect(200);
}

async fn is_disabled(world: &World, path: &str) -> bool {
    world.get(&world.admin(), path).await.expect(200).body["isDisabled"] == true
}

/// A reseller's client, its account, and so on: three levels, as paths of client and account.
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
        act(&world, &levels[0].0, action).await;
        let events = world.settle().await;
        for (client, account) in &levels {
            assert_eq!(is_disabled(&world, client).await, disabled);
            assert_eq!(is_disabled(&world, account).await, disabled);
        }
        // All of it by one request's id, and each said once.
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
    // One account is deactivated by its own administrator, one client disabled by hand, before and after the disabling above them.
    act(&world, &levels[2].0, "disable").await;
    world.settle().await;
    act(&world, &levels[0].0, "disable").await;
    world.settle().await;
    act(&world, &levels[1].1, "deactivate").await;
    world.settle().await;
    act(&world, &levels[0].0, "enable").await;
    world.settle().await;
    assert!(!is_disabled(&world, &levels[0].1).await);
    assert!(!is_disabled(&world, &levels[1].0).await);
    assert!(is_disabled(&world, &levels[1].1).await, "deactivated by itself");
    let client = world.get(&world.admin(), &levels[1].0).await.expect(200).body;
    assert_eq!(client["isAccountDisabled"], true);
    assert!(is_disabled(&world, &levels[2].0).await);
    act(&world, &levels[1].1, "reactivate").await;
    world.settle().await;
    assert!(!is_disabled(&world, &levels[1].1).await);
    assert!(is_disabled(&world, &levels[2].0).await, "disabled by hand");
    act(&world, &levels[2].0, "enable").await;
    world.settle().await;
    assert!(!is_disabled(&world, &levels[2].1).await);
}

#[tokio::test]
async fn an_account_disabled_with_its_client_cannot_be_reactivated() {
    let world = World::new().await;
    let (_, levels) = chain(&world).await;
    act(&world, &levels[0].0, "disable").await;
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
    act(&world, &at(&root), "deactivate").await;
    world.settle().await;
    for (client, account) in &levels {
        assert!(is_disabled(&world, client).await && is_disabled(&world, account).await);
    }
    act(&world, &at(&root), "reactivate").await;
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
        act(&world, &levels[0].0, action).await;
    }
    assert_eq!(world.run_trigger().await, None);
    let mut events: Vec<Value> = world.spine.take();
    events.retain(|event| {
        task("cascade-client-state")
            .spec
            .on
            .iter()
            .any(|on| event["type"] == on.name())
    });
    assert_eq!(events.len(), 4);
    events.reverse();
    events.extend(events.clone());
    for event in events {
        world.work_off(&task("cascade-client-state"), vec![event]).await;
        world.settle().await;
    }
    for (client, account) in &levels {
        assert!(!is_disabled(&world, client).await && !is_disabled(&world, account).await);
    }
    let shown = world.get(&world.admin(), &levels[0].0).await.expect(200).body;
    assert!(shown.get("cascade").is_none());
}

/// The most requests that one invocation of a task made over so many children, and how many invocations there were.
async fn walk(world: &World, task: &TaskFunction, events: Vec<Value>, crashes: usize) -> (usize, usize) {
    let mut waiting = events;
    let (mut most, mut invocations) = (0, 0);
    world.spine.fail_sends(crashes);
    while !waiting.is_empty() {
        let (again, seen) = world.deliver_seen(task, &waiting[..1]).await;
        most = most.max(seen.requests.len());
        invocations += 1;
        assert!(invocations < 1000, "{} never ends", task.spec.name);
        if again.is_empty() {
            waiting.remove(0);
        }
        waiting.extend(world.spine.take_sent());
    }
    (most, invocations)
}

#[tokio::test]
async fn each_invocation_disables_one_page_of_clients() {
    for clients in [10, 430] {
        let world = World::new().await;
        let root = world.member_customer("Root").await;
        let (client, account) = account(&world, &root).await;
        for _ in 0..clients {
            let path = format!("{}/clients", at(&account));
            world
                .post(&world.admin(), &path, json!({"name": "C"}))
                .await
                .expect(201);
        }
        world.settle().await;
        act(&world, &client, "disable").await;
        assert_eq!(world.run_trigger().await, None);
        world
            .work_off(
                &task("cascade-client-state"),
                of_type(&world.spine.take(), "CUSTOMER_CLIENT_DISABLED"),
            )
            .await;
        assert_eq!(world.run_trigger().await, None);
        let deactivated = of_type(&world.spine.take(), "CUSTOMER_DEACTIVATED");
        // The first page is read, and the task killed before it could send itself the next.
        let (most, invocations) = walk(
            &world,
            &task("cascade-account-state"),
            deactivated,
            usize::from(clients > 100),
        )
        .await;
        assert!(most <= 12, "{most}");
        assert_eq!(invocations, clients / 100 + 1 + usize::from(clients > 100));
        let left = world
            .all(
                &world.admin(),
                &format!("{}/clients?isDisabled=false&limit=100", at(&account)),
            )
            .await;
        assert!(left.is_empty());
        let through = world.get(&world.admin(), &client).await.expect(200).body;
        assert!(through.get("cascade").is_none());
    }
}

fn of_type(events: &[Value], name: &str) -> Vec<Value> {
    events.iter().filter(|event| event["type"] == name).cloned().collect()
}

#[tokio::test]
async fn a_cascade_shows_its_progress_after_each_page() {
    let world = World::new().await;
    let root = world.member_customer("Root").await;
    let (client, account) = account(&world, &root).await;
    for _ in 0..150 {
        world
            .post(
                &world.admin(),
                &format!("{}/clients", at(&account)),
                json!({"name": "C"}),
            )
            .await
            .expect(201);
    }
    world.settle().await;
    act(&world, &client, "disable").await;
    assert_eq!(world.run_trigger().await, None);
    world
        .work_off(
            &task("cascade-client-state"),
            of_type(&world.spine.take(), "CUSTOMER_CLIENT_DISABLED"),
        )
        .await;
    assert_eq!(world.run_trigger().await, None);
    let deactivated = of_type(&world.spine.take(), "CUSTOMER_DEACTIVATED");
    assert!(
        world
            .deliver(&task("cascade-account-state"), &deactivated)
            .await
            .is_empty()
    );
    let shown = world.get(&world.admin(), &client).await.expect(200).body;
    assert_eq!(shown["cascade"], json!({"state": "Disabling", "done": 100}));
    let next = world.spine.take_sent();
    world.work_off(&task("cascade-account-state"), next).await;
    let shown = world.get(&world.admin(), &client).await.expect(200).body;
    assert!(shown.get("cascade").is_none());
}

#[tokio::test]
async fn deleting_a_client_deletes_its_entities_and_deactivates_its_account() {
    let world = World::new().await;
    let admin = world.admin();
    let root = world.member_customer("Root").await;
    let (client, account) = account(&world, &root).await;
    let location = json!({"name": "L", "address": {}, "isHeadquarters": true, "internalCode": "l"});
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
    let gone = |name: &str| of_type(&events, name).len();
    assert_eq!(
        [
            "CUSTOMER_CONTACT_DELETED",
            "CUSTOMER_DEPARTMENT_DELETED",
            "CUSTOMER_LOCATION_DELETED"
        ]
        .map(gone),
        [230, 230, 1]
    );
    assert_eq!(
        of_type(&events, "CUSTOMER_LOCATION_DELETED")[0]["clientKey"],
        client.rsplit('/').next().unwrap()
    );
    let left = world.get(&admin, &at(&account)).await.expect(200).body;
    assert_eq!((left.get("parent"), &left["isDisabled"]), (None, &json!(true)));
    let log = world.all(&admin, &format!("{}/deactivations", at(&account))).await;
    assert_eq!(log[0]["deactivatedBy"], "delete-client-children");
    // It has a way back of its own, and a late repeat does not take that away again.
    act(&world, &at(&account), "reactivate").await;
    world
        .work_off(
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
        let location = json!({"name": "L", "address": {}, "isHeadquarters": true});
        world
            .post(&admin, &format!("{path}/locations"), location)
            .await
            .expect(201);
    }
    act(&world, &at(&root), "deactivate").await;
    act(&world, &at(&root), "reactivate").await;
    world.settle().await;
    world.delete(&admin, &at(&root)).await.expect(204);
    world.settle().await;
    assert_eq!(world.left_of(&root).await, Vec::<String>::new());
    assert!(!world.audit(&root).await.is_empty());
    // The accounts live on, disabled from the first one down.
    for (_, account) in &levels {
        assert!(is_disabled(&world, account).await);
    }
}

#[tokio::test]
async fn deleting_an_account_removes_it_from_its_client() {
    let world = World::new().await;
    let root = world.member_customer("Root").await;
    let (client, account) = account(&world, &root).await;
    act(&world, &at(&account), "deactivate").await;
    world.settle().await;
    world.delete(&world.admin(), &at(&account)).await.expect(204);
    let left = world.get(&world.admin(), &client).await.expect(200).body;
    assert_eq!(
        (left.get("clientCustomerKey"), left.get("isAccountDisabled")),
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
        let location = json!({"name": "L", "address": {}});
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
        // Again: there is nothing left to clear.
        world
            .work_off(
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
        let (_, _, _, _, made) = tokio::join!(
            world.post(&admin, &departments, department.clone()),
            world.delete(&admin, &client),
            world.post(&admin, &departments, department),
            world.delete(&admin, &root_path),
            world.post(&admin, &clients, with_account),
        );
        world.settle().await;
        // A delete may have met the others each time it tried, and said so; then it is done now.
        world.delete(&admin, &root_path).await;
        world.settle().await;
        assert_eq!(world.left_of(&root).await, Vec::<String>::new());
        if let Some(account) = made.body["clientCustomerKey"].as_str() {
            let left = world.get(&admin, &at(account)).await.expect(200).body;
            assert_eq!((left.get("parent"), &left["isDisabled"]), (None, &json!(true)));
        }
    }
}

#[tokio::test]
async fn a_cascade_ends_if_the_account_is_deactivated_meanwhile() {
    let world = World::new().await;
    let root = world.member_customer("Reseller").await;
    let (client, account) = account(&world, &root).await;
    world.settle().await;
    act(&world, &client, "disable").await;
    world.run_trigger().await;
    let disabled: Vec<Value> = world
        .spine
        .take()
        .into_iter()
        .filter(|event| event["type"] == "CUSTOMER_CLIENT_DISABLED")
        .collect();
    let task = task("cascade-client-state");
    world.deliver(&task, &disabled).await;
    act(&world, &client, "enable").await;
    // The same event again: by now it enables, for that is what is so.
    world.deliver(&task, &disabled).await;
    act(&world, &at(&account), "deactivate").await;
    world.settle().await;
    let shown = world.get(&world.admin(), &client).await.expect(200).body;
    assert_eq!(
        (shown.get("cascade"), &shown["isAccountDisabled"], &shown["isDisabled"]),
        (None, &json!(true), &json!(false))
    );
}
