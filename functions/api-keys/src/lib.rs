//! API keys of partitions: creates, rotates, expires and verifies them.

pub mod authorize_api_key;
pub mod create_api_key;
pub mod expire_api_key;
pub mod expire_api_keys;
pub mod expire_customer_api_keys;
pub mod expire_due_api_keys;
pub mod expire_partition_api_keys;
pub mod get_api_key;
pub mod list_api_keys;
pub mod list_customer_api_keys;
pub mod rotate_api_key;
pub mod update_api_key;
pub mod verify_api_key;

use domain::{
    CustomerKey, View,
    api_key::{self, ApiKey},
    fields::Field,
    plaintext::{Plaintext, Secret},
};
use runtime::{Area, Function};
use serde::Serialize;

pub const AREA: Area = Area {
    name: "api-keys",
    summary: "The API keys of partitions.",
    functions: &[
        Function::endpoint::<create_api_key::CreateApiKey>(),
        Function::endpoint::<list_api_keys::ListApiKeys>(),
        Function::endpoint::<list_customer_api_keys::ListCustomerApiKeys>(),
        Function::endpoint::<get_api_key::GetApiKey>(),
        Function::endpoint::<update_api_key::UpdateApiKey>(),
        Function::endpoint::<rotate_api_key::RotateApiKey>(),
        Function::endpoint::<expire_api_key::ExpireApiKey>(),
        Function::endpoint::<expire_api_keys::ExpireApiKeys>(),
        Function::endpoint::<verify_api_key::VerifyApiKey>(),
        Function::task::<expire_partition_api_keys::ExpirePartitionApiKeys>(),
        Function::task::<expire_customer_api_keys::ExpireCustomerApiKeys>(),
        Function::standalone::<expire_due_api_keys::ExpireDueApiKeys>(),
        Function::standalone::<authorize_api_key::AuthorizeApiKey>(),
    ],
};

/// A new key with its plaintext, which no other answer holds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedApiKey {
    api_key: ApiKey,
    plaintext: String,
}

impl IssuedApiKey {
    fn new(customer: CustomerKey, api_key: ApiKey, secret: Secret) -> Self {
        let plaintext = Plaintext {
            environment: api_key.environment,
            customer,
            partition: api_key.partition_key,
            key: api_key.key,
            secret,
        };
        Self {
            plaintext: plaintext.text(),
            api_key,
        }
    }
}

impl View for IssuedApiKey {
    const NAME: &'static str = "IssuedApiKey";
    const IS_VERSIONED: bool = true;

    fn fields() -> Vec<Field> {
        api_key::issued_fields()
    }

    fn key(&self) -> Option<String> {
        View::key(&self.api_key)
    }

    fn version(&self) -> Option<u64> {
        self.api_key.version()
    }
}
