//! Verifying a key that somebody presents.

use super::{
    ApiKeys,
    stored::{HASH, hash_of},
};
use crate::{
    Operation,
    item::{Item, from_item, s},
    keys,
    operation::on_customer::{BATCH_GET, UPDATE},
    write::refused,
};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use domain::{
    Result, Timestamp,
    api_key::{Credential, Standing, Verified},
    plaintext::Plaintext,
};

/// As much of a key as verification looks at.
struct Looked {
    key: Credential,
    hash: [u8; 32],
}

/// Of key, partition and customer together.
const LOOKED_AT: &[&str] = &[
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
    pub const VERIFY: Operation = Operation::new(&[BATCH_GET, UPDATE], &[]);
    /// Whom a plaintext lets in. One read, whatever is wrong with it; a key that is used for the first time on a day is written once.
    pub async fn verify(&self, plain: &Plaintext, wanted: &[String], now: Timestamp) -> Result<Option<Verified>> {
        let asked = [
            keys::api_key(plain.customer, plain.partition, plain.key),
            keys::partition(plain.customer, plain.partition),
            keys::customer(plain.customer),
        ];
        let (mut key, mut has_partition, mut customer) = (None, false, Standing::default());
        for item in self.0.get_parts_of_all(&asked, LOOKED_AT).await? {
            match item.get(keys::SK).and_then(|sk| sk.as_s().ok()) {
                Some(sk) if *sk == asked[0].sk => key = Some(Looked::read(item)?),
                Some(sk) if *sk == asked[1].sk => has_partition = true,
                _ => customer = from_item(item)?,
            }
        }
        // What is not there is compared with too, so that it takes as long.
        let Looked { key, hash } = key.unwrap_or_else(Looked::nobodys);
        if !(key.lets_in(plain, &hash, &customer, now) & has_partition & key.may(wanted)) {
            return Ok(None);
        }
        let today = now.date();
        if key.last_used_on.as_deref() != Some(today.as_str()) {
            self.used_on(plain, &today).await;
        }
        Ok(Some(key.verified(plain)))
    }

    /// Notes the day. A key is good whether or not it can be noted.
    async fn used_on(&self, plain: &Plaintext, today: &str) {
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
        match sent.map_err(|error| {
            (
                error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception),
                error,
            )
        }) {
            Ok(_) | Err((true, _)) => {}
            Err((false, error)) => tracing::warn!(cause = %refused(error), "a key's use was not noted"),
        }
    }
}

impl Looked {
    fn read(item: Item) -> Result<Self> {
        Ok(Self {
            hash: hash_of(&item)?,
            key: from_item(item)?,
        })
    }

    fn nobodys() -> Self {
        Self {
            key: Credential::ended(),
            hash: [0; 32],
        }
    }
}
