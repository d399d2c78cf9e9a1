//! Messages, to send and as received, and their receipt handles.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as HANDLE_BASE64;
use rusqlite::Row;
use serde_json::Value;

use super::attributes::{self, Attributes};
use super::error::SqsError;
use crate::arn;
use crate::plan::ACCOUNT;

/// A message to send.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    pub body: String,
    pub attributes: Attributes,
    /// In seconds. `None`: the queue's delay.
    pub delay: Option<u32>,
    /// The system attribute `AWSTraceHeader`.
    pub trace: Option<String>,
}

impl Outgoing {
    pub fn new(body: impl Into<String>) -> Outgoing {
        Outgoing {
            body: body.into(),
            ..Outgoing::default()
        }
    }

    /// In bytes.
    pub fn size(&self) -> usize {
        self.body.len() + attributes::size(&self.attributes)
    }
}

/// A message as received.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    pub receipt_handle: String,
    pub body: String,
    /// Digest of the body.
    pub md5: String,
    pub receive_count: u32,
    pub first_received_ms: i64,
    pub sent_ms: i64,
    pub sender: String,
    pub attributes: Attributes,
    /// For a message in a dead-letter queue: the ARN of the queue that gave it up.
    pub dead_letter_source_arn: Option<String>,
    /// The system attribute `AWSTraceHeader`.
    pub trace: Option<String>,
}

impl Message {
    /// The attributes in the form of a Lambda event's `messageAttributes`.
    pub fn message_attributes(&self) -> Value {
        attributes::in_lambda_event(&self.attributes)
    }
}

/// A message from its row, with its number.
pub fn received(row: &Row) -> rusqlite::Result<(i64, Message)> {
    let receipt = Receipt {
        number: row.get("number")?,
        receipt: row.get("receipt")?,
        id: row.get("id")?,
    };
    let body: String = row.get("body")?;
    let attributes: String = row.get("attributes")?;
    let dead_from: Option<String> = row.get("dead_from")?;
    let message = Message {
        receipt_handle: receipt.handle(),
        md5: attributes::md5_of_body(&body),
        receive_count: row.get("receives_in_all")?,
        first_received_ms: row.get("first_received_ms")?,
        sent_ms: row.get("sent_ms")?,
        sender: ACCOUNT.to_owned(),
        attributes: serde_json::from_str(&attributes)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, error.into()))?,
        dead_letter_source_arn: dead_from.map(|queue| arn::queue(&queue)),
        trace: row.get("trace")?,
        id: receipt.id,
        body,
    };
    Ok((receipt.number, message))
}

/// The content of a receipt handle.
pub struct Receipt {
    pub number: i64,
    pub receipt: i64,
    pub id: String,
}

impl Receipt {
    fn handle(&self) -> String {
        HANDLE_BASE64.encode(format!("{} {} {}", self.number, self.receipt, self.id))
    }

    fn parse(handle: &str) -> Result<Receipt, SqsError> {
        let parse = || {
            let text = String::from_utf8(HANDLE_BASE64.decode(handle).ok()?).ok()?;
            let mut parts = text.splitn(3, ' ');
            let number = parts.next()?.parse().ok()?;
            let receipt = parts.next()?.parse().ok()?;
            Some(Receipt {
                number,
                receipt,
                id: parts.next()?.to_owned(),
            })
        };
        parse().ok_or_else(|| {
            SqsError::refused(
                "ReceiptHandleIsInvalid",
                format!("The input receipt handle \"{handle}\" is not valid."),
            )
        })
    }

    pub fn parse_all(handles: &[String]) -> Result<Vec<Receipt>, SqsError> {
        handles.iter().map(|handle| Receipt::parse(handle)).collect()
    }
}
