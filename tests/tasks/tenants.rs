//! Every event names the tenant of its customer, and that of an account its parent.

use crate::support::{World, at, key_of, of_type, task};
use serde_json::{Value, json};
use table::{keys, tenants::TenantKeys};

/// Publishes the new records. Returns the events and the trigger's requests to the table.
async fn published(world: &World) -> (Vec<Value>, Vec<String>) {
    let (failed, requests) = world.run_trigger_recorded().await;
    assert_eq!(failed, None);
    (world.spine.take(), requests)
}

async fn create(world: &World, path: &str, body: Value) -> String {
    key_of(&world.post(&world.admin(), path, body).await.expect(201).body)
}

/// Creates a tenant, a customer of it, and a department of that customer. Returns the path of the customer and of the department.
async fn department(world: &World) -> (String, String) {
    world.customer(json!({"bootstrapTenantKey": "acme"})).await;
    let member = json!({"isTenantCustomer": false, "bootstrapTenantKey": "acme"});
    let customer = at(&key_of(&world.customer(member).await));
    let departments = format!("{customer}/departments");
    let department = create(world, &departments, json!({"name": "Sales"})).await;
    (customer, format!("{departments}/{department}"))
}

#[tokio::test]
async fn every_event_names_its_tenant() {
    let world = World::new().await;
    let (customer, _) = department(&world).await;
    let client = json!({"name": "Client", "provisionAccount": true});
    let client = create(&world, &format!("{customer}/clients"), client).await;
    create(
        &world,
        &format!("{customer}/clients/{client}/departments"),
        json!({"name": "D"}),
    )
    .await;
    world.delete(&world.admin(), &customer).await.expect(204);
    let events = world.settle().await;
    assert!(events.len() > 8);
    for event in events {
        assert_eq!(event["bootstrapTenantKey"], "acme", "{event}");
        assert_eq!(event["schemaVersion"], 1);
    }
}

#[tokio::test]
async fn a_batch_reads_unknown_customers_once_and_remembers_them() {
    let mut world = World::new().await;
    let (_, department) = department(&world).await;
    let rename = async |name: &str| {
        let patch = json!({"name": name});
        world.patch(&world.admin(), &department, patch).await.expect(200);
    };
    // The customer's own event is in the same batch, and names the tenant.
    let (_, requests) = published(&world).await;
    assert_eq!(requests, ["BatchWriteItem"]);
    rename("B").await;
    let (_, requests) = published(&world).await;
    assert_eq!(requests, ["BatchWriteItem"]);
    rename("C").await;
    rename("D").await;
    world.ctx.tenant_keys = TenantKeys::default();
    let (events, requests) = published(&world).await;
    assert_eq!(requests, ["BatchGetItem", "BatchWriteItem"]);
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event["bootstrapTenantKey"] == "acme"));
}

#[tokio::test]
async fn the_tombstone_names_the_tenant_of_a_deleted_customer() {
    let mut world = World::new().await;
    let (customer, _) = department(&world).await;
    world.delete(&world.admin(), &customer).await.expect(204);
    let (events, _) = published(&world).await;
    let deleted = of_type(&events, "CUSTOMER_DELETED");
    world
        .deliver_until_done(&task("delete-customer-children"), deleted)
        .await;
    // Another process, which has not seen the customer.
    world.ctx.tenant_keys = TenantKeys::default();
    let (events, requests) = published(&world).await;
    assert_eq!(requests, ["BatchGetItem", "BatchGetItem", "BatchWriteItem"]);
    assert_eq!(events.len(), 1);
    assert_eq!(
        (&events[0]["type"], &events[0]["bootstrapTenantKey"]),
        (&json!("CUSTOMER_DEPARTMENT_DELETED"), &json!("acme"))
    );
}

#[tokio::test]
async fn the_tombstone_of_a_customer_outlives_its_api_keys() {
    let world = World::new().await;
    let (customer, department) = department(&world).await;
    world.delete(&world.admin(), &department).await.expect(204);
    world.delete(&world.admin(), &customer).await.expect(204);
    let mut kept = Vec::new();
    for item in world.items().await {
        if item["entity"].as_s().unwrap() == "Tombstone" {
            let until: i64 = item[keys::TTL].as_n().unwrap().parse().unwrap();
            kept.push((
                item["of"].as_s().unwrap().clone(),
                (until - world.clock.seconds()) / 86_400,
            ));
        }
    }
    kept.sort();
    assert_eq!(kept, [("Customer".to_owned(), 50), ("Department".to_owned(), 30)]);
}

#[tokio::test]
async fn an_event_whose_tenant_is_nowhere_is_published_without_it() {
    let mut world = World::new().await;
    let (customer, department) = department(&world).await;
    published(&world).await;
    world.delete(&world.admin(), &department).await.expect(204);
    // The customer's item is damaged first, and missing then.
    let customer = customer.rsplit('/').next().unwrap();
    world.remove_attribute(customer, "bootstrapTenantKey").await;
    world.ctx.tenant_keys = TenantKeys::default();
    let records = world.stream_records(0);
    let deletion = records
        .iter()
        .rposition(|record| record["dynamodb"]["NewImage"]["entity"]["S"] == "Tombstone");
    let deletion = &records[deletion.unwrap()];
    for _ in 0..2 {
        assert_eq!(world.trigger_on(std::slice::from_ref(deletion)).await, None);
        let events = world.spine.take();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].get("bootstrapTenantKey"), None);
        let key = keys::customer(customer.parse().unwrap());
        let delete = world.client.delete_item().table_name(crate::support::TABLE);
        delete.set_key(Some(key.attributes())).send().await.unwrap();
    }
}

#[tokio::test]
async fn events_of_an_account_name_its_parent_until_it_is_dissociated() {
    let world = World::new().await;
    let (customer, _) = department(&world).await;
    let client = json!({"name": "Client", "provisionAccount": true});
    let client = create(&world, &format!("{customer}/clients"), client).await;
    let client = format!("{customer}/clients/{client}");
    let shown = world.get(&world.admin(), &client).await.expect(200).body;
    let account = shown["clientCustomerKey"].as_str().unwrap();
    world.act(&at(account), "deactivate").await;
    world.act(&at(account), "reactivate").await;
    let parent = world.get(&world.admin(), &at(account)).await.expect(200).body["parent"].clone();
    assert_eq!(parent["clientKey"], shown["key"]);
    world
        .delete(&world.admin(), &format!("{client}/account"))
        .await
        .expect(204);
    let of_account = |event: &Value| event["entity"]["key"] == account;
    let (events, _) = published(&world).await;
    let named: Vec<(&str, Option<&Value>)> = events
        .iter()
        .filter(|event| of_account(event))
        .map(|event| (event["type"].as_str().unwrap(), event.get("parent")))
        .collect();
    let expected = [
        ("CUSTOMER_CREATED", Some(&parent)),
        ("CUSTOMER_UPDATED", Some(&parent)),
        ("CUSTOMER_DEACTIVATED", Some(&parent)),
        ("CUSTOMER_UPDATED", Some(&parent)),
        ("CUSTOMER_REACTIVATED", Some(&parent)),
        ("CUSTOMER_UPDATED", None),
    ];
    assert_eq!(named, expected);
    assert!(
        events
            .iter()
            .filter(|event| !of_account(event))
            .all(|event| event.get("parent").is_none())
    );
}

/// Items that an earlier version of the service wrote.
#[tokio::test]
async fn a_deactivation_without_its_capacity_is_published() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    world.act(&at(&customer), "deactivate").await;
    let mut records = world.stream_records(0);
    for record in &mut records {
        if let Some(deactivation) = record["dynamodb"]["NewImage"].get_mut("deactivation") {
            deactivation["M"].as_object_mut().unwrap().shift_remove("by").unwrap();
        }
    }
    assert_eq!(world.trigger_on(&records).await, None);
    let deactivated = of_type(&world.spine.take(), "CUSTOMER_DEACTIVATED");
    assert_eq!(deactivated[0]["after"]["deactivation"]["by"], "Self");
}
