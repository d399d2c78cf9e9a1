//! A merge patch as one `UpdateItem`. For patches that are valid regardless of the entity's other fields, the entity need not be read.
//!
//! The condition is strict. If it fails, DynamoDB returns the current item, and the caller decides: the entity does not exist, the patch
//! changes nothing, or it needs more than this.

use crate::{
    Change, Table,
    attempt::unless_contended,
    item::{Item, REQUEST_ID, n, s, to_item},
    keys::ItemKey,
    write::sdk_error,
};
use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use domain::{Error, Result};
use serde_json::{Map, Value};
use std::collections::HashMap;

pub enum Updated {
    /// The item after the update.
    Now(Item),
    /// The current item, if there is one.
    ConditionFailed(Option<Item>),
}

/// The clauses of an update expression, collected from a patch.
#[derive(Default)]
struct Compiled {
    set: Vec<String>,
    remove: Vec<String>,
    /// The patch changes something if one of these is true.
    changes: Vec<String>,
    /// Conditions that the objects to merge into exist.
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
                        .map_err(|e| Error::Internal(format!("a patched value is not an attribute: {e}")))?;
                    self.values.insert(value_name, value);
                }
            }
        }
        Ok(())
    }
}

impl Table {
    /// Applies a patch to an enabled entity in one request.
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
        let update = self
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
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        unless_contended(|| async {
            match update.clone().send().await {
                Ok(answer) => Ok(Updated::Now(answer.attributes.unwrap_or_default())),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                        Ok(match failed.item.clone().filter(|item| !item.is_empty()) {
                            // The client repeats a request whose answer was lost.
                            Some(item) if is_written_by(&item, change) => Updated::Now(item),
                            other => Updated::ConditionFailed(other),
                        })
                    }
                    _ => Err(sdk_error(error)),
                },
            }
        })
        .await
    }
}

/// Whether the last write of this item was this change.
fn is_written_by(item: &Item, change: &Change) -> bool {
    let is = |name: &str, text: &str| {
        item.get(name)
            .and_then(|value| value.as_s().ok())
            .is_some_and(|is| is == text)
    };
    is(REQUEST_ID, &change.request_id) && is("updatedAt", &change.now.to_string())
}
