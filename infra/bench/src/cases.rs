//! An everyday event for each function, and whatever has to be there before it.

use crate::world::World;
use anyhow::{Context, Result};
use events::{Event, EventType};
use serde_json::{Value, json};

/// `None` for a function that nobody has written an event for.
pub async fn event(world: &World, function: &str) -> Result<Option<Value>> {
    let number = world.number();
    let seeded = key(&world.customer)?;
    let of = |customer| [("customerKey", customer)];
    let to = |customer: &str, parameters: &[(&str, &str)], body| {
        let all = [&[("customerKey", customer)], parameters].concat();
        world.http_event(function, &all, body)
    };
    let request = match function {
        "create-customer" => {
            let body = json!({
                "type": "Business", "name": "Globex", "isTenantCustomer": true, "externalId": format!("globex-{number}"),
                "address": {"line1": "2 Main Street", "city": "Springfield", "postalCode": "12345", "country": "US"},
            });
            world.http_event(function, &[], Some(body))?
        }
        "list-customers" => world.http_event(function, &[], None)?,
        "get-customer" | "list-locations" => to(seeded, &[], None)?,
        "get-customer-by-external-id" => {
            let id = world.customer["externalId"].as_str().context("no external id")?;
            world.http_event(function, &[("externalId", id)], None)?
        }
        "get-tenant" => {
            let tenant_key = world.customer["bootstrapTenantKey"].as_str().context("no tenant key")?;
            world.http_event(function, &[("bootstrapTenantKey", tenant_key)], None)?
        }
        "update-customer" => to(seeded, &[], Some(json!({"name": format!("Acme {number}")})))?,
        "delete-customer" | "deactivate-customer" => to(key(&world.make_customer().await?)?, &[], None)?,
        "reactivate-customer" | "list-deactivations" | "list-audit-entries" => {
            let customer = world.make_customer().await?;
            world.answer("deactivate-customer", &of(key(&customer)?), None).await?;
            to(key(&customer)?, &[], None)?
        }
        "create-location" => to(seeded, &[], Some(location(number)))?,
        "get-location" | "update-location" | "delete-location" => {
            let location = world
                .answer("create-location", &of(seeded), Some(location(number)))
                .await?;
            let body = (function == "update-location").then(|| json!({"name": "Moved"}));
            to(seeded, &[("locationKey", key(&location)?)], body)?
        }
        "create-client" => to(seeded, &[], Some(json!({"name": "Springfield Stores"})))?,
        "get-client" => {
            let client = json!({"name": "Springfield Stores"});
            let client = world.answer("create-client", &of(seeded), Some(client)).await?;
            to(seeded, &[("clientKey", key(&client)?)], None)?
        }
        "create-partition" => to(seeded, &[], Some(partition(number)))?,
        "create-api-key" | "list-api-keys" | "get-api-key" | "rotate-api-key" | "verify-api-key" => {
            let made = world
                .answer("create-partition", &of(seeded), Some(partition(number)))
                .await?;
            let in_partition = [("partitionKey", key(&made)?)];
            let body = json!({"kind": "Custom", "name": "Web shop", "scopes": ["orders:read"]});
            if function == "create-api-key" {
                return to(seeded, &in_partition, Some(body)).map(Some);
            }
            let path = [("customerKey", seeded), in_partition[0]];
            let issued = world.answer("create-api-key", &path, Some(body)).await?;
            let id = [in_partition[0], ("keyId", key(&issued["apiKey"])?)];
            match function {
                "list-api-keys" => to(seeded, &in_partition, None)?,
                "get-api-key" => to(seeded, &id, None)?,
                "rotate-api-key" => to(seeded, &id, Some(json!({})))?,
                _ => {
                    let body = json!({"plaintext": issued["plaintext"]});
                    let event = world.http_event(function, &[], Some(body))?;
                    // The day's first verification writes: every other one does not.
                    world.run(function, event.clone()).await?;
                    event
                }
            }
        }
        "get-openapi" => world.http_event(function, &[], None)?,
        "create-customer-location" => customer_created(&world.make_customer().await?)?,
        "table-stream" => inserted(&world.customer_item()?),
        _ => return Ok(None),
    };
    Ok(Some(request))
}

fn key(of: &Value) -> Result<&str> {
    of["key"].as_str().context("an entity without a key")
}

fn location(number: u64) -> Value {
    json!({
        "name": "Warehouse", "internalCode": format!("W-{number}"),
        "address": {"line1": "3 Main Street", "city": "Springfield", "postalCode": "12345", "country": "US"},
    })
}

fn partition(number: u64) -> Value {
    json!({"name": format!("Orders {number}"), "environment": "prod"})
}

/// A queue's message, with the event in EventBridge's envelope.
fn customer_created(customer: &Value) -> Result<Value> {
    let mut detail = Event::sample(EventType::CustomerCreated);
    detail["customerKey"] = customer["key"].clone();
    detail["entity"]["key"] = customer["key"].clone();
    detail["time"] = customer["createdAt"].clone();
    detail["after"] = customer.clone();
    let envelope = json!({
        "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": EventType::CustomerCreated.name(),
        "source": events::event::SOURCE, "account": "000000000000", "time": "2026-11-23T08:00:00Z", "region": "us-east-1",
        "resources": [], "detail": detail,
    });
    Ok(json!({"Records": [{
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d", "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": envelope.to_string(), "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3", "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:create-customer-location", "awsRegion": "us-east-1",
    }]}))
}

/// A record of the table's stream.
fn inserted(item: &Value) -> Value {
    json!({"Records": [{
        "eventID": "c9fbe7d0261a5163fcb6940593e41797", "eventName": "INSERT", "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_420_800.0, "Keys": {"pk": item["pk"], "sk": item["sk"]}, "NewImage": item,
            "SequenceNumber": "4421584500000000017450439091", "SizeBytes": 700, "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/customers/stream/2026-11-23T00:00:00.000",
    }]})
}
