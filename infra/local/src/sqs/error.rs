//! The errors of SQS operations.

#[derive(Debug, thiserror::Error)]
pub enum SqsError {
    /// `shape` is the error's name in the SQS API.
    #[error("{message}")]
    Refused { shape: &'static str, message: String },
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl SqsError {
    pub fn refused(shape: &'static str, message: impl Into<String>) -> SqsError {
        SqsError::Refused {
            shape,
            message: message.into(),
        }
    }

    pub fn invalid(message: impl Into<String>) -> SqsError {
        SqsError::refused("InvalidParameterValueException", message)
    }

    pub fn no_queue(name: &str) -> SqsError {
        SqsError::refused(
            "QueueDoesNotExist",
            format!("The specified queue does not exist: {name}."),
        )
    }
}
