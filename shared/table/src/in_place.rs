//! A merge patch as one `UpdateItem`: for patches that are valid whatever else the entity holds, there is no need to read it first.
//!
//! The condition is on the safe side. Where it fails, DynamoDB hands over the item as it is, and the caller decides on that: there is
//! nothing to update, it changes nothing, or it needs more than this.

use crate::{
    Change, Table,
    item::{Item, n, s, to_item},
    keys::ItemKey,
    write::refused,
};
use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use domain::{Error, Result};
use serde_json::{Map, Value};
use std::collections::HashMap;

pub enum Updated {
    /// Done; the item as it is now.
    Now(Item),
    /// The condition failed; the item as it is, if there is one.
    ConditionFailed(Option<Item>),
}

/// The parts of an update expression, as a patch is walked.
#[derive(Default)]
struct Compiled {
    set: Vec<String>,
    remove: Vec<String>,
    /// One of these must hold, or the patch changes nothing.
    changes: Vec<String>,
    /// Objects that are merged into must be there.
    merges: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Compiled {
    fn walk(&mut self, at: &str, patch: &Map<String, Value>) -> Result<()> {
        for (name, value) in patch {
            let placeholder = format!("#n{}", self.names.len());
            let path = if at.is_empty() {
                placeholder.clone()
            } else {
                format!("{at}.{placeholder}")
            };
            self.names.insert(placeholder, name.clone());
            match value {
                Value::Object(inner) => {
                    self.merges.push(format!("attribute_exists({path})"));
                    self.walk(&path, inner)?;
                }
                Value::Null => {
                    self.changes.push(format!("attribute_exists({path})"));
                    self.remove.push(path);
                }
                value => {
                    let value_name = format!(":v{}", self.values.len());
                    self.changes
                        .push(format!("attribute_not_exists({path}) OR {path} <> {value_name}"));
                    self.set.push(format!("{path} = {value_name}"));
                    let value = serde_dynamo::to_attribute_value(value)
                        .map_err(|e| Error::Internal(format!("a patched value is no attribute: {e}")))?;
                    self.values.insert(value_name, value);
                }
            }
        }
        Ok(())
    }
}

impl Table {
    /// Lays a patch over an enabled entity in one request.
    pub(crate) async fn patch_in_place(
        &self,
        key: &ItemKey,
        patch: &Map<String, Value>,
        expected: Option<u64>,
        change: &Change,
    ) -> Result<Updated> {
        let mut compiled = Compiled::default();
        compiled.walk("", patch)?;
        let mut condition = "attribute_exists(pk) AND isDisabled = :no".to_owned();
        if let Some(version) = expected {
            condition.push_str(" AND version = :expected");
            compiled.values.insert(":expected".into(), n(version));
        }
        for merge in &compiled.merges {
            condition.push_str(&format!(" AND {merge}"));
        }
        condition.push_str(&format!(" AND ({})", compiled.changes.join(" OR ")));
        compiled.set.extend(
            [
                "version = version + :one",
                "updatedAt = :updatedAt",
                "updatedBy = :updatedBy",
                "requestId = :requestId",
                "actor = :actor",
            ]
            .map(str::to_owned),
        );
        let mut expression = format!("SET {}", compiled.set.join(", "));
        if !compiled.remove.is_empty() {
            expression.push_str(&format!(" REMOVE {}", compiled.remove.join(", ")));
        }
        let sent = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .update_expression(expression)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(compiled.names))
            .set_expression_attribute_values(Some(compiled.values))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":updatedAt", s(change.now.to_string()))
            .expression_attribute_values(":updatedBy", s(&change.actor.id))
            .expression_attribute_values(":requestId", s(&change.request_id))
            .expression_attribute_values(":actor", AttributeValue::M(to_item(&change.actor)?))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(Updated::Now(answer.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(Updated::ConditionFailed(
                    failed.item.clone().filter(|item| !item.is_empty()),
                )),
                _ => Err(refused(error)),
            },
        }
    }
}
