//! Creates the tables that the template declares.

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::DynamoDb;
use crate::plan::Table;

impl DynamoDb {
    /// Creates the tables that are missing. It is an error if a table exists with other keys or indexes: the new keys would
    /// not find its items.
    pub async fn create_missing_tables(&self, tables: &[Table]) -> anyhow::Result<()> {
        for table in tables {
            match self.table(&table.name).await? {
                None => {
                    self.ask::<Value>("DynamoDB_20120810.CreateTable", &table.create)
                        .await
                        .with_context(|| format!("{}: could not create the table {}", table.logical_id, table.name))?;
                }
                Some(existing) => self.adopt(table, &existing).await?,
            }
            self.apply_ttl(table)
                .await
                .with_context(|| format!("{}: could not set the time to live", table.logical_id))?;
        }
        Ok(())
    }

    /// The description of a table, if there is one.
    async fn table(&self, name: &str) -> anyhow::Result<Option<Value>> {
        let answer = self
            .call(
                "DynamoDB_20120810.DescribeTable",
                json!({ "TableName": name }).to_string().into(),
            )
            .await?;
        let mut description: Value =
            serde_json::from_slice(&answer.body).context("the answer to DescribeTable is not JSON")?;
        match answer.status {
            200 => Ok(Some(description["Table"].take())),
            _ if description["__type"]
                .as_str()
                .is_some_and(|name| name.ends_with("ResourceNotFoundException")) =>
            {
                Ok(None)
            }
            _ => bail!("DescribeTable was refused: {description}"),
        }
    }

    async fn adopt(&self, table: &Table, existing: &Value) -> anyhow::Result<()> {
        for (what, shape) in [("keys", keys as fn(&Value) -> Value), ("indexes", indexes)] {
            let (was, is) = (shape(existing), shape(&table.create));
            if was != is {
                bail!(
                    "{}: the table {} exists with other {what} than the template declares ({was}, now {is}). \
                     Use --fresh to start with empty tables, or choose another folder with --data",
                    table.logical_id,
                    table.name,
                );
            }
        }
        let stream = &table.create["StreamSpecification"];
        let was_streamed = existing["StreamSpecification"]["StreamEnabled"] == true;
        if table.streamed != was_streamed {
            let specification = if table.streamed {
                stream.clone()
            } else {
                json!({ "StreamEnabled": false })
            };
            let request = json!({ "TableName": table.name, "StreamSpecification": specification });
            self.ask::<Value>("DynamoDB_20120810.UpdateTable", &request)
                .await
                .with_context(|| format!("{}: could not change the stream of the table", table.logical_id))?;
        }
        Ok(())
    }

    async fn apply_ttl(&self, table: &Table) -> anyhow::Result<()> {
        let Some(attribute) = &table.ttl_attribute else {
            return Ok(());
        };
        let name = json!({ "TableName": table.name });
        let description: Value = self.ask("DynamoDB_20120810.DescribeTimeToLive", &name).await?;
        if description["TimeToLiveDescription"]["AttributeName"] == attribute.as_str() {
            return Ok(());
        }
        let specification = json!({ "Enabled": true, "AttributeName": attribute });
        let request = json!({ "TableName": table.name, "TimeToLiveSpecification": specification });
        self.ask::<Value>("DynamoDB_20120810.UpdateTimeToLive", &request)
            .await
            .map(drop)
    }
}

/// The keys of a table, from a request or a description.
fn keys(table: &Value) -> Value {
    let mut keys = table["KeySchema"].clone();
    let typed = |name: &Value| {
        let attributes = table["AttributeDefinitions"].as_array().into_iter().flatten();
        attributes
            .filter(|attribute| attribute["AttributeName"] == *name)
            .map(|attribute| attribute["AttributeType"].clone())
            .next()
    };
    for key in keys.as_array_mut().into_iter().flatten() {
        key["AttributeType"] = typed(&key["AttributeName"]).into();
    }
    sorted(keys)
}

/// The indexes of a table, from a request or a description.
fn indexes(table: &Value) -> Value {
    let of = |kind: &str| {
        let indexes = table[kind].as_array().into_iter().flatten().map(|index| {
            let projection = &index["Projection"];
            json!({
                "IndexName": index["IndexName"],
                "Keys": keys(&json!({ "KeySchema": index["KeySchema"], "AttributeDefinitions": table["AttributeDefinitions"] })),
                "Projection": projection["ProjectionType"],
                "NonKeyAttributes": sorted(projection["NonKeyAttributes"].clone()),
            })
        });
        sorted(indexes.collect())
    };
    json!([of("GlobalSecondaryIndexes"), of("LocalSecondaryIndexes")])
}

/// Sorts a list and the fields of its objects, so that lists in another order compare as equal.
fn sorted(list: Value) -> Value {
    let Value::Array(mut list) = list else {
        return list;
    };
    list.iter_mut().for_each(Value::sort_all_objects);
    list.sort_by_key(Value::to_string);
    list.into()
}
