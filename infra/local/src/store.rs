//! The one SQLite file that holds everything but the tables: queues, the bus's history and rules, buckets' objects,
//! checkpoints, settings.
//!
//! One file, because then one transaction covers what must happen together: an event and its messages, a message and its
//! move to the dead-letter queue. A commit survives the death of this process (`kill -9` included); it is not forced to
//! the disk each time, so a power cut can take back the last moments, but always all of a transaction and all after it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

/// Changes with the tables below; a file of another layout is refused rather than misread.
const LAYOUT: i64 = 2;

const TABLES: &str = "
    CREATE TABLE settings (
        namespace TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (namespace, key)
    ) WITHOUT ROWID;

    -- Queues that were made with CreateQueue. Those of the template live in the template.
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
        -- Names the latest receive: only its receipt handle still works.
        receipt INTEGER NOT NULL DEFAULT 0,
        -- Receives in this queue, which maxReceiveCount limits ...
        receives INTEGER NOT NULL DEFAULT 0,
        -- ... and in all queues the message has been in, which clients are told.
        receives_in_all INTEGER NOT NULL DEFAULT 0,
        first_received_ms INTEGER,
        held_by_mapping INTEGER NOT NULL DEFAULT 0,
        -- The queue that gave the message up, for one in a dead-letter queue.
        dead_from TEXT
    );
    CREATE INDEX messages_in_turn ON messages (queue, visible_ms, number);

    -- Rules that were made with PutRule and PutTargets.
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

    -- With their content: so one transaction is all of an object or nothing.
    CREATE TABLE objects (
        bucket TEXT NOT NULL,
        key TEXT NOT NULL,
        etag TEXT NOT NULL,
        size INTEGER NOT NULL,
        modified_ms INTEGER NOT NULL,
        -- JSON, as are the tags.
        about TEXT NOT NULL,
        tags TEXT NOT NULL,
        -- Last: what is before it is read without it.
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
    /// Opens the file, making it where there is none.
    pub fn open(path: &Path) -> anyhow::Result<Store> {
        let connection = connect(path).with_context(|| unusable(path))?;
        Ok(Store {
            connection: Arc::new(Mutex::new(connection)),
            path: path.to_owned(),
        })
    }

    /// Runs `work` in one transaction, which is on its way to the disk when this returns `Ok` and undone when not.
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

    /// What SQLite said, with what its user can do about it.
    fn failed(&self, error: rusqlite::Error) -> anyhow::Error {
        let advice = advice(&error, &self.path);
        anyhow::Error::new(error).context(advice)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere has rolled its transaction back; the connection is as good as before.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(path: &Path) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        bail!("SQLite finds it damaged: {verdict}");
    }
    let transaction = connection.transaction()?;
    match transaction.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? {
        0 => {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "user_version", LAYOUT)?;
        }
        LAYOUT => {}
        other => bail!("it has layout {other}, and this version of the local cloud reads layout {LAYOUT}"),
    }
    transaction.commit()?;
    Ok(connection)
}

/// What to do about a database file that cannot be opened.
pub fn unusable(path: &Path) -> String {
    format!(
        "cannot use {}. Start with --fresh to begin with empty data, or name another folder with --data",
        path.display()
    )
}

/// What to do about an error of the database file at `path`.
fn advice(error: &rusqlite::Error, path: &Path) -> String {
    use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly, SystemIoFailure};
    let path = path.display();
    match error.sqlite_error_code() {
        Some(DiskFull | SystemIoFailure) => {
            format!(
                "{path} could not be written: is the disk full? Nothing acknowledged is lost; make room and try again"
            )
        }
        Some(ReadOnly) => format!("{path} could not be written: it is read-only"),
        Some(DatabaseCorrupt | NotADatabase) => {
            format!(
                "{path} is damaged: start with --fresh to begin with empty data, or name another folder with --data"
            )
        }
        _ => format!("{path} could not be used"),
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
    fn settings_are_there_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloud.sqlite");
        Store::open(&path).unwrap().set("checkpoint", "trigger", "17").unwrap();

        let store = Store::open(&path).unwrap();
        assert_eq!(store.get("checkpoint", "trigger").unwrap().as_deref(), Some("17"));
        assert_eq!(store.get("checkpoint", "other").unwrap(), None);
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
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
    fn a_damaged_file_is_named_with_what_to_do() {
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
    fn a_full_disk_is_told_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("cloud.sqlite")).unwrap();
        store
            .read(|connection| connection.pragma_update(None, "max_page_count", 1))
            .unwrap();
        let error = store.set("a", "b", &"x".repeat(1 << 20)).unwrap_err();
        assert!(format!("{error:#}").contains("is the disk full?"), "{error:#}");
    }
}
