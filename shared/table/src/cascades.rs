//! What follows from a change by way of its event: a page at a time, in any order, any number of times.
//!
//! Nothing here applies an event. Each step reads what is so now and writes what follows from that, on the condition that it is still so:
//! whichever delivery comes last, late or twice, the end is the same. What is disabled keeps apart why, so enabling lifts one reason only.

use crate::{
    Change, Operation, PageRequest, Table,
    clients::{self, cascade_item},
    item::{Item, from_item, item, n, s},
    keys::{self, ItemKey},
    operation::on_customer::{CHECK, DELETE, GET, PUT, QUERY, UPDATE},
    parts::{self, Part},
    write::{Expression, Failed, TRIES, Transaction, busy, refused},
};
use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, update_item::UpdateItemError},
    types::AttributeValue,
};
use domain::{
    ClientKey, CustomerKey, EntityKind, Error, Owner, PartitionKey, Result, Tenant,
    client::{CascadeState, Client},
    contact::Contact,
    customer::{Customer, Deactivation},
    deactivation::LoggedDeactivation,
    department::Department,
    fields::{Field, Rule},
    key::Kind,
    location::Location,
    partition::Partition,
    partition_group::PartitionGroup,
};

/// How many things one invocation deals with at most.
const PAGE: u8 = 100;
/// How many of them one transaction takes: it holds 100 writes, and a deletion is up to five.
const AT_ONCE: usize = 20;

/// What one step came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Done,
    /// There was nothing to do, and why.
    Nothing(&'static str),
    /// The next step begins here.
    More(String),
}

pub struct Cascades<'t>(&'t Table);

impl Table {
    pub fn cascades(&self) -> Cascades<'_> {
        Cascades(self)
    }
}

impl Cascades<'_> {
    pub const CLIENT_STATE: Operation = Operation::new(&[GET, CHECK, PUT, DELETE], &[]);
    /// A client was disabled or enabled: its account becomes what the client is.
    pub async fn client_state(&self, tenant: Tenant, key: ClientKey, change: &Change) -> Result<Step> {
        let customer = tenant.key();
        for _ in 0..TRIES {
            let Some(client) = self.0.client(customer, key).await? else {
                return Ok(Step::Nothing("the client is gone"));
            };
            let Some(account_key) = client.client_customer_key else {
                return Ok(Step::Nothing("the client has no account"));
            };
            let Some(account) = self.0.account_of(account_key, customer, key).await? else {
                return Ok(Step::Nothing("the account is no longer the client's"));
            };
            if account.is_disabled_by_parent == client.is_disabled {
                self.end_unstarted(customer, key).await?;
                return Ok(Step::Nothing("the account is as it should be"));
            }
            let mut after = account.clone();
            after.disable_by_parent(client.is_disabled, change.now);
            after.meta.changed(change.now, &change.actor);
            let mut tx = self.0.transaction(change).check(
                "client",
                &keys::client(customer, key),
                Expression::version_is(client.meta.version),
            );
            tx = self.0.customers().put_over(tx, &account, &after, change)?;
            tx = if account.is_disabled == after.is_disabled {
                // It was deactivated anyway, and so was what is below it.
                tx.delete("cascade", &keys::cascade(customer, key), Expression::default())
            } else {
                let state = CascadeState::towards(after.is_disabled);
                tx.put(
                    "cascade",
                    cascade_item(customer, key, state, true),
                    Expression::default(),
                )
            };
            match tx.commit().await {
                Ok(()) => return Ok(Step::Done),
                Err(Failed::Condition(_, _)) => {}
                Err(Failed::Other(error)) => return Err(error),
            }
        }
        Err(busy())
    }

    pub const ACCOUNT_STATE: Operation = Operation::new(&[GET, QUERY, CHECK, PUT, UPDATE, DELETE], &[]);
    /// A customer was disabled or enabled: its parent's record of it says so, and its clients become what it is, a page a step.
    pub async fn account_state(&self, tenant: Tenant, from: Option<&str>, change: &Change) -> Result<Step> {
        let me = tenant.key();
        for _ in 0..TRIES {
            let Some(customer) = self
                .0
                .get(&keys::customer(me))
                .await?
                .map(from_item::<Customer>)
                .transpose()?
            else {
                return Ok(Step::Nothing("the customer is gone"));
            };
            let disabled = customer.is_disabled;
            if from.is_none() && !self.mark_on_parent(&customer, change).await? {
                continue;
            }
            let (done, after) = match from {
                None => (0, None),
                Some(cursor) => read_cursor(cursor)?,
            };
            let page = PageRequest { limit: PAGE, after };
            let (clients, next): (Vec<Client>, _) = self
                .0
                .page_of(tenant.itself(), keys::CLIENT_PREFIX, None, false, &page)
                .await?;
            let late: Vec<&Client> = clients.iter().filter(|c| c.is_disabled_by_parent != disabled).collect();
            match self.set_clients(me, disabled, &late, change).await? {
                Set::Now => {}
                Set::Again => continue,
                // Its own event is on the way, and goes through all of them.
                Set::StateMoved => return Ok(Step::Nothing("the customer has changed again since")),
            }
            let done = done + clients.len();
            self.tell_progress(&customer, done, next.is_none(), change).await?;
            return Ok(match next {
                Some(next) => Step::More(format!("{done}|{next}")),
                None => Step::Done,
            });
        }
        Err(busy())
    }

    pub const CLIENT_DELETED: Operation = Operation::new(&[GET, QUERY, PUT, DELETE], &[]);
    /// A client was deleted: what belonged to it goes, its account is let go of and disabled.
    pub async fn client_deleted(
        &self,
        tenant: Tenant,
        key: ClientKey,
        account: Option<CustomerKey>,
        change: &Change,
    ) -> Result<Step> {
        if let Some(account) = account {
            self.release(account, tenant.key(), key, change).await?;
        }
        self.clear_parts(tenant.client(key), change).await
    }

    pub const CUSTOMER_DELETED: Operation = Operation::new(&[QUERY, PUT, DELETE], &[]);
    /// A customer was deleted: its clients go, each as if deleted by hand, then its own departments, locations, contacts, and the
    /// deactivation log.
    pub async fn customer_deleted(&self, tenant: Tenant, change: &Change) -> Result<Step> {
        let customer = tenant.key();
        let more = || Ok(Step::More(String::new()));
        let clients: Vec<Client> = self.first_page(tenant.itself(), keys::CLIENT_PREFIX).await?;
        if !clients.is_empty() {
            let delete = |tx, client: &Client| clients::delete_client(tx, customer, client, change);
            self.delete_all(&clients, change, delete).await?;
            return more();
        }
        if let Step::More(cursor) = self.clear_parts(tenant.itself(), change).await? {
            return Ok(Step::More(cursor));
        }
        let log: Vec<LoggedDeactivation> = self.first_page(tenant.itself(), keys::DEACTIVATION_PREFIX).await?;
        if log.is_empty() {
            return Ok(Step::Done);
        }
        self.delete_all(&log, change, |tx, entry| {
            let key = keys::deactivation(customer, entry.deactivated_at);
            Ok(tx.delete("entry", &key, Expression::default()))
        })
        .await?;
        more()
    }

    pub const PARTITIONS_OF_DELETED: Operation = Operation::new(&[QUERY, PUT, DELETE], &[]);
    /// A customer was deleted: its partitions go, and then its partition groups. Their own events say what becomes of the keys.
    pub async fn partitions_of_deleted(&self, tenant: Tenant, change: &Change) -> Result<Step> {
        let owner = tenant.itself();
        let some = self.clear::<Partition>(owner, change).await? || self.clear::<PartitionGroup>(owner, change).await?;
        Ok(if some { Step::More(String::new()) } else { Step::Done })
    }

    /// Deletes a page of an owner's departments, locations and contacts. The owner is gone, so nothing comes after.
    async fn clear_parts(&self, owner: Owner, change: &Change) -> Result<Step> {
        // Contacts first: none is left pointing at a location that is gone.
        let some = self.clear::<Contact>(owner, change).await?
            || self.clear::<Department>(owner, change).await?
            || self.clear::<Location>(owner, change).await?;
        Ok(if some { Step::More(String::new()) } else { Step::Done })
    }

    async fn clear<P: Part>(&self, owner: Owner, change: &Change) -> Result<bool> {
        let parts: Vec<P> = self.first_page(owner, keys::part_prefix(P::Kind::KIND)).await?;
        let delete = |tx, part: &P| {
            let tx = parts::delete_part(tx, owner, part, change)?;
            Ok(match part.members(owner) {
                Some(members) => tx.delete("members", &members, Expression::default()),
                None => tx,
            })
        };
        self.delete_all(&parts, change, delete).await?;
        Ok(!parts.is_empty())
    }

    async fn first_page<T: serde::de::DeserializeOwned>(&self, owner: Owner, prefix: &str) -> Result<Vec<T>> {
        let page = PageRequest {
            limit: PAGE,
            after: None,
        };
        Ok(self.0.page_of(owner, prefix, None, false, &page).await?.0)
    }

    async fn delete_all<'c, T>(
        &'c self,
        things: &[T],
        change: &'c Change,
        delete: impl Fn(Transaction<'c>, &T) -> Result<Transaction<'c>>,
    ) -> Result<()> {
        for some in things.chunks(AT_ONCE) {
            let mut tx = self.0.transaction(change);
            for thing in some {
                tx = delete(tx, thing)?;
            }
            tx.commit().await.map_err(|failed| match failed {
                // Another delivery is at the same page. What is left is read again at the next try.
                Failed::Condition(name, _) => Error::Unavailable(format!("the {name} changed under its deletion")),
                Failed::Other(error) => error,
            })?;
        }
        Ok(())
    }

    /// Lets go of the account of a deleted client, and leaves it deactivated: it lives on, and can be brought back on its own.
    async fn release(
        &self,
        account: CustomerKey,
        customer: CustomerKey,
        client: ClientKey,
        change: &Change,
    ) -> Result<()> {
        for _ in 0..TRIES {
            let Some(before) = self.0.account_of(account, customer, client).await? else {
                return Ok(());
            };
            let mut after = before.clone();
            after.disable_by_parent(true, change.now);
            after.release(change.now, &change.actor);
            after.meta.changed(change.now, &change.actor);
            let mut tx = self
                .0
                .customers()
                .put_over(self.0.transaction(change), &before, &after, change)?;
            if let (None, Some(deactivation)) = (&before.deactivation, &after.deactivation) {
                tx = tx.put("log", log_item(account, deactivation, change)?, Expression::default());
            }
            match tx.commit().await {
                Ok(()) => return Ok(()),
                Err(Failed::Condition(_, _)) => {}
                Err(Failed::Other(error)) => return Err(error),
            }
        }
        Err(busy())
    }

    /// Whether the parent's record of the account says what the account is. `false`: something moved, look again.
    async fn mark_on_parent(&self, account: &Customer, change: &Change) -> Result<bool> {
        let Some(parent) = &account.parent else {
            return Ok(true);
        };
        let Some(client) = self.0.client(parent.customer_key, parent.client_key).await? else {
            return Ok(true);
        };
        if client.client_customer_key != Some(account.key) || client.is_account_disabled == account.is_disabled {
            return Ok(true);
        }
        let mut after = client.clone();
        after.is_account_disabled = account.is_disabled;
        after.meta.changed(change.now, &change.actor);
        let tx = self
            .0
            .transaction(change)
            .check("account", &keys::customer(account.key), still(account.is_disabled))
            .put(
                "client",
                clients::item(parent.customer_key, &after, change)?,
                Expression::version_is(client.meta.version),
            );
        match tx.commit().await {
            Ok(()) => Ok(true),
            Err(Failed::Condition(_, _)) => Ok(false),
            Err(Failed::Other(error)) => Err(error),
        }
    }

    async fn set_clients(
        &self,
        customer: CustomerKey,
        disabled: bool,
        late: &[&Client],
        change: &Change,
    ) -> Result<Set> {
        for some in late.chunks(AT_ONCE) {
            let mut tx = self
                .0
                .transaction(change)
                .check("customer", &keys::customer(customer), still(disabled));
            for client in some {
                let mut after = (*client).clone();
                after.disable_by_parent(disabled);
                after.meta.changed(change.now, &change.actor);
                tx = tx.put(
                    "client",
                    clients::item(customer, &after, change)?,
                    Expression::version_is(client.meta.version),
                );
            }
            match tx.commit().await {
                Ok(()) => {}
                Err(Failed::Condition("customer", _)) => return Ok(Set::StateMoved),
                Err(Failed::Condition(_, _)) => return Ok(Set::Again),
                Err(Failed::Other(error)) => return Err(error),
            }
        }
        Ok(Set::Now)
    }

    /// On the parent's client, if it is its cascade that came by here.
    async fn tell_progress(&self, account: &Customer, done: usize, is_last: bool, change: &Change) -> Result<()> {
        let Some(parent) = &account.parent else {
            return Ok(());
        };
        let key = keys::cascade(parent.customer_key, parent.client_key);
        let state = s(CascadeState::towards(account.is_disabled).name());
        if is_last {
            return self.end_started(account, &key, change).await;
        }
        let sent = self
            .0
            .client
            .update_item()
            .table_name(&self.0.name)
            .set_key(Some(key.attributes()))
            .update_expression("SET done = :done")
            .condition_expression("#state = :state")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", state)
            .expression_attribute_values(":done", n(done))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(refused(error)),
            },
        }
    }

    /// All that the account's state means is done, so whichever cascade had reached the account is over: also one that the account's own
    /// deactivation overtook, and whose end would never come.
    async fn end_started(&self, account: &Customer, key: &ItemKey, change: &Change) -> Result<()> {
        let started =
            Expression::new("attribute_not_exists(pk) OR started = :yes").with(":yes", AttributeValue::Bool(true));
        let tx = self
            .0
            .transaction(change)
            .check("account", &keys::customer(account.key), still(account.is_disabled))
            .delete("cascade", key, started);
        match tx.commit().await {
            // The account has changed since, or its client has: that has events of its own.
            Ok(()) | Err(Failed::Condition(..)) => Ok(()),
            Err(Failed::Other(error)) => Err(error),
        }
    }

    /// Nothing came of a cascade, and none is on its way.
    async fn end_unstarted(&self, customer: CustomerKey, client: ClientKey) -> Result<()> {
        let condition = Expression::new("started = :no").with(":no", AttributeValue::Bool(false));
        self.end(&keys::cascade(customer, client), condition).await
    }

    async fn end(&self, key: &ItemKey, condition: Expression) -> Result<()> {
        let mut delete = self
            .0
            .client
            .delete_item()
            .table_name(&self.0.name)
            .set_key(Some(key.attributes()))
            .condition_expression(condition.text);
        for (placeholder, value) in condition.values {
            delete = delete.expression_attribute_values(placeholder, value);
        }
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(refused(error)),
            },
        }
    }
}

/// What became of a page of clients.
enum Set {
    Now,
    /// One of them changed meanwhile.
    Again,
    /// The customer is no longer what they were to become.
    StateMoved,
}

fn still(disabled: bool) -> Expression {
    Expression::new("isDisabled = :disabled").with(":disabled", AttributeValue::Bool(disabled))
}

fn read_cursor(cursor: &str) -> Result<(usize, Option<String>)> {
    let (done, after) = cursor
        .split_once('|')
        .ok_or_else(|| Error::invalid("cursor", "is not one that this task gives itself"))?;
    let done = done
        .parse()
        .map_err(|_| Error::invalid("cursor", "is not one that this task gives itself"))?;
    Ok((done, Some(after.to_owned())))
}

fn log_item(customer: CustomerKey, deactivation: &Deactivation, change: &Change) -> Result<Item> {
    let logged = LoggedDeactivation {
        deactivated_at: deactivation.deactivated_at,
        deactivated_by: deactivation.deactivated_by.clone(),
        window_ends_at: deactivation.window_ends_at,
        feedback: None,
        request_id: change.request_id.clone(),
    };
    item(
        &keys::deactivation(customer, deactivation.deactivated_at),
        "Deactivation",
        &logged,
        change,
    )
}

const COUNT: Rule = Rule::Whole { min: 0, max: i64::MAX };

const COUNTS: &[Field] = &[
    Field::new("clients", COUNT, "").required(),
    Field::new("departments", COUNT, "").required(),
    Field::new("locations", COUNT, "").required(),
    Field::new("contacts", COUNT, "").required(),
    Field::new("deactivations", COUNT, "Entries of the deactivation log.").required(),
    Field::new("partitionGroups", COUNT, "").required(),
    Field::new("partitions", COUNT, "").required(),
    Field::new("apiKeys", COUNT, "Keys that would end.").required(),
];

/// As the API shows it.
pub fn preview_fields() -> Vec<Field> {
    vec![
        Field::new("counts", Rule::Object(COUNTS), "How many of each kind would go.").required(),
        Field::new(
            "accounts",
            Rule::List {
                of: &Rule::Key(EntityKind::Customer),
                max: 100_000,
            },
            "The accounts that would be disabled: those of clients that go, and those below them.",
        )
        .required(),
        Field::new(
            "isComplete",
            Rule::Flag,
            "False where there is more than one look takes in: then the counts are what it came to.",
        )
        .required(),
    ]
}

/// What would go with something, were it deleted.
#[derive(Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionPreview {
    pub counts: Counts,
    /// The accounts that would be disabled: those of the clients that go, and those below them.
    pub accounts: Vec<CustomerKey>,
    /// Whether that is all: so much is looked at and no more.
    pub is_complete: bool,
}

#[derive(Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub clients: u64,
    pub departments: u64,
    pub locations: u64,
    pub contacts: u64,
    pub deactivations: u64,
    pub partition_groups: u64,
    pub partitions: u64,
    /// Those that would end: what has ended goes by itself.
    pub api_keys: u64,
}

/// How many requests looking at what would go may take.
const LOOKS: u32 = 200;

impl Cascades<'_> {
    pub const PREVIEW_CUSTOMER_DELETION: Operation = Operation::new(&[GET, QUERY], &[]);
    /// What deleting a customer would take with it.
    pub async fn preview_customer_deletion(&self, tenant: Tenant) -> Result<DeletionPreview> {
        if self.0.get(&keys::customer(tenant.key())).await?.is_none() {
            return Err(Error::NotFound(EntityKind::Customer));
        }
        let mut look = Look::new(self.0);
        let clients = look.count(tenant.itself()).await?;
        for (client, account) in clients {
            look.count(tenant.client(client)).await?;
            look.accounts.extend(account);
        }
        for partition in std::mem::take(&mut look.partitions) {
            look.count_in(keys::api_key_partition(tenant.key(), partition)).await?;
        }
        look.descend().await
    }

    pub const PREVIEW_CLIENT_DELETION: Operation = Operation::new(&[GET, QUERY], &[]);
    /// What deleting a client would take with it.
    pub async fn preview_client_deletion(&self, tenant: Tenant, key: ClientKey) -> Result<DeletionPreview> {
        let client = self.0.clients().read(tenant, key).await?;
        let mut look = Look::new(self.0);
        look.count(tenant.client(key)).await?;
        look.accounts.extend(client.client_customer_key);
        look.descend().await
    }
}

/// A look around, of limited length.
struct Look<'t> {
    table: &'t Table,
    left: u32,
    counts: Counts,
    accounts: Vec<CustomerKey>,
    partitions: Vec<PartitionKey>,
}

type Found = (ClientKey, Option<CustomerKey>);

impl<'t> Look<'t> {
    fn new(table: &'t Table) -> Self {
        Self {
            table,
            left: LOOKS,
            counts: Counts::default(),
            accounts: Vec::new(),
            partitions: Vec::new(),
        }
    }

    /// Counts what an owner has; its clients, with their accounts.
    async fn count(&mut self, owner: Owner) -> Result<Vec<Found>> {
        self.count_in(keys::owner_partition(owner)).await
    }

    async fn count_in(&mut self, partition: String) -> Result<Vec<Found>> {
        let mut clients = Vec::new();
        let mut start = None;
        while self.left > 0 {
            self.left -= 1;
            let answer = self
                .table
                .client
                .query()
                .table_name(&self.table.name)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", s(&partition))
                .projection_expression("entity, #key, #status, clientCustomerKey")
                .expression_attribute_names("#key", "key")
                .expression_attribute_names("#status", "status")
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(refused)?;
            for item in answer.items.unwrap_or_default() {
                clients.extend(self.tell(&item)?);
            }
            start = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(clients);
            }
        }
        Ok(clients)
    }

    fn tell(&mut self, item: &Item) -> Result<Option<Found>> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
        match text("entity") {
            Some("Department") => self.counts.departments += 1,
            Some("Location") => self.counts.locations += 1,
            Some("Contact") => self.counts.contacts += 1,
            Some("Deactivation") => self.counts.deactivations += 1,
            Some("PartitionGroup") => self.counts.partition_groups += 1,
            Some("ApiKey") if text("status") == Some("Active") => self.counts.api_keys += 1,
            Some("Partition") => {
                self.counts.partitions += 1;
                let key = crate::read::text(item, "key")?.parse();
                self.partitions
                    .push(key.map_err(|_| Error::Internal("a partition's item has no key".into()))?);
            }
            Some("Client") => {
                self.counts.clients += 1;
                let client = crate::read::text(item, "key")?.parse();
                let client = client.map_err(|_| Error::Internal("a client's item has no key".into()))?;
                return Ok(Some((
                    client,
                    text("clientCustomerKey").and_then(|key| key.parse().ok()),
                )));
            }
            _ => {}
        }
        Ok(None)
    }

    /// Adds the accounts below those it knows.
    async fn descend(mut self) -> Result<DeletionPreview> {
        let mut next = 0;
        while next < self.accounts.len() && self.left > 0 {
            let account = self.accounts[next];
            next += 1;
            let mut start = None;
            while self.left > 0 {
                self.left -= 1;
                let answer = self
                    .table
                    .client
                    .query()
                    .table_name(&self.table.name)
                    .key_condition_expression("pk = :pk AND begins_with(sk, :clients)")
                    .expression_attribute_values(":pk", s(keys::customer_partition(account)))
                    .expression_attribute_values(":clients", s(keys::CLIENT_PREFIX))
                    .filter_expression("attribute_exists(clientCustomerKey)")
                    .projection_expression("clientCustomerKey")
                    .set_exclusive_start_key(start)
                    .send()
                    .await
                    .map_err(refused)?;
                for item in answer.items.unwrap_or_default() {
                    self.accounts
                        .extend(crate::read::text(&item, "clientCustomerKey")?.parse::<CustomerKey>());
                }
                start = answer.last_evaluated_key.filter(|key| !key.is_empty());
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(DeletionPreview {
            counts: self.counts,
            accounts: self.accounts,
            is_complete: self.left > 0,
        })
    }
}
