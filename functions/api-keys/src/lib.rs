//! API keys of partitions: made, rotated, ended, and asked about.

pub mod authorize_api_key;
pub mod create_api_key;
pub mod expire_api_key;
pub mod expire_api_keys;
pub mod expire_customer_api_keys;
pub mod expire_due_api_keys;
pub mod expire_partition_api_keys;
pub mod get_api_key;
pub mod list_api_keys;
pub mod rotate_api_key;
pub mod update_api_key;
pub mod verify_api_key;

use domain::{
    CustomerKey, Result,
    api_key::ApiKey,
    plaintext::{Plaintext, Secret},
};
use runtime::{Function, Reply};

pub const FUNCTIONS: &[Function] = &[
    Function::endpoint::<create_api_key::CreateApiKey>(),
    Function::endpoint::<list_api_keys::ListApiKeys>(),
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
];

/// The one answer in which a key's plaintext is.
fn issued(customer: CustomerKey, key: ApiKey, secret: Secret) -> Result<Reply> {
    let plaintext = Plaintext {
        environment: key.environment,
        customer,
        partition: key.partition_key,
        key: key.key,
        secret,
    };
    Reply::issued(&key, "apiKey", "plaintext", plaintext.text())
}
