//! The one SQLite file with everything except the DynamoDB tables: queues, the buses' history and rules, the buckets' objects,
//! checkpoints and secrets.
//!
//! It is one file so that one transaction can cover several changes: an event and its messages, a message and its move to the
//! dead-letter queue. A commit survives the death of this process, including `kill -9`. It does not wait for the disk each
//! time, so a power cut can undo the last transactions, but only whole transactions, and always the latest ones.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

/// Increase this with every change to the tables below, and to the keys under which the service keeps its items: a file with another
/// layout is refused.
const LAYOUT: i64 = 4;

const TABLES: &str = "
    CREATE TABLE settings (
        namespace TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (namespace, key)
    ) WITHOUT ROWID;

    -- Queues that clients created with CreateQueue.
    CREATE TABLE queues (
        name TEXT PRIMARY KEY,
        settings TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE messages (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        attributes TEXT NOT NULL,
        sent_ms INTEGER NOT NULL,
        visible_ms INTEGER NOT NULL,
        -- The number of the latest receive: only its receipt handle is valid.
        receipt INTEGER NOT NULL DEFAULT 0,
        -- Receives from this queue, which maxReceiveCount limits.
        receives INTEGER NOT NULL DEFAULT 0,
        -- Receives from all queues that the message has been in, which clients see.
        receives_in_all INTEGER NOT NULL DEFAULT 0,
        first_received_ms INTEGER,
        held_by_mapping INTEGER NOT NULL DEFAULT 0,
        -- For a message in a dead-letter queue: the queue that gave it up.
        dead_from TEXT,
        -- The trace header of the request that sent the message.
        trace TEXT
    );
    CREATE INDEX messages_in_turn ON messages (queue, visible_ms, number);

    -- Rules that clients created with PutRule and PutTargets.
    CREATE TABLE rules (
        bus TEXT NOT NULL,
        name TEXT NOT NULL,
        rule TEXT NOT NULL,
        PRIMARY KEY (bus, name)
    ) WITHOUT ROWID;

    CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        bus TEXT NOT NULL,
        rules TEXT NOT NULL,
        event TEXT NOT NULL
    );

    -- The content is here too, so that one transaction writes all of an object.
    CREATE TABLE objects (
        bucket TEXT NOT NULL,
        key TEXT NOT NULL,
        etag TEXT NOT NULL,
        size INTEGER NOT NULL,
        modified_ms INTEGER NOT NULL,
        -- The attributes, as JSON. The tags are JSON too.
        about TEXT NOT NULL,
        tags TEXT NOT NULL,
        -- The last column, so that SQLite can read the others without it.
        content BLOB NOT NULL,
        PRIMARY KEY (bucket, key)
    );
";

#[derive(Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
    path: PathBuf,
}

impl Store {
    /// Opens the file. Creates it if it does not exist.
    pub fn open(path: &Path) -> anyhow::Result<Store> {
        let connection = connect(path).with_context(|| unusable(path))?;
        Ok(Store {
            connection: Arc::new(Mutex::new(connection)),
            path: path.to_owned(),
        })
    }

    /// Runs `work` in one transaction, which is committed if this returns `Ok` and rolled back otherwise.
    pub fn write<T>(&self, work: impl FnOnce(&Transaction) -> rusqlite::Result<T>) -> anyhow::Result<T> {
        let mut connection = self.connection();
        let transact = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        transact().map_err(|error| self.failed(error))
    }

    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> anyhow::Result<T> {
        work(&self.connection()).map_err(|error| self.failed(error))
    }

    pub fn get(&self, namespace: &str, key: &str) -> anyhow::Result<Option<String>> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT value FROM settings WHERE namespace = ?1 AND key = ?2")?
                .query_row((namespace, key), |row| row.get(0))
                .optional()
        })
    }

    pub fn set(&self, namespace: &str, key: &str, value: &str) -> anyhow::Result<()> {
        self.write(|transaction| {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO settings (namespace, key, value) VALUES (?1, ?2, ?3)")?
                .execute((namespace, key, value))?;
            Ok(())
        })
    }

    /// SQLite's error, with advice for the user.
    fn failed(&self, error: rusqlite::Error) -> anyhow::Error {
        let advice = advice(&error, &self.path);
        anyhow::Error::new(error).context(advice)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic in another thread has rolled its transaction back, so the connection is still usable.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(path: &Path) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        bail!("the file is damaged: {verdict}");
    }
    let transaction = connection.transaction()?;
    match transaction.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? {
        0 => {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "user_version", LAYOUT)?;
        }
        LAYOUT => {}
        other => bail!("the file has layout {other}, but this version of the local cloud needs layout {LAYOUT}"),
    }
    transaction.commit()?;
    Ok(connection)
}

/// Advice for a database file that cannot be opened.
pub fn unusable(path: &Path) -> String {
    format!(
        "could not use {}; use --fresh to start with empty data, or choose another folder with --data",
        path.display()
    )
}

/// Advice for an error of the database file at `path`.
fn advice(error: &rusqlite::Error, path: &Path) -> String {
    use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly, SystemIoFailure};
    let path = path.display();
    match error.sqlite_error_code() {
        Some(DiskFull | SystemIoFailure) => {
            format!(
                "could not write {path}; is the disk full? No acknowledged write is lost; free some space and try again"
            )
        }
        Some(ReadOnly) => format!("could not write {path}: it is read-only"),
        Some(DatabaseCorrupt | NotADatabase) => {
            format!("{path} is damaged; use --fresh to start with empty data, or choose another folder with --data")
        }
        _ => format!("could not use {path}"),
    }
}

pub fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloud.sqlite");
        Store::open(&path).unwrap().set("checkpoint", "trigger", "17").unwrap();

        let store = Store::open(&path).unwrap();
        assert_eq!(store.get("checkpoint", "trigger").unwrap().as_deref(), Some("17"));
        assert_eq!(store.get("checkpoint", "other").unwrap(), None);
    }

    #[test]
    fn a_failed_write_is_rolled_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("cloud.sqlite")).unwrap();
        let failed = store.write(|transaction| {
            transaction.execute("INSERT INTO settings VALUES ('a', 'b', 'c')", [])?;
            Err::<(), _>(rusqlite::Error::InvalidQuery)
        });
        assert!(failed.is_err());
        assert_eq!(store.get("a", "b").unwrap(), None);
    }

    #[test]
    fn the_error_for_a_damaged_file_names_it_and_suggests_a_fix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloud.sqlite");
        std::fs::write(&path, vec![b'x'; 8192]).unwrap();
        let message = format!("{:#}", Store::open(&path).err().unwrap());
        assert!(
            message.contains("cloud.sqlite") && message.contains("--fresh"),
            "{message}"
        );
    }

    #[test]
    fn the_error_for_a_full_disk_mentions_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("cloud.sqlite")).unwrap();
        store
            .read(|connection| connection.pragma_update(None, "max_page_count", 1))
            .unwrap();
        let error = store.set("a", "b", &"x".repeat(1 << 20)).unwrap_err();
        assert!(format!("{error:#}").contains("is the disk full?"), "{error:#}");
    }
}
