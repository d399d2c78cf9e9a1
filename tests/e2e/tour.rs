//! What the README shows, as it shows it.

use super::{Cloud, cloud::wait_for};
use serde_json::json;

#[test]
fn a_business_gets_its_headquarters_by_itself() {
    let cloud = Cloud::start();
    let admin = cloud.admin();
    let body = json!({
        "type": "Business", "name": "Acme", "isTenantCustomer": true,
        "address": {"line1": "1 Main Street", "city": "Springfield"},
    });
    let (status, customer) = cloud.call("POST", "/v1/customers", &admin, &[], Some(&body)).unwrap();
    assert_eq!(status, 201, "{customer}");
    let key = customer["key"].as_str().unwrap();
    let locations = format!("/v1/customers/{key}/locations");
    wait_for("the headquarters", || cloud.all(&locations).len() == 1);
    let headquarters = &cloud.all(&locations)[0];
    assert_eq!(headquarters["isHeadquarters"], true);
    assert_eq!(headquarters["address"]["country"], "US");

    // One id finds the request, its events and its traces.
    let events = cloud.cli(&["events"]);
    let ids: Vec<serde_json::Value> = events
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["detail"]["requestId"].clone())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    let id = ids[0].as_str().unwrap();
    assert!(cloud.cli(&["logs", "create-customer-location"]).contains(id));
    let audit = cloud.all(&format!("/v1/customers/{key}/audit"));
    assert!(audit.iter().all(|entry| entry["requestId"] == id));

    // A token of the customer's own, made by the command.
    let member = cloud.cli(&["token", "--role", "Member", "--customer", key]);
    let (status, _) = cloud
        .call("GET", &format!("/v1/customers/{key}"), member.trim(), &[], None)
        .unwrap();
    assert_eq!(status, 200);
    let (status, refused) = cloud
        .call(
            "PATCH",
            &format!("/v1/customers/{key}"),
            member.trim(),
            &[],
            Some(&json!({"name": "X"})),
        )
        .unwrap();
    assert_eq!((status, &refused["code"]), (403, &json!("FORBIDDEN")));
}

#[test]
fn three_levels_are_disabled_from_the_top_and_come_back() {
    let cloud = Cloud::start();
    let admin = cloud.admin();
    let post = |path: &str, body: serde_json::Value, status: u16| {
        let (got, answer) = cloud.call("POST", path, &admin, &[], Some(&body)).unwrap();
        assert_eq!(got, status, "{path}: {answer}");
        answer
    };
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let reseller = post(
        "/v1/customers",
        json!({"type": "Business", "name": "Reseller", "isTenantCustomer": true}),
        201,
    );
    let mut above = text(&reseller["key"]);
    let root = above.clone();
    let mut clients = Vec::new();
    for name in ["Stores", "Shop"] {
        let body = json!({"name": name, "provisionAccount": true});
        let client = post(&format!("/v1/customers/{above}/clients"), body, 201);
        clients.push(format!("/v1/customers/{above}/clients/{}", text(&client["key"])));
        above = text(&client["clientCustomerKey"]);
    }
    // More than one page of clients at the bottom: the task has to go on by itself.
    for n in 0..120 {
        post(
            &format!("/v1/customers/{above}/clients"),
            json!({"name": format!("C{n}")}),
            201,
        );
    }
    let hierarchy = format!("/v1/customers/{root}/hierarchy?depth=3&limit=100");
    let states = || {
        let (_, tree) = cloud.call("GET", &hierarchy, &admin, &[], None).unwrap();
        let account = &tree["clients"][0]["account"]["clients"][0]["account"];
        let at_the_bottom = account["clients"].as_array().unwrap();
        let disabled = at_the_bottom
            .iter()
            .filter(|client| client["isDisabled"] == true)
            .count();
        (account["isDisabled"] == true, disabled)
    };
    assert_eq!(states(), (false, 0));
    post(&format!("{}/disable", clients[0]), json!({}), 200);
    wait_for("all to be disabled", || states() == (true, 100));
    let at_the_bottom = format!("/v1/customers/{above}/clients");
    wait_for("the second page", || {
        cloud
            .all(&at_the_bottom)
            .iter()
            .all(|client| client["isDisabled"] == true)
    });
    post(&format!("{}/departments", clients[1]), json!({"name": "Late"}), 409);
    post(&format!("{}/enable", clients[0]), json!({}), 200);
    wait_for("all to be enabled", || states() == (false, 0));
    let (status, _) = cloud
        .call("DELETE", &format!("/v1/customers/{root}"), &admin, &[], None)
        .unwrap();
    assert_eq!(status, 204);
    wait_for("the clients to be gone", || {
        let path = format!("/v1/customers/{root}/clients");
        cloud
            .call("GET", &path, &admin, &[], None)
            .is_ok_and(|(status, _)| status == 404)
            && cloud
                .call("GET", &clients[0], &admin, &[], None)
                .is_ok_and(|(status, _)| status == 404)
    });
    wait_for("the accounts to be disabled", || is_disabled(&cloud, &admin, &above));
}

fn is_disabled(cloud: &Cloud, admin: &str, customer: &str) -> bool {
    let (_, found) = cloud
        .call("GET", &format!("/v1/customers/{customer}"), admin, &[], None)
        .unwrap();
    found["isDisabled"] == true
}
