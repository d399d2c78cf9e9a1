//! After several kills of all processes, no acknowledged request is lost and none is applied twice.

use super::{Cloud, cloud::wait_for};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
    thread::{scope, sleep},
    time::Duration,
};

const CUSTOMERS: usize = 500;
const CLIENTS: usize = 4;
/// After these numbers of created customers, the test kills the cloud.
const KILLS: [usize; 4] = [60, 170, 290, 430];

#[test]
fn every_customer_has_its_headquarters_after_four_kills() {
    let cloud = Cloud::start();
    let admin = cloud.admin();
    let tenant =
        json!({"type": "Consumer", "name": "Tenant", "isTenantCustomer": true, "bootstrapTenantKey": "survivors"});
    assert_eq!(
        cloud
            .call("POST", "/v1/customers", &admin, &[], Some(&tenant))
            .unwrap()
            .0,
        201
    );
    let (next, created) = (AtomicUsize::new(0), AtomicUsize::new(0));
    scope(|threads| {
        for _ in 0..CLIENTS {
            threads.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= CUSTOMERS {
                        return;
                    }
                    create(&cloud, &admin, number);
                    created.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for after in KILLS {
            wait_for("clients to get on", || created.load(Ordering::SeqCst) >= after);
            cloud.kill();
            cloud.launch();
        }
    });

    let customers: Vec<Value> = cloud
        .all("/v1/customers")
        .into_iter()
        .filter(|c| c["type"] == "Business")
        .collect();
    let names: BTreeSet<&str> = customers.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!((customers.len(), names.len()), (CUSTOMERS, CUSTOMERS));
    let queue = cloud.queue("create-customer-location");
    wait_for("the queue to be empty", || cloud.depth(&queue) == 0);
    for customer in &customers {
        let path = format!("/v1/customers/{}/locations", customer["key"].as_str().unwrap());
        wait_for("a headquarters", || !cloud.all(&path).is_empty());
        let locations = cloud.all(&path);
        assert_eq!(locations.len(), 1);
        assert_eq!(locations[0]["isHeadquarters"], true);
    }
    assert_eq!(cloud.depth(&cloud.queue("create-customer-location-dead-letters")), 0);
    assert!(cloud.objects("streamfailuresbucket").is_empty());
}

/// Creates a customer, and retries until there is an answer. The idempotency key makes the retry safe if a kill loses the first answer.
fn create(cloud: &Cloud, admin: &str, number: usize) {
    let key = format!("survivor-{number}");
    let body = json!({
        "type": "Business", "name": format!("Customer {number}"), "bootstrapTenantKey": "survivors",
        "address": {"line1": format!("{number} Main Street"), "city": "Springfield"},
    });
    loop {
        match cloud.call(
            "POST",
            "/v1/customers",
            admin,
            &[("idempotency-key", &key)],
            Some(&body),
        ) {
            Ok((201, _)) => return,
            Ok((500.., _)) | Ok((409, _)) | Err(_) => sleep(Duration::from_millis(30)),
            Ok((status, body)) => panic!("{status}: {body}"),
        }
    }
}
