//! What to write in the place of what does not exist here.

/// A method that people know from elsewhere, and what to do without it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Advice {
    pub(crate) method: &'static str,
    pub(crate) remedy: &'static str,
}

const DECLARE_INDEX: &str = "declare the index in hookstead.toml under \
                             `[[data_sources.NAME.indexes]]`, or create it on the server";

/// Methods of drivers and shells that no collection has.
const OF_COLLECTION: &[(&str, &str)] = &[
    ("countDocuments", "use `count`"),
    ("createIndex", DECLARE_INDEX),
    ("createIndexes", DECLARE_INDEX),
    ("drop", "use `deleteMany({})`"),
    ("dropIndex", "remove the index from hookstead.toml, or on the server"),
    ("ensureIndex", DECLARE_INDEX),
    ("estimatedDocumentCount", "use `count`"),
    ("findAndModify", "use `findOneAndUpdate`"),
    ("findById", "use `findOne({ _id: … })`"),
    ("findOneAndRemove", "use `findOneAndDelete`"),
    ("indexes", "the settings name the indexes, or the server does"),
    ("insert", "use `insertOne` or `insertMany`"),
    ("mapReduce", "use `aggregate`"),
    ("remove", "use `deleteOne` or `deleteMany`"),
    ("save", "use `insertOne`, or `replaceOne` with `upsert: true`"),
    ("update", "use `updateOne` or `updateMany`"),
    ("watch", "use a request or a trigger elsewhere: `watch` was for client SDKs"),
];

/// Methods of drivers and shells that no database has.
const OF_DATABASE: &[(&str, &str)] = &[
    ("command", "do it on the server"),
    ("createCollection", "insert a document: that makes the collection"),
    ("dropDatabase", "do it on the server"),
    ("listCollections", "use `getCollectionNames`"),
    ("runCommand", "do it on the server"),
];

/// Methods of drivers, shells and object mappers that no cursor has.
const OF_CURSOR: &[(&str, &str)] = &[
    ("batchSize", "leave it out"),
    ("count", "use `count` of the collection, with the same query"),
    ("exec", "leave it out"),
    ("explain", "ask the server"),
    ("filter", "use `toArray` first"),
    ("hint", "leave it out"),
    ("itcount", "use `count` of the collection, with the same query"),
    ("lean", "leave it out"),
    ("maxTimeMS", "leave it out: a run has its own limits"),
    ("populate", "use `aggregate` with `$lookup`"),
    ("pretty", "leave it out"),
    ("project", "give the projection as the second argument of `find`"),
    ("projection", "give the projection as the second argument of `find`"),
    ("select", "give the projection as the second argument of `find`"),
    ("size", "use `count` of the collection, with the same query"),
];

pub(super) fn of_collection(name: &str) -> Option<Advice> {
    find(OF_COLLECTION, name)
}

pub(super) fn of_database(name: &str) -> Option<Advice> {
    find(OF_DATABASE, name)
}

pub(super) fn of_cursor(name: &str) -> Option<Advice> {
    find(OF_CURSOR, name)
}

fn find(table: &[(&'static str, &'static str)], name: &str) -> Option<Advice> {
    let (method, remedy) = *table.iter().find(|(method, _)| *method == name)?;
    Some(Advice { method, remedy })
}

/// What a journal says beside a message such as `users.countDocuments is not a function`.
pub(crate) fn for_message(message: &str) -> Option<String> {
    let called = message.strip_suffix(" is not a function")?;
    let name = called.rsplit('.').next()?;
    let (what, found) = match of_collection(name) {
        Some(found) => ("collection", found),
        None => ("database", of_database(name)?),
    };
    Some(format!("a {what} has no method `{}`: {}", found.method, found.remedy))
}

/// Operators and stages that the embedded store refuses, apart from those of Atlas Search. A test
/// holds them to the tables of `docs/databases/operators.md`, and those are held to the parsers.
pub(super) const STORE_REFUSES: &[&str] = &[
    "$accumulator",
    "$changeStream",
    "$changeStreamSplitLargeEvent",
    "$collStats",
    "$createObjectId",
    "$currentOp",
    "$deserializeEJSON",
    "$encStrContains",
    "$encStrEndsWith",
    "$encStrNormalizedEq",
    "$encStrStartsWith",
    "$function",
    "$geoIntersects",
    "$geoNear",
    "$geoWithin",
    "$hash",
    "$hexHash",
    "$indexStats",
    "$listClusterCatalog",
    "$listLocalSessions",
    "$listSampledQueries",
    "$listSessions",
    "$maxDistance",
    "$meta",
    "$minDistance",
    "$minMaxScaler",
    "$near",
    "$nearSphere",
    "$planCacheStats",
    "$querySettings",
    "$queryStats",
    "$score",
    "$serializeEJSON",
    "$shardedDataDistribution",
    "$similarityCosine",
    "$similarityDotProduct",
    "$similarityEuclidean",
    "$subtype",
    "$text",
    "$toHashedIndexKey",
    "$where",
    "$within",
];

/// Globals whose methods are called, and construct nothing.
pub(super) const WITH_METHODS: [&str; 9] =
    ["Array", "Buffer", "Date", "JSON", "Math", "Number", "Object", "Promise", "String"];

/// Methods of collections whose arguments are read as queries, updates and pipelines.
pub(super) const QUERIES: [&str; 12] = [
    "aggregate",
    "count",
    "deleteMany",
    "deleteOne",
    "distinct",
    "find",
    "findOne",
    "findOneAndDelete",
    "findOneAndReplace",
    "findOneAndUpdate",
    "updateMany",
    "updateOne",
];
