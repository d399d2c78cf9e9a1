//! The requests to DynamoDB that each endpoint makes. `World::send` fails on a Scan.

use crate::support::{Call, World, at, key_of, with_fields};
use serde_json::{Value, json};

#[tokio::test]
async fn each_endpoint_makes_only_the_expected_requests() {
    let world = World::new().await;
    let (one, two, three, four) = (
        key_of(
            &world
                .customer(json!({"externalId": "one", "bootstrapTenantKey": "one", "email": "a@acme.example"}))
                .await,
        ),
        key_of(&world.tenant("Two").await),
        key_of(&world.tenant("Three").await),
        world.member_customer("Four").await,
    );
    world.act(&at(&three), "deactivate").await;
    world.set_parent(&four, &one).await;
    let body =
        json!({"name": "Main", "address": {"line1": "1 Main Street", "city": "Springfield"}, "internalCode": "A"});
    let locations = format!("{}/locations", at(&one));
    let location = key_of(&world.post(&world.admin(), &locations, body).await.expect(201).body);
    let location = format!("{locations}/{location}");
    let (admin, parent, other_user) = (
        world.admin(),
        world.user("ClientEditor", &one),
        world.user("Member", &two),
    );

    let get = "GetItem";
    let query = "Query";
    let update = "UpdateItem";
    let write = "TransactWriteItems";
    let new = |fields: Value| {
        let body = with_fields(
            json!({"type": "Business", "name": "New", "isTenantCustomer": true}),
            fields,
        );
        Some(body)
    };
    let cases = [
        (&admin, "GET", at(&one), None, vec![get]),
        (&parent, "GET", at(&four), None, vec![query, get]),
        (&other_user, "GET", at(&one), None, vec!["BatchWriteItem"]),
        (&admin, "GET", "/v1/customers".into(), None, vec![query]),
        (
            &admin,
            "GET",
            "/v1/customers?isDisabled=false".into(),
            None,
            vec![query],
        ),
        (&admin, "GET", "/v1/customers/external/one".into(), None, vec![get, get]),
        (&admin, "GET", "/v1/tenants/one".into(), None, vec![get, get]),
        (
            &admin,
            "GET",
            format!("{}/deactivations", at(&three)),
            None,
            vec![query],
        ),
        // After an empty page, the service reads the customer: it may be missing.
        (
            &admin,
            "GET",
            format!("{}/deactivations", at(&one)),
            None,
            vec![query, get],
        ),
        (&admin, "GET", format!("{}/locations", at(&two)), None, vec![query, get]),
        (&admin, "GET", format!("{}/audit", at(&one)), None, vec![query]),
        (&admin, "GET", locations.clone(), None, vec![query]),
        (&admin, "GET", location.clone(), None, vec![get]),
        (&admin, "GET", "/v1/openapi.json".into(), None, vec![]),
        (&admin, "POST", "/v1/customers".into(), new(json!({})), vec![write]),
        (
            &admin,
            "POST",
            "/v1/customers".into(),
            new(json!({"externalId": "new"})),
            vec![write],
        ),
        (
            &admin,
            "POST",
            "/v1/customers".into(),
            new(json!({"isTenantCustomer": false, "bootstrapTenantKey": "one"})),
            vec![write],
        ),
        (&admin, "POST", "/v1/customers".into(), new(json!({"name": ""})), vec![]),
        (
            &admin,
            "POST",
            locations.clone(),
            Some(json!({"name": "New", "address": {"line1": "1 Main Street", "city": "Springfield"}})),
            vec![write],
        ),
        (
            &admin,
            "POST",
            locations.clone(),
            Some(
                json!({"name": "New", "address": {"line1": "1 Main Street", "city": "Springfield"}, "isHeadquarters": true, "internalCode": "B"}),
            ),
            vec![write],
        ),
        (
            &admin,
            "PATCH",
            at(&one),
            Some(json!({"name": "New", "address": {"city": "Springfield"}})),
            vec![update, "PutItem"],
        ),
        (
            &admin,
            "PATCH",
            at(&one),
            Some(json!({"name": "Newer", "phone": "+14155550100"})),
            vec![update],
        ),
        (
            &admin,
            "PATCH",
            at(&one),
            Some(json!({"name": "Newest", "email": null, "address": {"city": "Shelbyville"}})),
            vec![update],
        ),
        (&admin, "PATCH", at(&one), Some(json!({"name": "Newest"})), vec![update]),
        (
            &admin,
            "PATCH",
            at(&one),
            Some(json!({"externalId": "other"})),
            vec![get, write],
        ),
        (
            &admin,
            "PATCH",
            location.clone(),
            Some(json!({"name": "New"})),
            vec![get, write],
        ),
        (
            &admin,
            "PATCH",
            location.clone(),
            Some(json!({"name": "New"})),
            vec![get],
        ),
        (&admin, "DELETE", location.clone(), None, vec![get, write]),
        (
            &admin,
            "POST",
            format!("{}/deactivate", at(&two)),
            Some(json!({})),
            vec![get, write],
        ),
        (
            &admin,
            "POST",
            format!("{}/reactivate", at(&two)),
            Some(json!({})),
            vec![get, write],
        ),
        (&admin, "DELETE", at(&three), None, vec![get, write]),
    ];
    for (caller, method, path, body, expected) in cases {
        let mut call = Call::new(method, &path).by(caller);
        if let Some(body) = &body {
            call = call.json(body.clone());
        }
        let answer = world.send(call).await;
        assert_eq!(
            answer.requests, expected,
            "{method} {path} {body:?}: {} {}",
            answer.status, answer.body
        );
    }
}
