//! Whatever is asked, in whatever order events arrive, twice, late or after a crash: in the end there is no orphan, and what is disabled
//! is what the hierarchy says. The model knows what was asked and accepted, and nothing of events.

use crate::support::{Answer, World, at, key_of, tasks};
use aws_sdk_dynamodb::types::AttributeValue;
use proptest::{prelude::*, sample::Index, test_runner::TestRunner};
use runtime::function::TaskFunction;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use tokio::runtime::Builder;

const HISTORIES: u32 = 1000;

#[derive(Clone, Debug)]
enum Step {
    NewClient {
        of: Index,
        with_account: bool,
    },
    NewPart {
        of: Index,
        kind: usize,
    },
    DeletePart(Index),
    Provision(Index),
    Dissociate(Index),
    Disable(Index),
    Enable(Index),
    DeleteClient(Index),
    Deactivate(Index),
    Reactivate(Index),
    DeleteCustomer(Index),
    /// The trigger reads what the stream has.
    Trigger,
    /// One waiting message is worked on.
    Deliver(Index),
    /// One message that was worked on before comes again.
    Repeat(Index),
    /// One message is worked on, but the task is killed before it sends itself the next page.
    Crash(Index),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), prop::bool::weighted(0.7)).prop_map(|(of, with_account)| Step::NewClient { of, with_account }),
        2 => (index(), 0..3usize).prop_map(|(of, kind)| Step::NewPart { of, kind }),
        1 => index().prop_map(Step::DeletePart),
        1 => index().prop_map(Step::Provision),
        1 => index().prop_map(Step::Dissociate),
        2 => index().prop_map(Step::Disable),
        2 => index().prop_map(Step::Enable),
        1 => index().prop_map(Step::DeleteClient),
        2 => index().prop_map(Step::Deactivate),
        2 => index().prop_map(Step::Reactivate),
        1 => index().prop_map(Step::DeleteCustomer),
        4 => Just(Step::Trigger),
        6 => index().prop_map(Step::Deliver),
        2 => index().prop_map(Step::Repeat),
        1 => index().prop_map(Step::Crash),
    ]
}

#[derive(Clone, Debug)]
struct Customer {
    key: String,
    is_there: bool,
    deactivated: bool,
    /// The client it was provisioned for, and whether it is about to be let go of because that is deleted.
    client: Option<usize>,
    losing: bool,
}

#[derive(Clone, Debug)]
struct Client {
    key: String,
    of: usize,
    is_there: bool,
    by_hand: bool,
    account: Option<usize>,
}

type Message = (usize, Value);

struct History<'w> {
    world: &'w World,
    tasks: Vec<TaskFunction>,
    customers: Vec<Customer>,
    clients: Vec<Client>,
    parts: Vec<String>,
    waiting: Vec<Message>,
    delivered: Vec<Message>,
}

impl<'w> History<'w> {
    async fn start(world: &'w World) -> Self {
        let root = world.member_customer("Root").await;
        Self {
            world,
            tasks: tasks(),
            customers: vec![Customer {
                key: root,
                is_there: true,
                deactivated: false,
                client: None,
                losing: false,
            }],
            clients: Vec::new(),
            parts: Vec::new(),
            waiting: Vec::new(),
            delivered: Vec::new(),
        }
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.world.post(&self.world.admin(), path, body).await
    }

    fn path(&self, client: usize) -> String {
        let client = &self.clients[client];
        format!("{}/clients/{}", at(&self.customers[client.of].key), client.key)
    }

    fn provisioned(&mut self, client: usize, body: &Value) {
        let key = body["clientCustomerKey"].as_str().unwrap().to_owned();
        self.clients[client].account = Some(self.customers.len());
        self.customers.push(Customer {
            key,
            is_there: true,
            deactivated: false,
            client: Some(client),
            losing: false,
        });
    }

    /// A client is gone, and its account will be let go of.
    fn lose(&mut self, client: usize) {
        self.clients[client].is_there = false;
        if let Some(account) = self.clients[client].account.take() {
            let account = &mut self.customers[account];
            account.client = None;
            account.losing = true;
            account.deactivated = true;
        }
    }

    async fn take(&mut self, step: &Step) {
        let some_customer = |index: &Index| index.index(self.customers.len());
        let clients = self.clients.len();
        match step {
            Step::NewClient { of, with_account } => {
                let of = some_customer(of);
                let path = format!("{}/clients", at(&self.customers[of].key));
                let made = self
                    .post(
                        &path,
                        json!({"name": "Client", "provisionAccount": with_account, "address": {"city": "X"}}),
                    )
                    .await;
                if made.status == 201 {
                    self.clients.push(Client {
                        key: key_of(&made.body),
                        of,
                        is_there: true,
                        by_hand: false,
                        account: None,
                    });
                    if *with_account {
                        self.provisioned(clients, &made.body);
                    }
                }
            }
            Step::NewPart { of, kind } => {
                let of = of.index(self.customers.len() + clients);
                let base = match of.checked_sub(self.customers.len()) {
                    None => at(&self.customers[of].key),
                    Some(client) => self.path(client),
                };
                let nth = self.parts.len();
                let (things, mut body) = match kind {
                    0 => ("departments", json!({"name": "D", "internalCode": format!("d{nth}")})),
                    1 => (
                        "locations",
                        json!({"name": "L", "address": {}, "isHeadquarters": true, "internalCode": format!("l{nth}")}),
                    ),
                    _ => (
                        "contacts",
                        json!({"type": "Billing", "firstName": "A", "lastName": "B", "phone": "+14155550100"}),
                    ),
                };
                let near = self
                    .parts
                    .iter()
                    .rev()
                    .find(|part| part.starts_with(&format!("{base}/locations/")));
                if let (2, Some(location)) = (kind, near) {
                    body["locationKey"] = json!(location.rsplit('/').next());
                }
                let made = self.post(&format!("{base}/{things}"), body).await;
                if made.status == 201 {
                    self.parts.push(format!("{base}/{things}/{}", key_of(&made.body)));
                }
            }
            Step::DeletePart(part) if !self.parts.is_empty() => {
                let part = &self.parts[part.index(self.parts.len())];
                self.world.delete(&self.world.admin(), part).await;
            }
            Step::Deactivate(customer) => {
                let customer = some_customer(customer);
                let path = format!("{}/deactivate", at(&self.customers[customer].key));
                if self.post(&path, json!({})).await.status == 200 {
                    self.customers[customer].deactivated = true;
                }
            }
            Step::Reactivate(customer) => {
                let customer = some_customer(customer);
                let path = format!("{}/reactivate", at(&self.customers[customer].key));
                let answer = self.post(&path, json!({})).await;
                // Still to be let go of, it will be deactivated then.
                let will_be = self.customers[customer].losing && answer.body.get("parent").is_some();
                if answer.status == 200 && !will_be {
                    self.customers[customer].deactivated = false;
                }
            }
            Step::DeleteCustomer(customer) => {
                let customer = some_customer(customer);
                let path = at(&self.customers[customer].key);
                if self.world.delete(&self.world.admin(), &path).await.status == 204 {
                    self.customers[customer].is_there = false;
                    if let Some(client) = self.customers[customer].client.take() {
                        self.clients[client].account = None;
                    }
                    for client in 0..clients {
                        if self.clients[client].of == customer && self.clients[client].is_there {
                            self.lose(client);
                        }
                    }
                }
            }
            Step::Trigger => self.trigger().await,
            Step::Deliver(message) if !self.waiting.is_empty() => {
                let message = self.waiting.remove(message.index(self.waiting.len()));
                self.deliver(message).await;
            }
            Step::Repeat(message) if !self.delivered.is_empty() => {
                let message = self.delivered[message.index(self.delivered.len())].clone();
                self.deliver(message).await;
            }
            Step::Crash(message) if !self.waiting.is_empty() => {
                self.world.spine.fail_sends(1);
                let message = self.waiting.remove(message.index(self.waiting.len()));
                self.deliver(message).await;
                self.world.spine.fail_sends(0);
            }
            Step::Provision(client)
            | Step::Dissociate(client)
            | Step::Disable(client)
            | Step::Enable(client)
            | Step::DeleteClient(client)
                if clients > 0 =>
            {
                self.change_client(step, client.index(clients)).await;
            }
            _ => {}
        }
    }

    async fn change_client(&mut self, step: &Step, client: usize) {
        let path = self.path(client);
        let admin = self.world.admin();
        match step {
            Step::Provision(_) => {
                let answer = self.post(&format!("{path}/account"), json!({})).await;
                if answer.status == 201 {
                    self.provisioned(client, &answer.body);
                }
            }
            Step::Dissociate(_) => {
                if self.world.delete(&admin, &format!("{path}/account")).await.status == 204 {
                    let account = self.clients[client].account.take().unwrap();
                    let now = self
                        .world
                        .get(&admin, &at(&self.customers[account].key))
                        .await
                        .expect(200);
                    let account = &mut self.customers[account];
                    account.client = None;
                    // What its client's last disabling has left of it at this moment stays.
                    account.deactivated = now.body.get("deactivation").is_some();
                }
            }
            Step::Disable(_) => {
                if self.post(&format!("{path}/disable"), json!({})).await.status == 200 {
                    self.clients[client].by_hand = true;
                }
            }
            Step::Enable(_) => {
                if self.post(&format!("{path}/enable"), json!({})).await.status == 200 {
                    self.clients[client].by_hand = false;
                }
            }
            _ => {
                if self.world.delete(&admin, &path).await.status == 204 {
                    self.lose(client);
                }
            }
        }
    }

    async fn trigger(&mut self) {
        assert_eq!(self.world.run_trigger().await, None);
        for event in self.world.spine.take() {
            for (index, task) in self.tasks.iter().enumerate() {
                if task.spec.on.iter().any(|on| on.name() == event["type"]) {
                    self.waiting.push((index, event.clone()));
                }
            }
        }
    }

    async fn deliver(&mut self, (task, message): Message) {
        let again = self
            .world
            .deliver(&self.tasks[task], std::slice::from_ref(&message))
            .await;
        for sent in self.world.spine.take_sent() {
            self.waiting.push((task, sent));
        }
        if again.is_empty() {
            self.delivered.push((task, message));
        } else {
            self.waiting.push((task, message));
        }
    }

    async fn finish(&mut self) {
        for round in 0.. {
            assert!(round < 5000, "it never ends: {:?}", self.waiting);
            match self.waiting.pop() {
                Some(message) => self.deliver(message).await,
                None => {
                    self.trigger().await;
                    if self.waiting.is_empty() {
                        return;
                    }
                }
            }
        }
    }

    fn customer_disabled(&self, customer: usize) -> bool {
        let customer = &self.customers[customer];
        customer.deactivated || customer.client.is_some_and(|client| self.client_disabled(client))
    }

    fn client_disabled(&self, client: usize) -> bool {
        self.clients[client].by_hand || self.customer_disabled(self.clients[client].of)
    }

    /// What is in the table, against the model.
    async fn check(&self) {
        let items = self.items().await;
        let entity = |pk: &str, sk: &str| items.get(&(pk.to_owned(), sk.to_owned()));
        for (index, customer) in self.customers.iter().enumerate() {
            let item = entity(&format!("CUS#{}", customer.key), "CUSTOMER");
            assert_eq!(item.is_some(), customer.is_there, "{customer:?}");
            let Some(item) = item else { continue };
            assert_eq!(
                item["isDisabled"] == true,
                self.customer_disabled(index),
                "{customer:?} {item}"
            );
            assert_eq!(
                item.get("deactivation").is_some(),
                customer.deactivated,
                "{customer:?} {item}"
            );
            let client = customer.client.map(|client| json!(self.clients[client].key));
            assert_eq!(item["parent"].get("clientKey").cloned(), client, "{customer:?}");
        }
        for (index, client) in self.clients.iter().enumerate() {
            let item = entity(
                &format!("CUS#{}", self.customers[client.of].key),
                &format!("CLI#{}", client.key),
            );
            assert_eq!(item.is_some(), client.is_there, "{client:?}");
            let Some(item) = item else { continue };
            assert_eq!(
                item["isDisabled"] == true,
                self.client_disabled(index),
                "{client:?} {item}"
            );
            let account = client.account.map(|account| json!(self.customers[account].key));
            assert_eq!(item.get("clientCustomerKey").cloned(), account, "{client:?}");
            let disabled = client.account.is_some_and(|account| self.customer_disabled(account));
            assert_eq!(item["isAccountDisabled"] == true, disabled, "{client:?} {item}");
        }
        for ((pk, sk), item) in &items {
            let kind = item["entity"].as_str().unwrap();
            assert_ne!(kind, "Cascade", "{pk} {sk}: it is all over");
            if ["Customer", "Tombstone"].contains(&kind) {
                continue;
            }
            // Whatever else there is has an owner, and what it names is there.
            let (customer, client) = pk
                .split_once("#CLI#")
                .map_or((pk.as_str(), None), |(c, k)| (c, Some(k)));
            assert!(entity(customer, "CUSTOMER").is_some(), "{pk} {sk} has no customer");
            if let Some(client) = client {
                assert!(
                    entity(customer, &format!("CLI#{client}")).is_some(),
                    "{pk} {sk} has no client"
                );
            }
            for (name, prefix) in [
                ("locationKey", "LOC#"),
                ("holder", if sk.contains("DEP#") { "DEP#" } else { "LOC#" }),
            ] {
                if let Some(named) = item[name].as_str() {
                    assert!(
                        entity(pk, &format!("{prefix}{named}")).is_some(),
                        "{pk} {sk} names {named}"
                    );
                }
            }
        }
    }

    /// All items of this history's customers.
    async fn items(&self) -> BTreeMap<(String, String), Value> {
        let mut items = BTreeMap::new();
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let table = self.world.ctx.table.name.as_str();
            let page = self
                .world
                .client
                .scan()
                .table_name(table)
                .set_exclusive_start_key(start);
            let page = page.send().await.unwrap();
            for item in page.items.unwrap_or_default() {
                let item: Value = serde_dynamo::from_item(item).unwrap();
                let (pk, sk) = (item["pk"].as_str().unwrap(), item["sk"].as_str().unwrap());
                let ours = |c: &Customer| pk.strip_prefix("CUS#").is_some_and(|rest| rest.starts_with(&c.key));
                if self.customers.iter().any(ours) {
                    items.insert((pk.to_owned(), sk.to_owned()), item);
                }
            }
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return items;
            }
        }
    }
}

#[test]
fn every_history_ends_in_the_models_state_without_orphans() {
    let half = || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let mut runner = TestRunner::new(ProptestConfig {
            cases: HISTORIES / 2,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let histories = prop::collection::vec(step(), 8..32);
        runner.run(&histories, |steps| {
            runtime.block_on(live_through(&steps));
            Ok(())
        })
    };
    std::thread::scope(|scope| {
        let halves = [scope.spawn(half), scope.spawn(half)];
        for half in halves {
            half.join().unwrap().unwrap();
        }
    });
}

async fn live_through(steps: &[Step]) {
    let world = World::new().await;
    let mut history = History::start(&world).await;
    for step in steps {
        history.take(step).await;
        world.clock.forward(chrono::TimeDelta::milliseconds(1));
    }
    history.finish().await;
    history.check().await;
}
