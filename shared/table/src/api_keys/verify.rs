//! Verifying a key that a caller presents.

use super::{
    ApiKeys,
    stored::{HASH, hash_of},
};
use crate::{
    Operation,
    item::{Item, from_item, s},
    keys,
    operation::on_customer::{BATCH_GET, UPDATE},
    write::sdk_error,
};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use domain::{
    Result, Timestamp,
    api_key::{Credential, CustomerState, Verified},
    plaintext::Plaintext,
};

/// The fields of a key that verification reads.
struct Presented {
    key: Credential,
    hash: [u8; 32],
}

/// The attributes that verification reads, of the key, its partition and its customer.
const ATTRIBUTES: &[&str] = &[
    keys::SK,
    HASH,
    "environment",
    "kind",
    "scopes",
    "foreignKey",
    "status",
    "expiresAt",
    "lastUsedOn",
    "createdAt",
    "isDisabled",
    "apiKeysEndedAt",
];

impl ApiKeys<'_> {
    pub const VERIFY: Operation = Operation::new(&[BATCH_GET, UPDATE], &[]).without_contention();
    /// Verifies a plaintext: with one read, whether it is valid or not, and one write when a key is first used on a day.
    pub async fn verify(&self, plain: &Plaintext, wanted: &[String], now: Timestamp) -> Result<Option<Verified>> {
        let asked = [
            keys::api_key(plain.customer, plain.partition, plain.key),
            keys::partition(plain.customer, plain.partition),
            keys::customer(plain.customer),
        ];
        let (mut key, mut has_partition, mut customer) = (None, false, CustomerState::default());
        for item in self.0.get_parts_of_all(&asked, ATTRIBUTES).await? {
            match item.get(keys::SK).and_then(|sk| sk.as_s().ok()) {
                Some(sk) if *sk == asked[0].sk => key = Some(Presented::read(item)?),
                Some(sk) if *sk == asked[1].sk => has_partition = true,
                _ => customer = from_item(item)?,
            }
        }
        // A missing key is compared too, so that it takes as long.
        let Presented { key, hash } = key.unwrap_or_else(Presented::missing);
        if !(key.accepts(plain, &hash, &customer, now) & has_partition & key.holds(wanted)) {
            return Ok(None);
        }
        let today = now.date();
        if key.last_used_on.as_deref() != Some(today.as_str()) {
            self.record_use(plain, &today).await;
        }
        Ok(Some(key.verified(plain)))
    }

    /// Writes the day of the last use. A failure does not make the key invalid.
    async fn record_use(&self, plain: &Plaintext, today: &str) {
        let key = keys::api_key(plain.customer, plain.partition, plain.key);
        let sent = self
            .0
            .client
            .update_item()
            .table_name(&self.0.name)
            .set_key(Some(key.attributes()))
            .update_expression("SET lastUsedOn = :today")
            .condition_expression("attribute_exists(pk) AND (attribute_not_exists(lastUsedOn) OR lastUsedOn < :today)")
            .expression_attribute_values(":today", s(today))
            .send()
            .await;
        match sent {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                tracing::warn!(cause = %sdk_error(error), "the use of a key could not be recorded");
            }
            _ => {}
        }
    }
}

impl Presented {
    fn read(item: Item) -> Result<Self> {
        Ok(Self {
            hash: hash_of(&item)?,
            key: from_item(item)?,
        })
    }

    fn missing() -> Self {
        Self {
            key: Credential::expired(),
            hash: [0; 32],
        }
    }
}
