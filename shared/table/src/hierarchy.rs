//! The tree of a customer's clients, their accounts, and the accounts' clients. It is read level by level, one page of each customer.

use crate::{
    Operation, PageRequest, Table,
    item::{from_item, text},
    keys::{self, SK},
    operation::on_customer::{BATCH_GET, GET, QUERY},
    query::Query,
};
use domain::{
    ClientKey, CustomerKey, Error, Kind, Object, Result, Tenant,
    client::Client,
    customer::{Customer, DEEPEST},
    fields::{Field, Rule},
};
use futures_util::future::try_join_all;
use serde::Serialize;
use std::collections::HashMap;

/// About how many clients one answer contains at most.
const MOST_CLIENTS: usize = 1000;
/// How many pages are read in parallel.
const PARALLEL: usize = 25;

// Statics, because they contain each other.
static CLIENT: Object = Object::new(
    "HierarchyClient",
    &[
        Field::new("clientKey", Rule::Key(Client::KIND), "").required(),
        Field::new("name", Rule::Text { min: 1, max: 200 }, "Display name.").required(),
        Field::new("isDisabled", Rule::Flag, "").required(),
        Field::new(
            "account",
            Rule::Object(&NODE),
            "Its account, a customer; `null` if it has none.",
        )
        .required()
        .nullable(),
    ],
);

static NODE: Object = Object::new(
    "Hierarchy",
    &[
        Field::new("customerKey", Rule::Key(Customer::KIND), "").required(),
        Field::new("name", Rule::Text { min: 1, max: 200 }, "Display name.").required(),
        Field::new("isDisabled", Rule::Flag, "").required(),
        Field::new(
            "clients",
            Rule::List {
                of: &Rule::Object(&CLIENT),
                max: MOST_CLIENTS,
            },
            "Its clients, oldest first.",
        )
        .required(),
        Field::new(
            "nextCursor",
            Rule::Text { min: 1, max: 1000 },
            "The same request with this as `cursor` continues the list of clients, with this customer at the top. `null` if there are no more.",
        )
        .required()
        .nullable(),
    ],
);

/// As the API shows it.
pub fn view_fields() -> Vec<Field> {
    NODE.fields.to_vec()
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    pub customer_key: CustomerKey,
    pub name: String,
    pub is_disabled: bool,
    pub clients: Vec<Branch>,
    /// A position. The endpoint seals it into a cursor.
    pub next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    pub client_key: ClientKey,
    pub name: String,
    pub is_disabled: bool,
    pub account: Option<Node>,
}

impl Node {
    fn of(customer: &Customer) -> Self {
        Self {
            customer_key: customer.key,
            name: customer.name.clone(),
            is_disabled: customer.is_disabled,
            clients: Vec::new(),
            // Until its clients are read, the list continues at its beginning.
            next_cursor: Some(position(customer.key, "")),
        }
    }

    /// Seals every position of the tree into a cursor.
    pub fn seal(&mut self, seal: &impl Fn(&str) -> String) {
        if let Some(position) = &self.next_cursor {
            self.next_cursor = Some(seal(position));
        }
        for branch in &mut self.clients {
            if let Some(account) = &mut branch.account {
                account.seal(seal);
            }
        }
    }
}

fn position(customer: CustomerKey, after: &str) -> String {
    format!("{customer}|{after}")
}

impl Table {
    pub const HIERARCHY: Operation = Operation::new(&[GET, BATCH_GET, QUERY], &[]);
    /// The tree below a tenant, or below the account of a position, with `depth` levels of clients.
    pub async fn hierarchy(&self, tenant: Tenant, depth: u8, request: &PageRequest) -> Result<Node> {
        let (top, after) = match &request.after {
            None => (tenant.key(), None),
            Some(position) => self.resume(tenant, position).await?,
        };
        let top = self.get(&keys::customer(top)).await?;
        let top: Customer = from_item(top.ok_or(Error::NotFound(Customer::KIND))?)?;
        let mut root = Node::of(&top);
        let mut after = after;
        let mut shown = 0;
        for _ in 0..depth {
            let mut level = Vec::new();
            unread(&mut root, &mut level);
            let room = MOST_CLIENTS.saturating_sub(shown) / usize::from(request.limit);
            // A customer beyond this keeps the position at the beginning of its list.
            level.truncate(room);
            if level.is_empty() {
                break;
            }
            let mut read = HashMap::new();
            for chunk in level.chunks(PARALLEL) {
                let pages = chunk.iter().map(|customer| {
                    let from = after.take();
                    self.branches(*customer, request.limit, from)
                });
                for (customer, page) in chunk.iter().zip(try_join_all(pages).await?) {
                    shown += page.0.len();
                    read.insert(*customer, page);
                }
            }
            place(&mut root, &mut read);
        }
        Ok(root)
    }

    /// One page of a customer's clients with their accounts: two requests.
    async fn branches(
        &self,
        customer: CustomerKey,
        limit: u8,
        after: Option<String>,
    ) -> Result<(Vec<Branch>, Option<String>)> {
        let partition = keys::customer_partition(customer);
        let start = after.map(|sk| {
            keys::ItemKey {
                pk: partition.clone(),
                sk,
            }
            .attributes()
        });
        let query = Query::of(partition).starting_with(keys::prefix(Client::KIND));
        let page = self.page(&query, &PageRequest { limit, after: None }, start).await?;
        let next = match &page.last {
            Some(last) => Some(position(customer, text(last, SK)?)),
            None => None,
        };
        let clients: Vec<Client> = page.items.into_iter().map(from_item).collect::<Result<_>>()?;
        let wanted: Vec<_> = clients
            .iter()
            .filter_map(|client| client.client_customer_key)
            .map(keys::customer)
            .collect();
        let mut accounts = HashMap::new();
        for item in self.get_all(&wanted).await? {
            let account: Customer = from_item(item)?;
            accounts.insert(account.key, Node::of(&account));
        }
        let branches = clients.into_iter().map(|client| Branch {
            client_key: client.key,
            name: client.name,
            is_disabled: client.is_disabled,
            account: client.client_customer_key.and_then(|key| accounts.remove(&key)),
        });
        Ok((branches.collect(), next))
    }

    /// The customer of a position. It has to be below the tenant still: an old cursor gives no access to an account that has left.
    async fn resume(&self, tenant: Tenant, position: &str) -> Result<(CustomerKey, Option<String>)> {
        let damaged = || Error::invalid("cursor", "was not issued by this list");
        let (customer, after) = position.split_once('|').ok_or_else(damaged)?;
        let customer: CustomerKey = customer.parse().map_err(|_| damaged())?;
        let mut at = customer;
        for _ in 0..=DEEPEST {
            if at == tenant.key() {
                return Ok((customer, (!after.is_empty()).then(|| after.to_owned())));
            }
            let above = match self.get(&keys::customer(at)).await? {
                Some(item) => from_item::<Customer>(item)?.parent,
                None => None,
            };
            match above {
                Some(parent) => at = parent.customer_key,
                None => break,
            }
        }
        Err(Error::invalid(
            "cursor",
            "is of an account that is no longer below this customer",
        ))
    }
}

/// The customers of the tree whose clients have not been read.
fn unread(node: &mut Node, found: &mut Vec<CustomerKey>) {
    if node.clients.is_empty() && node.next_cursor.is_some() {
        found.push(node.customer_key);
    }
    for branch in &mut node.clients {
        if let Some(account) = &mut branch.account {
            unread(account, found);
        }
    }
}

fn place(node: &mut Node, read: &mut HashMap<CustomerKey, (Vec<Branch>, Option<String>)>) {
    for branch in &mut node.clients {
        if let Some(account) = &mut branch.account {
            place(account, read);
        }
    }
    if let Some((clients, next)) = read.remove(&node.customer_key) {
        node.clients = clients;
        node.next_cursor = next;
    }
}
