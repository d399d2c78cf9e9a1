//! Queries: reads of several items of one partition.

use crate::{
    PageRequest, Table,
    expression::Expression,
    item::{Item, from_item, s, text},
    keys::{self, Index},
    write::sdk_error,
};
use domain::{Error, Kind, Owner, Result, client::Client, customer::Customer};
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// How many items are read for a filtered page. The page may then be short, with a cursor to the rest.
const FILTERED_AT_ONCE: i32 = 1000;

/// Which items to read, in one partition of the table or of an index.
#[derive(Clone)]
pub struct Query<'q> {
    partition: String,
    index: Option<Index>,
    range: Range,
    filter: Expression,
    attributes: &'q [&'q str],
    newest_first: bool,
}

/// Which sort keys to read.
#[derive(Clone)]
enum Range {
    All,
    StartingWith(String),
    UpTo(String),
    Between(String, String),
}

impl<'q> Query<'q> {
    pub fn of(partition: String) -> Self {
        Self {
            partition,
            index: None,
            range: Range::All,
            filter: Expression::default(),
            attributes: &[],
            newest_first: false,
        }
    }

    /// The items of an owner.
    pub fn of_owner(owner: Owner) -> Self {
        Self::of(keys::owner_partition(owner))
    }

    pub fn index(self, index: Index) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    /// Only items whose sort key starts with this.
    pub fn starting_with(self, prefix: impl Into<String>) -> Self {
        Self {
            range: Range::StartingWith(prefix.into()),
            ..self
        }
    }

    /// Only items whose sort key is at most this.
    pub fn up_to(self, last: String) -> Self {
        Self {
            range: Range::UpTo(last),
            ..self
        }
    }

    /// Only items whose sort key is between these, which are included.
    pub fn between(self, first: String, last: String) -> Self {
        Self {
            range: Range::Between(first, last),
            ..self
        }
    }

    /// Only items for which this is true. In it, `#name` stands for the attribute `name`: some names of fields are reserved words.
    pub fn filter(self, filter: Expression) -> Self {
        Self { filter, ..self }
    }

    /// Only these attributes of each item.
    pub fn attributes(self, attributes: &'q [&'q str]) -> Self {
        Self { attributes, ..self }
    }

    pub fn newest_first(self) -> Self {
        Self {
            newest_first: true,
            ..self
        }
    }
}

/// The pages of a query, one after the other. Each takes one request.
pub struct Walk<'w> {
    table: &'w Table,
    query: Query<'w>,
    start: Option<Item>,
    has_ended: bool,
}

impl Walk<'_> {
    pub async fn next(&mut self) -> Result<Option<Vec<Item>>> {
        if self.has_ended {
            return Ok(None);
        }
        let page = self.table.query(&self.query, None, self.start.take()).await?;
        self.has_ended = page.last.is_none();
        self.start = page.last;
        Ok(Some(page.items))
    }
}

/// A page of items, and the last one that was read, if there are more.
pub struct Items {
    pub items: Vec<Item>,
    pub last: Option<Item>,
}

impl Table {
    /// The first page of a query, at most `limit` items of it.
    pub(crate) async fn first(&self, query: &Query<'_>, limit: u8) -> Result<Vec<Item>> {
        Ok(self.query(query, Some(limit.into()), None).await?.items)
    }

    pub(crate) fn walk<'w>(&'w self, query: Query<'w>) -> Walk<'w> {
        Walk {
            table: self,
            query,
            start: None,
            has_ended: false,
        }
    }

    pub(crate) async fn page(&self, query: &Query<'_>, request: &PageRequest, start: Option<Item>) -> Result<Items> {
        // One more than requested shows whether there is a next page.
        let read = match query.filter.text.is_empty() {
            true => i32::from(request.limit) + 1,
            false => FILTERED_AT_ONCE,
        };
        let mut page = self.query(query, Some(read), start).await?;
        let limit = usize::from(request.limit);
        if page.items.len() > limit {
            page.items.truncate(limit);
            page.last = page.items.last().cloned();
        }
        Ok(page)
    }

    /// Sends one request. `limit` is the number of items that DynamoDB reads before it filters them.
    async fn query(&self, query: &Query<'_>, limit: Option<i32>, start: Option<Item>) -> Result<Items> {
        let (pk, sk) = match query.index {
            Some(index) => (index.partition_attribute(), index.sort_attribute()),
            None => (keys::PK, keys::SK),
        };
        let (projection, names) = project(query.attributes);
        let mut call = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(query.index.map(|index| index.name().to_owned()))
            .set_projection_expression(projection)
            .set_expression_attribute_names(names)
            .expression_attribute_names("#pk", pk)
            .expression_attribute_values(":pk", s(&query.partition))
            .scan_index_forward(!query.newest_first)
            .consistent_read(query.index.is_none())
            .set_limit(limit)
            .set_exclusive_start_key(start);
        let range = match &query.range {
            Range::All => None,
            Range::StartingWith(prefix) => Some(("begins_with(#sk, :sk)", prefix, None)),
            Range::UpTo(last) => Some(("#sk <= :sk", last, None)),
            Range::Between(first, last) => Some(("#sk BETWEEN :sk AND :last", first, Some(last))),
        };
        let mut condition = "#pk = :pk".to_owned();
        if let Some((text, value, last)) = range {
            condition = format!("{condition} AND {text}");
            call = call
                .expression_attribute_names("#sk", sk)
                .expression_attribute_values(":sk", s(value));
            if let Some(last) = last {
                call = call.expression_attribute_values(":last", s(last));
            }
        }
        if !query.filter.text.is_empty() {
            call = call.filter_expression(&query.filter.text);
        }
        for field in fields_of(&query.filter.text) {
            call = call.expression_attribute_names(format!("#{field}"), field);
        }
        for (name, value) in &query.filter.values {
            call = call.expression_attribute_values(name, value.clone());
        }
        let answer = call
            .key_condition_expression(condition)
            .send()
            .await
            .map_err(sdk_error)?;
        Ok(Items {
            items: answer.items.unwrap_or_default(),
            last: answer.last_evaluated_key.filter(|key| !key.is_empty()),
        })
    }
}

/// The names that follow a `#` in a filter.
fn fields_of(filter: &str) -> impl Iterator<Item = &str> {
    filter.split('#').skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        rest.get(..end)
    })
}

/// A projection by placeholders: some names of attributes are reserved words.
pub fn project(attributes: &[&str]) -> (Option<String>, Option<HashMap<String, String>>) {
    if attributes.is_empty() {
        return (None, None);
    }
    let placeholders: Vec<String> = (0..attributes.len()).map(|index| format!("#a{index}")).collect();
    let projection = placeholders.join(", ");
    let named = attributes.iter().map(|name| (*name).to_owned());
    (Some(projection), Some(placeholders.into_iter().zip(named).collect()))
}

impl Table {
    /// A page of a partition of the table. Its position is a sort key.
    pub(crate) async fn page_of_partition(
        &self,
        query: &Query<'_>,
        request: &PageRequest,
    ) -> Result<(Vec<Item>, Option<String>)> {
        let start = request.after.as_ref().map(|sk| {
            let key = [(keys::PK, &query.partition), (keys::SK, sk)];
            key.map(|(name, value)| (name.to_owned(), s(value))).into()
        });
        let page = self.page(query, request, start).await?;
        let next = match &page.last {
            Some(last) => Some(text(last, keys::SK)?.to_owned()),
            None => None,
        };
        Ok((page.items, next))
    }

    /// A page of an owner's items, or an error if there is no such owner. A second request checks that, and only if the first page is
    /// empty.
    pub(crate) async fn page_of_children<T: DeserializeOwned>(
        &self,
        owner: Owner,
        query: &Query<'_>,
        request: &PageRequest,
    ) -> Result<(Vec<T>, Option<String>)> {
        let (children, next) = self.page_of(query, request).await?;
        if children.is_empty() && next.is_none() && request.after.is_none() {
            let customer = owner.tenant().key();
            let (key, kind) = match owner.client() {
                Some(client) => (keys::client(customer, client), Client::KIND),
                None => (keys::customer(customer), Customer::KIND),
            };
            if self.get(&key).await?.is_none() {
                return Err(Error::NotFound(kind));
            }
        }
        Ok((children, next))
    }

    /// Like `page_of_partition`, with the items deserialised.
    pub(crate) async fn page_of<T: DeserializeOwned>(
        &self,
        query: &Query<'_>,
        request: &PageRequest,
    ) -> Result<(Vec<T>, Option<String>)> {
        let (items, next) = self.page_of_partition(query, request).await?;
        let read = items.into_iter().map(from_item).collect::<Result<_>>()?;
        Ok((read, next))
    }
}
