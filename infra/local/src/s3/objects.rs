//! The objects, in the store. Every operation is one transaction.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::plan::Expiration;
use crate::store::Store;

pub type Tags = BTreeMap<String, String>;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The attributes that a client sends with an object's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Attributes {
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    /// `x-amz-meta-*`.
    pub metadata: BTreeMap<String, String>,
}

/// An object without its content.
#[derive(Clone, Debug)]
pub struct Object {
    pub attributes: Attributes,
    pub tags: Tags,
    /// Without quotes.
    pub etag: String,
    pub size: u64,
    pub modified_ms: i64,
}

impl Object {
    /// In whole seconds, as in HTTP.
    pub fn modified(&self) -> SystemTime {
        let seconds = u64::try_from(self.modified_ms / 1000).unwrap_or_default();
        UNIX_EPOCH + Duration::from_secs(seconds)
    }
}

/// A bucket's name and a key.
pub type Place<'a> = (&'a str, &'a str);

pub enum CopyResult {
    Done(Box<Object>),
    /// There is no source object.
    Missing,
    /// The source object does not meet the condition.
    ConditionFailed,
}

#[derive(Clone)]
pub struct Objects {
    store: Store,
}

impl Objects {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Writes an object if `is_allowed` returns true for the object that exists now. Otherwise returns `None`.
    pub fn put(
        &self,
        place: Place,
        attributes: Attributes,
        tags: Tags,
        content: &[u8],
        now_ms: i64,
        is_allowed: impl FnOnce(Option<&Object>) -> bool,
    ) -> Result<Option<Object>> {
        let object = Object {
            attributes,
            tags,
            etag: format!("{:x}", md5::compute(content)),
            size: content.len() as u64,
            modified_ms: now_ms,
        };
        self.store.write(|transaction| {
            if !is_allowed(read(transaction, place)?.as_ref()) {
                return Ok(None);
            }
            write(transaction, place, &object, content)?;
            Ok(Some(object))
        })
    }

    pub fn describe(&self, place: Place) -> Result<Option<Object>> {
        self.store.read(|connection| read(connection, place))
    }

    pub fn get(&self, place: Place) -> Result<Option<(Object, Vec<u8>)>> {
        self.store.read(|connection| read_all(connection, place))
    }

    /// Copies an object if `is_allowed` returns true for the source. `attributes` and `tags` replace those of the source.
    pub fn copy(
        &self,
        from: Place,
        to: Place,
        attributes: Option<Attributes>,
        tags: Option<Tags>,
        now_ms: i64,
        is_allowed: impl FnOnce(&Object) -> bool,
    ) -> Result<CopyResult> {
        self.store.write(|transaction| {
            let Some((mut object, content)) = read_all(transaction, from)? else {
                return Ok(CopyResult::Missing);
            };
            if !is_allowed(&object) {
                return Ok(CopyResult::ConditionFailed);
            }
            object.attributes = attributes.unwrap_or(object.attributes);
            object.tags = tags.unwrap_or(object.tags);
            object.modified_ms = now_ms;
            write(transaction, to, &object, &content)?;
            Ok(CopyResult::Done(Box::new(object)))
        })
    }

    /// Deletes an object if `is_allowed` returns true for it. Returns whether no such object exists any more.
    pub fn delete(&self, place: Place, is_allowed: impl FnOnce(&Object) -> bool) -> Result<bool> {
        self.store.write(|transaction| {
            if let Some(object) = read(transaction, place)?
                && !is_allowed(&object)
            {
                return Ok(false);
            }
            remove(transaction, place)?;
            Ok(true)
        })
    }

    pub fn delete_all<'a>(&self, bucket: &str, keys: impl Iterator<Item = &'a str>) -> Result<()> {
        self.store.write(|transaction| {
            for key in keys {
                remove(transaction, (bucket, key))?;
            }
            Ok(())
        })
    }

    /// Returns whether the object exists.
    pub fn set_tags(&self, (bucket, key): Place, tags: &Tags) -> Result<bool> {
        self.store.write(|transaction| {
            let changed = transaction
                .prepare_cached("UPDATE objects SET tags = ?3 WHERE bucket = ?1 AND key = ?2")?
                .execute((bucket, key, json!(tags).to_string()))?;
            Ok(changed > 0)
        })
    }

    /// The objects whose keys have the prefix, sorted by the bytes of their keys.
    pub fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<(String, Object)>> {
        self.store.read(|connection| with_prefix(connection, bucket, prefix))
    }

    /// Deletes the objects that the rules expire. Returns their number.
    pub fn delete_expired(&self, bucket: &str, rules: &[Expiration], now_ms: i64) -> Result<usize> {
        self.store.write(|transaction| {
            let mut deleted = 0;
            for rule in rules {
                let newest = now_ms - i64::from(rule.days) * DAY_MS;
                for (key, object) in with_prefix(transaction, bucket, &rule.prefix)? {
                    let tagged = rule.tags.iter().all(|(key, value)| object.tags.get(key) == Some(value));
                    if tagged && object.modified_ms <= newest {
                        remove(transaction, (bucket, &key))?;
                        deleted += 1;
                    }
                }
            }
            Ok(deleted)
        })
    }
}

fn read(connection: &Connection, (bucket, key): Place) -> rusqlite::Result<Option<Object>> {
    connection
        .prepare_cached("SELECT etag, size, modified_ms, about, tags FROM objects WHERE bucket = ?1 AND key = ?2")?
        .query_row((bucket, key), object)
        .optional()
}

fn read_all(connection: &Connection, (bucket, key): Place) -> rusqlite::Result<Option<(Object, Vec<u8>)>> {
    connection
        .prepare_cached(
            "SELECT etag, size, modified_ms, about, tags, content FROM objects WHERE bucket = ?1 AND key = ?2",
        )?
        .query_row((bucket, key), |row| Ok((object(row)?, row.get(5)?)))
        .optional()
}

fn with_prefix(connection: &Connection, bucket: &str, prefix: &str) -> rusqlite::Result<Vec<(String, Object)>> {
    connection
        .prepare_cached(
            "SELECT etag, size, modified_ms, about, tags, key FROM objects
             WHERE bucket = ?1 AND key >= ?2 AND substr(key, 1, length(?2)) = ?2 ORDER BY key",
        )?
        .query_map((bucket, prefix), |row| Ok((row.get(5)?, object(row)?)))?
        .collect()
}

fn write(connection: &Connection, (bucket, key): Place, object: &Object, content: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO objects (bucket, key, etag, size, modified_ms, about, tags, content)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            bucket,
            key,
            &object.etag,
            object.size as i64,
            object.modified_ms,
            json!(object.attributes).to_string(),
            json!(object.tags).to_string(),
            content,
        ))?;
    Ok(())
}

fn remove(connection: &Connection, place: Place) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM objects WHERE bucket = ?1 AND key = ?2")?
        .execute(place)?;
    Ok(())
}

fn object(row: &Row) -> rusqlite::Result<Object> {
    Ok(Object {
        etag: row.get(0)?,
        size: row.get::<_, i64>(1)? as u64,
        modified_ms: row.get(2)?,
        attributes: from_json(row, 3)?,
        tags: from_json(row, 4)?,
    })
}

fn from_json<T: DeserializeOwned>(row: &Row, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}
