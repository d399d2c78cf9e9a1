//! The wire protocol of SQS, as SDKs use it: `X-Amz-Target: AmazonSQS.<operation>` with JSON.

use std::collections::HashSet;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::attributes;
use super::error::SqsError;
use super::message::{Message, Outgoing};
use super::requests::*;
use super::service::Sqs;
use super::settings::MAX_SIZE;
use crate::arn;
use crate::plan::ACCOUNT;
use crate::wire;

const JSON: &str = "application/x-amz-json-1.0";

/// Answers one request. `base` is the URL under which the client reached the local cloud; queue URLs begin with it. `trace` is the request's
/// trace header.
pub async fn answer(sqs: &Sqs, operation: &str, body: &[u8], base: &str, trace: Option<&str>) -> Response {
    match perform(sqs, operation, body, base, trace).await {
        Ok(answer) => wire::json(StatusCode::OK, JSON, &answer),
        Err(SqsError::Refused { shape, message }) => refusal(shape, &message),
        Err(SqsError::Internal(error)) => wire::failure(JSON, &error),
    }
}

fn refusal(shape: &str, message: &str) -> Response {
    let body = json!({ "__type": format!("com.amazonaws.sqs#{shape}"), "message": message });
    // Older SDKs read the error's name in SQS's XML protocol.
    let code = match shape {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        "QueueNameExists" => "QueueAlreadyExists",
        "InvalidParameterValueException" => "InvalidParameterValue",
        "InvalidAddress"
        | "InvalidAttributeName"
        | "InvalidAttributeValue"
        | "InvalidMessageContents"
        | "ReceiptHandleIsInvalid"
        | "SerializationException"
        | "UnknownOperationException" => shape,
        _ => &format!("AWS.SimpleQueueService.{shape}"),
    };
    let header = [("x-amzn-query-error", format!("{code};Sender"))];
    (header, wire::json(StatusCode::BAD_REQUEST, JSON, &body)).into_response()
}

async fn perform(sqs: &Sqs, operation: &str, body: &[u8], base: &str, trace: Option<&str>) -> Result<Value, SqsError> {
    let url = |queue: &str| format!("{base}/{ACCOUNT}/{queue}");
    match operation {
        "CreateQueue" => {
            let request: CreateQueue = read(body)?;
            sqs.create_queue(&request.queue_name, &request.attributes)?;
            Ok(json!({ "QueueUrl": url(&request.queue_name) }))
        }
        "DeleteQueue" => {
            sqs.delete_queue(&read::<OfQueue>(body)?.queue)?;
            Ok(json!({}))
        }
        "PurgeQueue" => {
            sqs.purge(&read::<OfQueue>(body)?.queue)?;
            Ok(json!({}))
        }
        "GetQueueUrl" => {
            let request: GetQueueUrl = read(body)?;
            sqs.queue(&request.queue_name)?;
            Ok(json!({ "QueueUrl": url(&request.queue_name) }))
        }
        "ListQueues" => {
            let request: ListQueues = read(body)?;
            let names = sqs
                .names()
                .into_iter()
                .filter(|name| name.starts_with(&request.queue_name_prefix));
            Ok(page(
                "QueueUrls",
                names.map(|name| url(&name)).collect(),
                &request.page,
            )?)
        }
        "ListDeadLetterSourceQueues" => {
            let request: ListDeadLetterSourceQueues = read(body)?;
            let names = sqs.sources_of(&request.queue)?;
            Ok(page(
                "queueUrls",
                names.iter().map(|name| url(name)).collect(),
                &request.page,
            )?)
        }
        "GetQueueAttributes" => {
            let request: GetQueueAttributes = read(body)?;
            let mut attributes = sqs.attributes(&request.queue)?;
            let wanted = request.attribute_names;
            attributes.retain(|name, _| wanted.iter().any(|wanted| wanted == "All" || wanted == name));
            Ok(json!({ "Attributes": attributes }))
        }
        "SetQueueAttributes" => {
            let request: SetQueueAttributes = read(body)?;
            sqs.set_attributes(&request.queue, &request.attributes)?;
            Ok(json!({}))
        }
        "SendMessage" => send(sqs, read(body)?, trace),
        "SendMessageBatch" => send_batch(sqs, read(body)?, trace),
        "ReceiveMessage" => receive(sqs, read(body)?).await,
        "DeleteMessage" => {
            let request: DeleteMessage = read(body)?;
            sqs.delete(&request.queue, &[request.receipt_handle])?;
            Ok(json!({}))
        }
        "DeleteMessageBatch" => {
            let request: Batch<DeleteEntry> = read(body)?;
            perform_each(
                &request.entries,
                |entry| entry.id.as_str(),
                |entry| {
                    sqs.delete(&request.queue, std::slice::from_ref(&entry.receipt_handle))?;
                    Ok(json!({ "Id": entry.id }))
                },
            )
        }
        "ChangeMessageVisibility" => {
            let request: ChangeMessageVisibility = read(body)?;
            change_visibility(sqs, &request.queue, request.receipt_handle, request.visibility_timeout)?;
            Ok(json!({}))
        }
        "ChangeMessageVisibilityBatch" => {
            let request: Batch<ChangeEntry> = read(body)?;
            perform_each(
                &request.entries,
                |entry| entry.id.as_str(),
                |entry| {
                    change_visibility(
                        sqs,
                        &request.queue,
                        entry.receipt_handle.clone(),
                        entry.visibility_timeout,
                    )?;
                    Ok(json!({ "Id": entry.id }))
                },
            )
        }
        "StartMessageMoveTask" => {
            let request: StartMessageMoveTask = read(body)?;
            let source = arn::queue_name(&request.source_arn);
            let done = sqs.move_messages(source, request.destination_arn.as_deref().map(arn::queue_name))?;
            // The move has ended, in success or failure: `ListMessageMoveTasks` tells. None is left to cancel.
            Ok(json!({ "TaskHandle": format!("{}:{}", arn::queue(source), done.moved) }))
        }
        "ListMessageMoveTasks" => {
            let request: ListMessageMoveTasks = read(body)?;
            let source = arn::queue_name(&request.source_arn);
            sqs.queue(source)?;
            Ok(sqs.moves(source, request.max_results.unwrap_or(1)))
        }
        _ => Err(SqsError::refused(
            "UnknownOperationException",
            format!("The local cloud does not support the SQS operation {operation}."),
        )),
    }
}

fn send(sqs: &Sqs, request: SendMessage, trace: Option<&str>) -> Result<Value, SqsError> {
    let message = request.message.outgoing(trace)?;
    let id = sqs.send(&request.queue, &message)?;
    Ok(sent(&id, &request.message, &message))
}

fn sent(id: &str, request: &SentMessage, message: &Outgoing) -> Value {
    let mut answer = json!({ "MessageId": id, "MD5OfMessageBody": attributes::md5_of_body(&message.body) });
    if let Some(md5) = attributes::md5_of(&message.attributes) {
        answer["MD5OfMessageAttributes"] = md5.into();
    }
    if let Some(md5) = attributes::md5_of(&request.message_system_attributes) {
        answer["MD5OfMessageSystemAttributes"] = md5.into();
    }
    answer
}

fn send_batch(sqs: &Sqs, request: Batch<SendEntry>, trace: Option<&str>) -> Result<Value, SqsError> {
    let size: usize = request
        .entries
        .iter()
        .map(|entry| entry.message.message_body.len() + attributes::size(&entry.message.message_attributes))
        .sum();
    if size > MAX_SIZE as usize {
        let message = format!("Batch requests cannot be longer than {MAX_SIZE} bytes. You have sent {size} bytes.");
        return Err(SqsError::refused("BatchRequestTooLong", message));
    }
    perform_each(
        &request.entries,
        |entry| entry.id.as_str(),
        |entry| {
            let message = entry.message.outgoing(trace)?;
            let id = sqs.send(&request.queue, &message)?;
            let mut answer = sent(&id, &entry.message, &message);
            answer["Id"] = entry.id.clone().into();
            Ok(answer)
        },
    )
}

async fn receive(sqs: &Sqs, request: ReceiveMessage) -> Result<Value, SqsError> {
    let max = request.max_number_of_messages.unwrap_or(1);
    if !(1..=10).contains(&max) {
        return Err(SqsError::invalid(format!(
            "Value {max} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
        )));
    }
    let wait = match request.wait_time_seconds {
        Some(wait @ 0..=20) => wait,
        Some(wait) => {
            return Err(SqsError::invalid(format!(
                "Value {wait} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."
            )));
        }
        None => sqs.queue(&request.queue)?.settings().receive_wait,
    };
    if let Some(visibility) = request.visibility_timeout {
        check_visibility(visibility)?;
    }
    let deadline = Instant::now() + Duration::from_secs(wait.into());
    loop {
        let messages = sqs.receive(&request.queue, max, request.visibility_timeout)?;
        let is_last = !messages.is_empty() || Instant::now() >= deadline;
        if is_last
            || tokio::time::timeout_at(deadline, sqs.changed(&request.queue))
                .await
                .is_err()
        {
            let messages: Vec<_> = messages.iter().map(|message| describe(message, &request)).collect();
            return Ok(if messages.is_empty() {
                json!({})
            } else {
                json!({ "Messages": messages })
            });
        }
    }
}

fn describe(message: &Message, request: &ReceiveMessage) -> Value {
    let mut described = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": message.md5,
        "Body": message.body,
    });
    let mut system = Map::new();
    let mut add = |name: &str, value: String| {
        let mut names = request
            .attribute_names
            .iter()
            .chain(&request.message_system_attribute_names);
        if names.any(|wanted| wanted == "All" || wanted == name) {
            system.insert(name.to_owned(), value.into());
        }
    };
    add("SenderId", message.sender.clone());
    add("SentTimestamp", message.sent_ms.to_string());
    add("ApproximateReceiveCount", message.receive_count.to_string());
    add(
        "ApproximateFirstReceiveTimestamp",
        message.first_received_ms.to_string(),
    );
    if let Some(source) = &message.dead_letter_source_arn {
        add("DeadLetterQueueSourceArn", source.clone());
    }
    if let Some(trace) = &message.trace {
        add(TRACE, trace.clone());
    }
    if !system.is_empty() {
        described["Attributes"] = system.into();
    }
    let chosen = attributes::selected(&message.attributes, &request.message_attribute_names);
    if let Some(md5) = attributes::md5_of(&chosen) {
        described["MD5OfMessageAttributes"] = md5.into();
        described["MessageAttributes"] = json!(chosen);
    }
    described
}

fn change_visibility(sqs: &Sqs, queue: &str, receipt_handle: String, seconds: u32) -> Result<(), SqsError> {
    check_visibility(seconds)?;
    match sqs.make_visible(queue, &[receipt_handle], seconds)?[..] {
        [true] => Ok(()),
        _ => Err(SqsError::refused("MessageNotInflight", "The message is not in flight.")),
    }
}

fn check_visibility(seconds: u32) -> Result<(), SqsError> {
    if seconds > 43_200 {
        return Err(SqsError::invalid(format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the \
             message is beyond the limit [43200 seconds]"
        )));
    }
    Ok(())
}

/// Performs each entry of a batch. The answer lists the successes, and the failures with their reasons.
fn perform_each<E>(
    entries: &[E],
    id: impl Fn(&E) -> &str,
    perform: impl Fn(&E) -> Result<Value, SqsError>,
) -> Result<Value, SqsError> {
    if entries.is_empty() {
        let message = "There should be at least one entry in the request.";
        return Err(SqsError::refused("EmptyBatchRequest", message));
    }
    if entries.len() > 10 {
        let message = "Maximum number of entries per request are 10.";
        return Err(SqsError::refused("TooManyEntriesInBatchRequest", message));
    }
    let mut ids = HashSet::new();
    if let Some(repeated) = entries.iter().map(&id).find(|id| !ids.insert(*id)) {
        return Err(SqsError::refused(
            "BatchEntryIdsNotDistinct",
            format!("Id {repeated} repeated."),
        ));
    }
    let mut successful = Vec::new();
    let mut failed = Vec::new();
    for entry in entries {
        match perform(entry) {
            Ok(answer) => successful.push(answer),
            // An error of the queue, not of the entry: SQS refuses the whole request.
            Err(
                error @ SqsError::Refused {
                    shape: "QueueDoesNotExist",
                    ..
                },
            ) => return Err(error),
            Err(SqsError::Refused { shape, message }) => {
                failed.push(json!({ "Id": id(entry), "SenderFault": true, "Code": shape, "Message": message }));
            }
            Err(SqsError::Internal(error)) => {
                wire::log(&error);
                let message = format!("{error:#}");
                failed.push(
                    json!({ "Id": id(entry), "SenderFault": false, "Code": "InternalFailure", "Message": message }),
                );
            }
        }
    }
    // SDKs expect `Failed` to be absent rather than empty.
    Ok(if failed.is_empty() {
        json!({ "Successful": successful })
    } else {
        json!({ "Successful": successful, "Failed": failed })
    })
}

/// One page of `list`, under `name`. The token is the index of the next page's first item.
fn page(name: &str, list: Vec<String>, page: &Page) -> Result<Value, SqsError> {
    let start = match &page.next_token {
        Some(token) => token
            .parse()
            .map_err(|_| SqsError::invalid("The NextToken is not valid."))?,
        None => 0,
    };
    let end = page.max_results.map_or(list.len(), |max| list.len().min(start + max));
    let mut answer = json!({ name: list.get(start..end).unwrap_or_default() });
    if end < list.len() {
        answer["NextToken"] = end.to_string().into();
    }
    Ok(answer)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, SqsError> {
    serde_json::from_slice(body).map_err(|error| SqsError::refused("SerializationException", error.to_string()))
}
