//! Batches: which records a mapping selects, and which of them the function reports as failed.

use serde::Deserialize;
use serde_json::Value;

use crate::eventbridge::pattern::Pattern;

/// Whether the filters of a mapping select a record.
pub fn is_selected(filters: &[Pattern], record: &Value) -> bool {
    filters.is_empty() || filters.iter().any(|filter| filter.matches(record))
}

/// The items of a batch that a function reports as failed.
#[derive(Debug, PartialEq)]
pub enum Reported {
    Nothing,
    Items(Vec<String>),
    /// The answer does not name the items, so all have failed.
    Everything,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchAnswer {
    #[serde(default)]
    batch_item_failures: Option<Vec<ItemFailure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// Reads the answer to a batch: `{"batchItemFailures": [{"itemIdentifier": …}]}`, or nothing at all.
pub fn reported_failures(answer: &[u8]) -> Reported {
    let Ok(answer) = serde_json::from_slice::<Option<BatchAnswer>>(answer) else {
        return if answer.is_empty() {
            Reported::Nothing
        } else {
            Reported::Everything
        };
    };
    let failures = answer.unwrap_or_default().batch_item_failures.unwrap_or_default();
    match failures.iter().any(|failure| failure.item_identifier.is_empty()) {
        true => Reported::Everything,
        false if failures.is_empty() => Reported::Nothing,
        false => Reported::Items(failures.into_iter().map(|failure| failure.item_identifier).collect()),
    }
}

/// The message of an error document, for the log.
pub fn error_message(error: &[u8]) -> String {
    let document: Value = serde_json::from_slice(error).unwrap_or_default();
    match document.get("errorMessage").and_then(Value::as_str) {
        Some(message) => message.to_owned(),
        None => String::from_utf8_lossy(error).into_owned(),
    }
}
