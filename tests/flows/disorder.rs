//! Repeated, late and reordered deliveries end in the same state.

use crate::support::{World, at, key_of, tasks};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

/// A step in the history of a new customer.
#[derive(Clone, Debug)]
enum Step {
    Rename,
    Move,
    Deactivate,
    Reactivate,
    /// Delivers one of the events published so far, for the first time or again.
    Deliver(Index),
    /// Runs the trigger again, from one of the records on.
    Redeliver(Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Rename),
        Just(Step::Move),
        Just(Step::Deactivate),
        Just(Step::Reactivate),
        any::<Index>().prop_map(Step::Deliver),
        any::<Index>().prop_map(Step::Deliver),
        any::<Index>().prop_map(Step::Redeliver),
    ]
}

struct History {
    world: World,
    customer: String,
    events: Vec<Value>,
    /// The customer's city when its creation was first delivered, which is that of its location from then on.
    city: Option<Value>,
}

impl History {
    async fn start() -> Self {
        let world = World::new().await;
        let tenant = world.tenant("Tenant").await;
        let fields = json!({
            "isTenantCustomer": false, "bootstrapTenantKey": tenant["bootstrapTenantKey"], "address": {"line1": "1 Main Street", "city": "Springfield"},
        });
        let customer = key_of(&world.customer(fields).await);
        Self {
            world,
            customer,
            events: Vec::new(),
            city: None,
        }
    }

    async fn run(&mut self, step: &Step) {
        let (admin, path) = (self.world.admin(), at(&self.customer));
        // The customer's state may make the service refuse a request. That is part of the history.
        match step {
            Step::Rename => drop(self.world.patch(&admin, &path, json!({"name": "New"})).await),
            Step::Move => drop(
                self.world
                    .patch(
                        &admin,
                        &path,
                        json!({"address": {"line1": "1 Main Street", "city": "Shelbyville"}}),
                    )
                    .await,
            ),
            Step::Deactivate => drop(self.world.post(&admin, &format!("{path}/deactivate"), json!({})).await),
            Step::Reactivate => drop(self.world.post(&admin, &format!("{path}/reactivate"), json!({})).await),
            Step::Deliver(index) if !self.events.is_empty() => {
                let event = index.get(&self.events).clone();
                self.deliver(&[event]).await;
            }
            Step::Redeliver(index) => {
                let records = self.world.stream_records(0);
                self.publish(&records[index.index(records.len())..]).await;
            }
            Step::Deliver(_) => {}
        }
        self.world.clock.forward(chrono::TimeDelta::milliseconds(1));
    }

    async fn publish(&mut self, records: &[Value]) {
        assert_eq!(self.world.trigger_on(records).await, None);
        for event in self.world.spine.take() {
            match self.events.iter().find(|known| known["id"] == event["id"]) {
                Some(known) => assert_eq!(*known, event),
                None => self.events.push(event),
            }
        }
    }

    async fn deliver(&mut self, events: &[Value]) {
        let is_creation =
            |event: &Value| event["type"] == "CUSTOMER_CREATED" && event["entity"]["key"] == json!(self.customer);
        if self.city.is_none() && events.iter().any(is_creation) {
            let customer = self
                .world
                .get(&self.world.admin(), &at(&self.customer))
                .await
                .expect(200);
            self.city = Some(customer.body["address"]["city"].clone());
        }
        for task in tasks() {
            let wanted: Vec<Value> = events
                .iter()
                .filter(|event| task.spec.on.iter().any(|on| event["type"] == on.name()))
                .cloned()
                .collect();
            assert!(wanted.is_empty() || self.world.deliver(&task, &wanted).await.is_empty());
        }
    }

    /// Delivers all events once more, in reverse. Returns how many locations were created, and the final ones, each with whether it has
    /// the city that it had to get.
    async fn finish(mut self) -> (usize, Vec<Value>) {
        let records = self.world.stream_records(0);
        self.publish(&records).await;
        let mut events = self.events.clone();
        events.reverse();
        self.deliver(&events).await;
        let records = self.world.stream_records(0);
        self.publish(&records).await;
        let locations = self
            .world
            .all(&self.world.admin(), &format!("{}/locations", at(&self.customer)))
            .await;
        let shown = locations
            .iter()
            .map(|l| {
                json!([
                    l["key"],
                    Some(&l["address"]["city"]) == self.city.as_ref(),
                    l["isHeadquarters"],
                    l["version"]
                ])
            })
            .collect();
        let created = self
            .events
            .iter()
            .filter(|event| event["type"] == "CUSTOMER_LOCATION_CREATED")
            .count();
        (created, shown)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_events_creates_one_headquarters(steps in prop::collection::vec(step(), 0..14)) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let mut history = History::start().await;
            let untouched = History::start().await.finish().await;
            for step in &steps {
                history.run(step).await;
            }
            assert_eq!(untouched.1.len(), 1);
            assert_eq!(untouched.1[0][1], true);
            assert_eq!(history.finish().await, untouched);
        });
    }

    #[test]
    fn the_event_with_the_highest_version_has_the_current_state(steps in prop::collection::vec(step(), 1..10)) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let mut history = History::start().await;
            for step in &steps {
                history.run(step).await;
            }
            let records = history.world.stream_records(0);
            history.publish(&records).await;
            let of_customer = |event: &&Value| event["entity"]["key"] == json!(history.customer);
            let last = history.events.iter().filter(of_customer).max_by_key(|event| event["version"].as_u64()).unwrap();
            let current = history.world.get(&history.world.admin(), &at(&history.customer)).await.expect(200).body;
            assert_eq!(last["after"], current);
        });
    }
}
