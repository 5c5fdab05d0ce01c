//! Which collections and indexes a file has, kept in memory.
//!
//! SQLite counts changes of its schema, and every change of the catalogue comes with one: the
//! count tells whether what is in memory still holds, also when another process made the change.
//! Ids are never used twice, and a collection never goes, so a stale catalogue finds too little,
//! never the wrong thing.

pub(crate) mod duplicate;
pub(crate) mod index_keys;
pub(crate) mod index_spec;
pub(crate) mod names;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bson::{RawBsonRef, RawDocument};
use rusqlite::{Connection, params};

use crate::{
    Namespace,
    embedded::{
        changes::watched::{self, Watched},
        failure::Outcome,
    },
};

/// Makes SQLite count a change of its schema.
pub(crate) const TOUCH: &str = "CREATE TABLE touched (a); DROP TABLE touched;";

/// All collections of a file.
#[derive(Debug)]
pub(crate) struct Catalogue {
    version: i64,
    /// Whether the changes of any collection are kept.
    is_watched: bool,
    sources: HashMap<String, Databases>,
}

type Databases = BTreeMap<String, BTreeMap<String, Arc<Collection>>>;

/// A collection.
#[derive(Debug)]
pub(crate) struct Collection {
    pub(crate) id: i64,
    pub(crate) namespace: Namespace,
    pub(crate) indexes: Vec<Index>,
    /// Whether its changes are kept, where they have been since this was read.
    pub(crate) watched: Option<Watched>,
    pub(crate) sql: CollectionSql,
}

/// An index of a collection.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) fields: Vec<IndexField>,
    pub(crate) unique: bool,
    /// Whether documents without any of the fields are left out.
    pub(crate) sparse: bool,
    /// Whether some document has, or has had, several keys. It is set with the first of them, and
    /// if that comes to nothing, the catalogue is read anew.
    pub(crate) multikey: AtomicBool,
    pub(crate) sql: IndexSql,
}

/// A field of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexField {
    pub(crate) path: String,
    pub(crate) ascending: bool,
}

/// Statements about the documents of a collection.
#[derive(Debug)]
pub(crate) struct CollectionSql {
    pub(crate) by_key: String,
    pub(crate) by_row: String,
    pub(crate) insert: String,
    pub(crate) replace: String,
    pub(crate) remove: String,
    pub(crate) rows: String,
    pub(crate) rows_backwards: String,
    pub(crate) keys_up: String,
    pub(crate) keys_down: String,
    pub(crate) count: String,
    pub(crate) clear: String,
}

/// Statements about the entries of an index.
#[derive(Debug)]
pub(crate) struct IndexSql {
    pub(crate) add: String,
    pub(crate) remove: String,
    pub(crate) other: String,
    pub(crate) up: String,
    pub(crate) down: String,
    pub(crate) clear: String,
}

impl Catalogue {
    /// One that is older than any file.
    pub(crate) fn stale() -> Self {
        Self { version: -1, is_watched: false, sources: HashMap::new() }
    }

    /// What a connection sees at the moment.
    pub(crate) fn read(connection: &Connection) -> Outcome<Self> {
        let version = schema_version(connection)?;
        let mut indexes = read_indexes(connection)?;
        let mut all_watched = watched::read_all(connection)?;
        let is_watched = !all_watched.is_empty();
        let mut sources: HashMap<String, Databases> = HashMap::new();
        let mut statement =
            connection.prepare_cached("SELECT id, source, database, name FROM collections")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let (source, database, name) = (row.get(1)?, row.get::<_, String>(2)?, row.get(3)?);
            let namespace = Namespace { database: database.clone(), collection: name };
            let key = (source, namespace);
            let watched = all_watched.remove(&key);
            let (source, namespace) = key;
            let collection = Collection {
                id,
                namespace,
                watched,
                indexes: indexes.remove(&id).unwrap_or_default(),
                sql: CollectionSql::new(id),
            };
            let databases = sources.entry(source).or_default();
            let name = collection.namespace.collection.clone();
            databases.entry(database).or_default().insert(name, Arc::new(collection));
        }
        Ok(Self { version, is_watched, sources })
    }

    /// Whether it is what a connection sees at the moment.
    pub(crate) fn is_current(&self, connection: &Connection) -> Outcome<bool> {
        Ok(self.version == schema_version(connection)?)
    }

    /// Whether it was read later than another one.
    pub(crate) fn is_newer_than(&self, other: &Self) -> bool {
        self.version > other.version
    }

    /// A collection, where there is one.
    pub(crate) fn collection(&self, source: &str, name: &Namespace) -> Option<&Arc<Collection>> {
        self.sources.get(source)?.get(&name.database)?.get(&name.collection)
    }

    /// The names of the databases of a source.
    pub(crate) fn databases(&self, source: &str) -> Vec<String> {
        self.sources.get(source).into_iter().flat_map(BTreeMap::keys).cloned().collect()
    }

    /// How many bytes were added to the log of changes since this was asked last.
    pub(crate) fn take_logged_bytes(&self) -> u64 {
        if !self.is_watched {
            return 0;
        }
        let databases = self.sources.values().flat_map(BTreeMap::values);
        let watched = databases.flat_map(BTreeMap::values).filter_map(|one| one.watched.as_ref());
        watched.map(Watched::take_added).sum()
    }

    /// All collections of a source.
    pub(crate) fn collections(&self, source: &str) -> impl Iterator<Item = &Arc<Collection>> {
        let databases = self.sources.get(source).into_iter().flat_map(BTreeMap::values);
        databases.flat_map(BTreeMap::values)
    }
}

/// Makes a collection, within a transaction.
pub(crate) fn create_collection(
    connection: &Connection,
    source: &str,
    namespace: &Namespace,
) -> Outcome<()> {
    let Namespace { database, collection } = namespace;
    connection.execute(
        "INSERT INTO collections (source, database, name) VALUES (?1, ?2, ?3)",
        params![source, database, collection],
    )?;
    let id = connection.last_insert_rowid();
    connection.execute_batch(&format!(
        "CREATE TABLE documents_{id} (
            row INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, document BLOB NOT NULL
        ) STRICT"
    ))?;
    Ok(())
}

/// Makes an index without entries, within a transaction; answers its id.
pub(crate) fn create_index(
    connection: &Connection,
    collection: &Collection,
    index: &NewIndex<'_>,
) -> Outcome<i64> {
    connection.execute(
        "INSERT INTO indexes (collection, name, keys, is_unique, is_sparse) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![collection.id, index.name, index.keys.as_bytes(), index.unique, index.sparse],
    )?;
    let id = connection.last_insert_rowid();
    connection.execute_batch(&format!(
        "CREATE TABLE index_{id} (
            key BLOB NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (key, row)
        ) STRICT, WITHOUT ROWID"
    ))?;
    Ok(id)
}

/// An index that is not there yet.
#[derive(Debug)]
pub(crate) struct NewIndex<'a> {
    pub(crate) name: &'a str,
    pub(crate) keys: &'a RawDocument,
    pub(crate) unique: bool,
    pub(crate) sparse: bool,
}

/// Removes an index, within a transaction.
pub(crate) fn drop_index(connection: &Connection, id: i64) -> Outcome<()> {
    connection.execute("DELETE FROM indexes WHERE id = ?1", [id])?;
    connection.execute_batch(&format!("DROP TABLE index_{id}"))?;
    Ok(())
}

/// Marks an index whose documents may have several keys, within a transaction.
pub(crate) fn mark_multikey(connection: &Connection, index: &Index) -> Outcome<()> {
    if !index.multikey.swap(true, Ordering::Relaxed) {
        connection.execute("UPDATE indexes SET is_multikey = 1 WHERE id = ?1", [index.id])?;
        connection.execute_batch(TOUCH)?;
    }
    Ok(())
}

/// Looks whether an index is marked, after a change was taken back.
pub(crate) fn reread_multikey(connection: &Connection, index: &Index) -> Outcome<()> {
    let sql = "SELECT is_multikey FROM indexes WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let multikey = statement.query_row([index.id], |row| row.get(0))?;
    index.multikey.store(multikey, Ordering::Relaxed);
    Ok(())
}

fn schema_version(connection: &Connection) -> Outcome<i64> {
    let mut statement = connection.prepare_cached("PRAGMA schema_version")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

fn read_indexes(connection: &Connection) -> Outcome<HashMap<i64, Vec<Index>>> {
    let mut indexes: HashMap<i64, Vec<Index>> = HashMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT id, collection, name, keys, is_unique, is_sparse, is_multikey FROM indexes \
         ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let index = Index {
            id,
            name: row.get(2)?,
            fields: fields(row.get_ref(3)?.as_blob().unwrap_or_default()),
            unique: row.get(4)?,
            sparse: row.get(5)?,
            multikey: AtomicBool::new(row.get(6)?),
            sql: IndexSql::new(row.get(1)?, id),
        };
        indexes.entry(row.get(1)?).or_default().push(index);
    }
    Ok(indexes)
}

/// The fields of an index, as [`NewIndex::keys`] has them.
fn fields(keys: &[u8]) -> Vec<IndexField> {
    let Ok(keys) = RawDocument::from_bytes(keys) else { return Vec::new() };
    let fields = keys.iter().flatten().map(|(path, direction)| IndexField {
        path: path.as_str().to_owned(),
        ascending: direction == RawBsonRef::Int32(1),
    });
    fields.collect()
}

impl CollectionSql {
    fn new(id: i64) -> Self {
        let table = format!("documents_{id}");
        let keys = |order| {
            format!(
                "SELECT row, document, key FROM {table} WHERE key >= ?1 AND key < ?2 \
                 ORDER BY key {order}"
            )
        };
        Self {
            by_key: format!("SELECT row, document FROM {table} WHERE key = ?1"),
            by_row: format!("SELECT row, document FROM {table} WHERE row = ?1"),
            insert: format!("INSERT INTO {table} (key, document) VALUES (?1, ?2)"),
            replace: format!("UPDATE {table} SET document = ?2 WHERE row = ?1"),
            remove: format!("DELETE FROM {table} WHERE row = ?1"),
            rows: format!("SELECT row, document FROM {table} WHERE row > ?1 ORDER BY row"),
            rows_backwards: format!(
                "SELECT row, document FROM {table} WHERE row < ?1 ORDER BY row DESC"
            ),
            keys_up: keys("ASC"),
            keys_down: keys("DESC"),
            count: format!("SELECT count(*) FROM {table}"),
            clear: format!("DELETE FROM {table}"),
        }
    }
}

impl IndexSql {
    fn new(collection: i64, id: i64) -> Self {
        let table = format!("index_{id}");
        let scan = |first: &str, last: &str, order: &str| {
            format!(
                "SELECT i.row, d.document, i.key \
                 FROM {table} AS i CROSS JOIN documents_{collection} AS d ON d.row = i.row \
                 WHERE (i.key, i.row) {first} (?1, ?2) AND i.key {last} ?3 \
                 ORDER BY i.key {order}, i.row {order}"
            )
        };
        Self {
            add: format!("INSERT INTO {table} (key, row) VALUES (?1, ?2)"),
            remove: format!("DELETE FROM {table} WHERE key = ?1 AND row = ?2"),
            other: format!("SELECT row FROM {table} WHERE key = ?1 AND row <> ?2 LIMIT 1"),
            up: scan(">", "<", "ASC"),
            down: scan("<", ">=", "DESC"),
            clear: format!("DELETE FROM {table}"),
        }
    }
}
