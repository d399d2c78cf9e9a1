//! A key as the table holds it: the entity, and the hash of its secret.

use crate::{
    Change,
    item::{Item, from_item, n, s},
    keys::{self, Index, TTL},
    stored::entity_item,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    CustomerKey, Error, Result,
    api_key::{ApiKey, KEPT_SECONDS, Status},
};

pub(super) const HASH: &str = "hash";

#[derive(Clone)]
pub(super) struct Stored {
    pub(super) key: ApiKey,
    pub(super) hash: [u8; 32],
}

pub(super) fn hash_of(item: &Item) -> Result<[u8; 32]> {
    item.get(HASH)
        .and_then(|hash| STANDARD.decode(hash.as_s().ok()?).ok()?.try_into().ok())
        .ok_or_else(|| Error::Internal("an API key has no hash".into()))
}

impl Stored {
    pub(super) fn read(item: Item) -> Result<Self> {
        Ok(Self {
            hash: hash_of(&item)?,
            key: from_item(item)?,
        })
    }

    pub(super) fn with(&self, key: &ApiKey) -> Self {
        Self {
            key: key.clone(),
            hash: self.hash,
        }
    }

    pub(super) fn item(&self, customer: CustomerKey, change: &Change) -> Result<Item> {
        let Self { key, hash } = self;
        let mut item = entity_item(&keys::api_key(customer, key.partition_key, key.key), key, change)?;
        item.insert(HASH.into(), s(STANDARD.encode(hash)));
        item.insert(TTL.into(), n(key.expires_at.epoch_seconds() + KEPT_SECONDS));
        if key.status == Status::Active {
            let shard = keys::expiring_shard(key.key);
            item.insert(
                Index::ExpiringKeys.partition_attribute().into(),
                s(keys::expiring_keys(shard)),
            );
        }
        Ok(item)
    }
}
