//! Random requests, with events that arrive in any order, twice, late or after a crash: the final state has no orphans and matches a
//! model. The model knows the accepted requests and nothing of the events.

mod step;

use crate::support::{Answer, Token, World, at, key_of, tasks};
use proptest::{prelude::*, sample::Index, test_runner::TestRunner};
use runtime::function::TaskFunction;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use step::{By, Step, step};
use tokio::runtime::Builder;

const HISTORIES: u32 = 1000;

#[derive(Clone, Debug)]
struct Customer {
    key: String,
    is_there: bool,
    deactivated: Option<By>,
    /// The client whose account this is.
    client: Option<usize>,
    /// The client was deleted, and a task will detach and deactivate this account.
    is_detaching: bool,
}

#[derive(Clone, Debug)]
struct Client {
    key: String,
    of: usize,
    is_there: bool,
    /// A request disabled this client itself.
    is_disabled: bool,
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
                deactivated: None,
                client: None,
                is_detaching: false,
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
            deactivated: None,
            client: Some(client),
            is_detaching: false,
        });
    }

    /// Removes a client from the model. A task will detach and deactivate its account.
    fn remove_client(&mut self, client: usize) {
        self.clients[client].is_there = false;
        if let Some(account) = self.clients[client].account.take() {
            let account = &mut self.customers[account];
            account.client = None;
            account.is_detaching = true;
            account.deactivated.get_or_insert(By::Parent);
        }
    }

    /// A caller who has this capacity over a customer, if anybody has: only an account has a parent.
    fn caller(&self, customer: usize, by: By) -> Option<Token> {
        let itself = &self.customers[customer];
        match by {
            By::Itself => Some(self.world.user("CustomerAdmin", &itself.key)),
            By::Parent => {
                let above = self.clients[itself.client?].of;
                Some(self.world.user("ClientEditor", &self.customers[above].key))
            }
            By::Platform => Some(self.world.admin()),
        }
    }

    async fn run(&mut self, step: &Step) {
        let some_customer = |index: &Index| index.index(self.customers.len());
        let clients = self.clients.len();
        match step {
            Step::NewClient { of, with_account } => {
                let of = some_customer(of);
                let path = format!("{}/clients", at(&self.customers[of].key));
                let created = self
                    .post(
                        &path,
                        json!({"name": "Client", "provisionAccount": with_account, "address": {"city": "X"}}),
                    )
                    .await;
                if created.status == 201 {
                    self.clients.push(Client {
                        key: key_of(&created.body),
                        of,
                        is_there: true,
                        is_disabled: false,
                        account: None,
                    });
                    if *with_account {
                        self.provisioned(clients, &created.body);
                    }
                }
            }
            Step::NewPart { of, kind } => {
                let of = of.index(self.customers.len() + clients);
                let base = match of.checked_sub(self.customers.len()) {
                    None => at(&self.customers[of].key),
                    Some(client) => self.path(client),
                };
                let number = self.parts.len();
                let (path, mut body) = match kind {
                    0 => (
                        "departments",
                        json!({"name": "D", "internalCode": format!("d{number}")}),
                    ),
                    1 => (
                        "locations",
                        json!({"name": "L", "address": {"line1": "1 Main Street", "city": "Springfield"}, "isHeadquarters": true, "internalCode": format!("l{number}")}),
                    ),
                    _ => (
                        "contacts",
                        json!({"type": "Billing", "firstName": "A", "lastName": "B", "phone": "+14155550100"}),
                    ),
                };
                let location = self
                    .parts
                    .iter()
                    .rev()
                    .find(|part| part.starts_with(&format!("{base}/locations/")));
                if let (2, Some(location)) = (kind, location) {
                    body["locationKey"] = json!(location.rsplit('/').next());
                }
                let created = self.post(&format!("{base}/{path}"), body).await;
                if created.status == 201 {
                    self.parts.push(format!("{base}/{path}/{}", key_of(&created.body)));
                }
            }
            Step::DeletePart(part) if !self.parts.is_empty() => {
                let part = &self.parts[part.index(self.parts.len())];
                self.world.delete(&self.world.admin(), part).await;
            }
            Step::Deactivate(customer, by) => {
                let customer = some_customer(customer);
                let path = format!("{}/deactivate", at(&self.customers[customer].key));
                let Some(caller) = self.caller(customer, *by) else {
                    return;
                };
                let answer = self.world.post(&caller, &path, json!({})).await;
                if answer.status == 200 {
                    assert_eq!(answer.body["deactivation"]["by"], by.name());
                    self.customers[customer].deactivated = Some(*by);
                }
            }
            Step::Reactivate(customer, by) => {
                let customer = some_customer(customer);
                let path = at(&self.customers[customer].key);
                let before = self.world.get(&self.world.admin(), &path).await.body;
                let Some(caller) = self.caller(customer, *by) else {
                    return;
                };
                let answer = self.world.post(&caller, &format!("{path}/reactivate"), json!({})).await;
                let above = before
                    .get("deactivation")
                    .map(|deactivation| By::named(&deactivation["by"]));
                match answer.status {
                    200 => assert!(above.unwrap() <= *by, "{by:?} undid {above:?}"),
                    403 => assert!(above.unwrap() > *by, "{by:?} may undo {above:?}"),
                    _ => {}
                }
                if answer.status == 200 {
                    // The task that detaches the account will deactivate it again.
                    let is_detaching = self.customers[customer].is_detaching && answer.body.get("parent").is_some();
                    self.customers[customer].deactivated = is_detaching.then_some(By::Parent);
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
                            self.remove_client(client);
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
                    let current = self
                        .world
                        .get(&admin, &at(&self.customers[account].key))
                        .await
                        .expect(200);
                    let account = &mut self.customers[account];
                    account.client = None;
                    // The account keeps the deactivation that its client's disabling has caused so far.
                    account.deactivated = current.body.get("deactivation").map(|it| By::named(&it["by"]));
                }
            }
            Step::Disable(_) => {
                if self.post(&format!("{path}/disable"), json!({})).await.status == 200 {
                    self.clients[client].is_disabled = true;
                }
            }
            Step::Enable(_) => {
                if self.post(&format!("{path}/enable"), json!({})).await.status == 200 {
                    self.clients[client].is_disabled = false;
                }
            }
            _ => {
                if self.world.delete(&admin, &path).await.status == 204 {
                    self.remove_client(client);
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
        let failed = self
            .world
            .deliver(&self.tasks[task], std::slice::from_ref(&message))
            .await;
        for sent in self.world.spine.take_sent() {
            self.waiting.push((task, sent));
        }
        if failed.is_empty() {
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
        customer.deactivated.is_some() || customer.client.is_some_and(|client| self.client_disabled(client))
    }

    fn client_disabled(&self, client: usize) -> bool {
        self.clients[client].is_disabled || self.customer_disabled(self.clients[client].of)
    }

    /// Compares the table with the model, and checks that no item refers to a missing one.
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
            let by = item
                .get("deactivation")
                .map(|deactivation| By::named(&deactivation["by"]));
            assert_eq!(by, customer.deactivated, "{customer:?} {item}");
            let open = item
                .get("deactivation")
                .map(|deactivation| &deactivation["deactivatedAt"]);
            for ((pk, sk), entry) in &items {
                if *pk == format!("CUS#{}", customer.key) && sk.starts_with("DEACTIVATION#") {
                    let is_open = entry.get("reactivatedAt").is_none();
                    assert_eq!(is_open, open == Some(&entry["deactivatedAt"]), "{customer:?} {entry}");
                }
            }
            if let Some(at) = open {
                let entry = entity(
                    &format!("CUS#{}", customer.key),
                    &format!("DEACTIVATION#{}", at.as_str().unwrap()),
                );
                assert_eq!(entry.unwrap()["by"], item["deactivation"]["by"], "{customer:?}");
            }
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
            assert_ne!(kind, "Cascade", "{pk} {sk}: all cascades have ended");
            if ["Customer", "Tombstone"].contains(&kind) {
                continue;
            }
            // Every other item has an owner, and the items that it refers to exist.
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
                        "{pk} {sk} refers to {named}, which is missing"
                    );
                }
            }
        }
    }

    /// All items of this history's customers, by their keys.
    async fn items(&self) -> BTreeMap<(String, String), Value> {
        let is_ours = |pk: &str| {
            let of_customer = |c: &Customer| pk.strip_prefix("CUS#").is_some_and(|rest| rest.starts_with(&c.key));
            self.customers.iter().any(of_customer)
        };
        let items = self.world.items().await.into_iter();
        let items = items.map(|item| serde_dynamo::from_item::<_, Value>(item).unwrap());
        let keyed = items.map(|item| {
            let key = |name: &str| item[name].as_str().unwrap().to_owned();
            ((key("pk"), key("sk")), item)
        });
        keyed.filter(|((pk, _), _)| is_ours(pk)).collect()
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
            runtime.block_on(run_history(&steps));
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

async fn run_history(steps: &[Step]) {
    let world = World::new().await;
    let mut history = History::start(&world).await;
    for step in steps {
        history.run(step).await;
        world.clock.forward(chrono::TimeDelta::milliseconds(1));
    }
    history.finish().await;
    history.check().await;
}
