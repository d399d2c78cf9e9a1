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
