//! The registry of entities, shown by an entity that only this test has.

use crate::support::{TABLE, World, at, key_of};
use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Actor, Entity, EntityKind, Key, Kind, Meta, Owner, Part, Tenant, fields::Field, fields::Rule, lifecycle,
    lifecycle::Lifecycle,
};
use events::{EventType, from_stream::events_among};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};
use table::{
    Change, Step,
    entities::{self, Entry, RECORDS, Registered},
};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Widget {
    key: Key<Widget>,
    name: String,
    #[serde(flatten)]
    meta: Meta,
}

impl Kind for Widget {
    const KIND: EntityKind = EntityKind {
        name: "Widget",
        prefix: "wid",
    };
}

impl Entity for Widget {
    const FIELDS: &'static [Field] = &[
        Field::new("key", Rule::Key(Widget::KIND), "").read_only().required(),
        Field::new("name", Rule::Text { min: 1, max: 10 }, "").required(),
    ];
    const NOUN: &'static str = "a widget";
    const PLURAL: &'static str = "widgets";
    const EVENTS: Lifecycle = lifecycle!("CUSTOMER_WIDGET");

    fn key(&self) -> Key<Self> {
        self.key
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}

impl Part for Widget {
    type Filter = ();
    const UNIQUE: Option<&str> = Some("name");

    fn unique(&self) -> Option<&str> {
        Some(&self.name)
    }
}

impl Registered for Widget {
    const ENTRY: Entry = Entry::part_of_customer_or_client::<Self>();
}

/// The service's registry, with widgets.
static ENTITIES: LazyLock<Vec<Entry>> = LazyLock::new(|| [entities::ALL, &[Widget::ENTRY]].concat());

#[allow(clippy::disallowed_methods, reason = "as a task is proven its tenant by its event")]
fn tenant(customer: &str) -> Tenant {
    Tenant::proven(customer.parse().unwrap())
}

impl World {
    fn change(&self) -> Change {
        Change {
            now: self.ctx.clock.now(),
            actor: Actor::system("test"),
            request_id: "req".into(),
            idempotency_key: None,
        }
    }

    async fn widgets(&self, owner: Owner) {
        let change = self.change();
        for name in ["a", "b"] {
            let body = Map::from_iter([("name".into(), json!(name))]);
            let widget = Widget::new(self.ctx.new_key(), body, change.now, &change.actor).unwrap();
            self.ctx
                .parts::<Widget>()
                .create(owner, &widget, &change)
                .await
                .unwrap();
        }
    }

    /// How many events of widgets the stream has told of so far, by type.
    fn widget_events(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for record in self.stream_records(0) {
            let record: EventRecord = serde_json::from_value(record).unwrap();
            for event in events_among(&ENTITIES, &record).unwrap() {
                if event.entity.kind == "Widget" {
                    *counts.entry(event.r#type.name()).or_default() += 1;
                }
            }
        }
        counts
    }

    /// The values of `entity` among a customer's items.
    async fn kinds_under(&self, customer: &str) -> BTreeSet<String> {
        let scanned = self.client.scan().table_name(TABLE).send().await.unwrap();
        let items = scanned.items.unwrap_or_default().into_iter();
        let text = |value: &AttributeValue| value.as_s().unwrap().clone();
        let own = items.filter(|item| text(&item["pk"]).starts_with(&format!("CUS#{customer}")));
        own.map(|item| text(&item["entity"])).collect()
    }
}

#[tokio::test]
async fn a_registered_entity_is_counted_deleted_and_published() {
    let world = World::new().await;
    let admin = world.admin();
    let customer = world.member_customer("Acme").await;
    let clients = format!("{}/clients", at(&customer));
    let client = key_of(
        &world
            .post(&admin, &clients, json!({"name": "Client"}))
            .await
            .expect(201)
            .body,
    );
    let (tenant, client_key) = (tenant(&customer), client.parse().unwrap());
    world.widgets(tenant.itself()).await;
    world.widgets(tenant.client(client_key)).await;

    let cascades = world.ctx.table.cascades_of(&ENTITIES);
    let of_client = cascades.preview_client_deletion(tenant, client_key).await.unwrap();
    assert_eq!(of_client.counts.of("widgets"), Some(2));
    let of_customer = cascades.preview_customer_deletion(tenant).await.unwrap();
    assert_eq!(of_customer.counts.of("widgets"), Some(4));
    assert_eq!(world.widget_events(), BTreeMap::from([("CUSTOMER_WIDGET_CREATED", 4)]));

    // With its client, and with its customer. The service's own tasks know nothing of widgets: without their line, they stay.
    let change = world.change();
    world.delete(&admin, &format!("{clients}/{client}")).await.expect(204);
    world.settle().await;
    assert_eq!(
        world.remaining_items(&format!("{customer}#CLI#{client}")).await.len(),
        4
    );
    while cascades.client_deleted(tenant, client_key, &change).await.unwrap() != Step::Done {}
    assert_eq!(
        world.remaining_items(&format!("{customer}#CLI#{client}")).await,
        Vec::<String>::new()
    );
    world.delete(&admin, &at(&customer)).await.expect(204);
    world.settle().await;
    assert_eq!(world.remaining_items(&customer).await.len(), 4);
    while cascades.customer_deleted(tenant, &change).await.unwrap() != Step::Done {}
    assert_eq!(world.remaining_items(&customer).await, Vec::<String>::new());
    let events = BTreeMap::from([("CUSTOMER_WIDGET_CREATED", 4), ("CUSTOMER_WIDGET_DELETED", 4)]);
    assert_eq!(world.widget_events(), events);
}

#[test]
fn a_registered_entity_has_schemas_of_its_events() {
    let updated = EventType::updated::<Widget>();
    assert_eq!(updated.summary(), "A widget changed; `changed` names the fields.");
    let schema = updated.schema();
    assert_eq!(schema["title"], "CUSTOMER_WIDGET_UPDATED");
    assert_eq!(schema["properties"]["entity"]["properties"]["kind"]["const"], "Widget");
    assert_eq!(
        schema["$defs"]["Widget"]["properties"]["key"]["pattern"],
        "^wid_[0-7][0-9a-hjkmnp-tv-z]{9}[ef][0-9a-hjkmnp-tv-z]{2}[89abrstv][0-9a-hjkmnp-tv-z]{12}$"
    );
    assert_eq!(schema["properties"]["after"]["$ref"], "#/$defs/Widget");
    assert!(schema["properties"]["before"].is_object());
    assert_eq!(EventType::deleted::<Widget>().schema()["properties"].get("after"), None);
}

/// A new entity must be created here too: the test then shows that a deleted customer leaves none.
#[tokio::test]
async fn a_deleted_customer_leaves_nothing_of_any_registered_kind() {
    let world = World::new().await;
    let admin = world.admin();
    let customer = world.member_customer("Acme").await;
    let path = at(&customer);
    let create = async |path: String, body| key_of(&world.post(&admin, &path, body).await.expect(201).body);
    for action in ["deactivate", "reactivate"] {
        world
            .post(&admin, &format!("{path}/{action}"), json!({}))
            .await
            .expect(200);
    }
    world.clock.forward(chrono::TimeDelta::seconds(1));
    let body = json!({"name": "Client", "provisionAccount": true, "externalId": "c"});
    let client = create(format!("{path}/clients"), body).await;
    for owner in [path.clone(), format!("{path}/clients/{client}")] {
        create(
            format!("{owner}/departments"),
            json!({"name": "D", "internalCode": "d"}),
        )
        .await;
        let location = json!({"name": "L", "internalCode": "l", "address": {"line1": "1 Main Street", "city": "Springfield"}, "isHeadquarters": true});
        let location = create(format!("{owner}/locations"), location).await;
        let contact = json!({"type": "Billing", "firstName": "Ada", "lastName": "L", "phone": "+14155550100", "locationKey": location});
        create(format!("{owner}/contacts"), contact).await;
    }
    let group = create(format!("{path}/partition-groups"), json!({"name": "G"})).await;
    let partition = json!({"name": "P", "environment": "prod", "groupKey": group});
    let keys = format!(
        "{path}/partitions/{}/api-keys",
        create(format!("{path}/partitions"), partition).await
    );
    let issued = world
        .post(&admin, &keys, json!({"kind": "Admin", "name": "K"}))
        .await
        .expect(201);
    world
        .post(&admin, &format!("{path}/clients/{client}/disable"), json!({}))
        .await
        .expect(200);

    let kinds = world.kinds_under(&customer).await;
    let registered = entities::ALL.iter().map(|entity| entity.kind.name);
    for name in registered.chain(RECORDS.iter().map(|record| record.name)) {
        assert!(kinds.contains(name), "{name} is registered, and none was created here");
    }
    world.delete(&admin, &path).await.expect(204);
    world.settle().await;
    world
        .remove_by_ttl(&format!("{keys}/{}", key_of(&issued.body["apiKey"])))
        .await;
    assert_eq!(world.remaining_items(&customer).await, Vec::<String>::new());
}
