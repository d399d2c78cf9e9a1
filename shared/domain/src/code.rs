//! The error codes of the public contract: programs that call the API decide by them.

macro_rules! codes {
    ($($variant:ident $name:literal,)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code {
            $($variant,)*
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The value of a problem's `code`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

codes! {
    NotAuthorized "NOT_AUTHORIZED",
    Forbidden "FORBIDDEN",
    KeyMismatch "KEY_MISMATCH",
    NotFound "NOT_FOUND",
    MethodNotAllowed "METHOD_NOT_ALLOWED",
    TenantNotFound "TENANT_NOT_FOUND",
    MalformedRequest "MALFORMED_REQUEST",
    ValidationFailed "VALIDATION_FAILED",
    Conflict "CONFLICT",
    NotEmpty "NOT_EMPTY",
    CustomerDisabled "CUSTOMER_DISABLED",
    ReactivationWindowClosed "REACTIVATION_WINDOW_CLOSED",
    VersionMismatch "VERSION_MISMATCH",
    IdempotencyKeyReused "IDEMPOTENCY_KEY_REUSED",
    SecretAlreadyDelivered "SECRET_ALREADY_DELIVERED",
    RequestInProgress "REQUEST_IN_PROGRESS",
    PayloadTooLarge "PAYLOAD_TOO_LARGE",
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE",
    Unavailable "UNAVAILABLE",
    Internal "INTERNAL",
}
