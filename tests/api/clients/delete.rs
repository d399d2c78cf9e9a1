//! Deleting clients, and the dry run that counts the deletions first.

use super::{client_path, clients_path, create, create_with_account, read_customer};
use crate::support::{Call, World, at};
use serde_json::json;

#[tokio::test]
async fn a_deleted_client_is_not_found_and_frees_its_external_id() {
    let world = World::new().await;
    let customer = world.member_customer("Acme").await;
    let client = create(&world, &customer, json!({"externalId": "x"})).await.expect(201);
    let path = client_path(&customer, client.key());
    let stale = Call::new("DELETE", &path)
        .by(&world.admin())
        .header("if-match", "\"7\"");
    world.send(stale).await.problem(412, "VERSION_MISMATCH");
    world.delete(&world.admin(), &path).await.expect(204);
    world.get(&world.admin(), &path).await.problem(404, "NOT_FOUND");
    world.delete(&world.admin(), &path).await.problem(404, "NOT_FOUND");
    create(&world, &customer, json!({"externalId": "x"})).await.expect(201);
}

#[tokio::test]
async fn a_dry_run_counts_the_deletions_and_changes_nothing() {
    let world = World::new().await;
    let admin = world.admin();
    let customer = world.member_customer("Acme").await;
    let (client, account) = create_with_account(&world, &customer).await;
    let (_, below) = create_with_account(&world, &account).await;
    for base in [at(&customer), client_path(&customer, &client)] {
        for n in 0..3 {
            let body = json!({"name": format!("D{n}")});
            world
                .post(&admin, &format!("{base}/departments"), body)
                .await
                .expect(201);
        }
        let location = json!({"name": "L", "address": {"line1": "1 Main Street", "city": "Springfield"}});
        world
            .post(&admin, &format!("{base}/locations"), location)
            .await
            .expect(201);
    }
    let base = at(&customer);
    let group = world
        .post(&admin, &format!("{base}/partition-groups"), json!({"name": "G"}))
        .await
        .expect(201);
    for name in ["P1", "P2"] {
        let body = json!({"name": name, "environment": "dev", "groupKey": group.key()});
        let partition = world
            .post(&admin, &format!("{base}/partitions"), body)
            .await
            .expect(201);
        let keys = format!("{base}/partitions/{}/api-keys", partition.key());
        for n in 0..2 {
            let body = json!({"kind": "Admin", "name": "K"});
            let issued = world.post(&admin, &keys, body).await.expect(201).body;
            if n == 0 {
                let path = format!("{keys}/{}/expire", issued["apiKey"]["key"].as_str().unwrap());
                world.post(&admin, &path, json!({})).await.expect(200);
            }
        }
    }
    let version = read_customer(&world, &customer).await["version"].clone();
    let of_client = world
        .delete(&admin, &format!("{}?dryRun=true", client_path(&customer, &client)))
        .await
        .expect(200);
    let counts = json!({"clients": 0, "departments": 3, "locations": 1, "contacts": 0, "deactivations": 0, "partitionGroups": 0, "partitions": 0, "apiKeys": 0});
    assert_eq!(
        of_client.body,
        json!({"counts": counts, "accounts": [account, below], "isComplete": true})
    );
    let of_customer = world
        .delete(&admin, &format!("{}?dryRun=true", at(&customer)))
        .await
        .expect(200);
    let counts = json!({"clients": 1, "departments": 6, "locations": 2, "contacts": 0, "deactivations": 0, "partitionGroups": 1, "partitions": 2, "apiKeys": 2});
    assert_eq!(
        of_customer.body,
        json!({"counts": counts, "accounts": [account, below], "isComplete": true})
    );
    assert_eq!(read_customer(&world, &customer).await["version"], version);
    assert_eq!(world.all(&admin, &clients_path(&customer)).await.len(), 1);
    for path in [
        client_path(&customer, "cli_01kb1v0c1tfr2v6krscysfnvgb"),
        at("cus_01kb1v0c1tfr2v6krscysfnvgb"),
    ] {
        world
            .delete(&admin, &format!("{path}?dryRun=true"))
            .await
            .problem(404, "NOT_FOUND");
    }
    let refused = world.delete(&admin, &format!("{}?dryRun=maybe", at(&customer))).await;
    assert_eq!(refused.invalid_fields(), ["dryRun"]);
}
