//! GET /v1/customers/{customerKey}/api-keys

use super::{add_partition, issue, partition};
use crate::support::{World, key_of};
use serde_json::{Value, json};

#[tokio::test]
async fn the_keys_of_all_partitions_are_listed_and_filtered() {
    let world = World::new().await;
    let admin = world.admin();
    let (customer, orders) = partition(&world).await;
    let sales = add_partition(&world, &customer, "Sales").await;
    let (other, others) = partition(&world).await;
    issue(&world, &others, json!({"foreignKey": "app"})).await;
    let mut ids = Vec::new();
    // In turns: the list has one partition after the other.
    for n in 0..3 {
        for keys in [&orders, &sales] {
            let foreign_key = if n == 0 { "app" } else { "shop" };
            ids.push(issue(&world, keys, json!({"foreignKey": foreign_key})).await.0);
        }
    }
    world.act(&format!("{orders}/{}", ids[0]), "expire").await;
    let sorted: Vec<&String> = ids.iter().step_by(2).chain(ids.iter().skip(1).step_by(2)).collect();
    let list = format!("{customer}/api-keys");
    let keys = |found: Vec<Value>| found.iter().map(key_of).collect::<Vec<_>>();
    assert_eq!(
        keys(world.all(&admin, &list).await),
        sorted.iter().map(|id| (*id).clone()).collect::<Vec<_>>()
    );
    for limit in [1, 2, 4, 6] {
        let pages = world.pages(&admin, &format!("{list}?limit={limit}")).await;
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
        assert_eq!(keys(pages.concat()).len(), 6, "{limit}");
    }
    let sales_key = sales.rsplit('/').nth(1).unwrap();
    for (query, expected) in [
        ("?foreignKey=app".to_owned(), vec![&ids[0], &ids[1]]),
        ("?status=Expired".to_owned(), vec![&ids[0]]),
        ("?status=Active&foreignKey=app".to_owned(), vec![&ids[1]]),
        (format!("?partitionKey={sales_key}"), vec![&ids[1], &ids[3], &ids[5]]),
        (format!("?partitionKey={sales_key}&foreignKey=app"), vec![&ids[1]]),
        ("?partitionKey=ptn_01kb1v0c1tfr2v6krscysfnvgb".to_owned(), vec![]),
    ] {
        let found = world.all(&admin, &format!("{list}{query}")).await;
        assert_eq!(keys(found).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let page = world.get(&admin, &list).await.expect(200);
    assert_eq!(page.requests, ["Query"]);
    assert!(!page.body.to_string().contains("hash"));
    assert_eq!(world.all(&admin, &format!("{other}/api-keys")).await.len(), 1);
    let unknown = "/v1/customers/cus_01kb1v0c1tfr2v6krscysfnvgb/api-keys";
    world.get(&admin, unknown).await.problem(404, "NOT_FOUND");
}
