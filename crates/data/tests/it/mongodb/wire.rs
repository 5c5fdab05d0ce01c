//! What goes out: commands as they were asked for, with what the URI and the options add.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bson::{Bson, Document, RawBson, RawDocumentBuf, Timestamp, doc, rawdoc};
use hookstead_data::{
    Aggregate, Command, Count, ErrorKind, MongoOptions, MongoStore, ReadPreference, Store as _,
};

use super::{
    fake::{Fake, Reply},
    options,
    support::{Collection, collection, filter, set},
};

async fn fake() -> Fake {
    Fake::start(|_, _| {
        let cursor = doc! { "id": 0_i64, "ns": "test.c", "firstBatch": [] };
        Reply::Say(doc! { "n": 1, "nModified": 1, "cursor": cursor, "values": [] })
    })
    .await
}

fn connect(fake: &Fake, settings: &str, options: MongoOptions) -> Arc<MongoStore> {
    let uri = format!("{}?{settings}", fake.uri);
    Arc::new(MongoStore::connect(&uri, options).unwrap())
}

fn seen<'a>(command: &'a Document, keys: &[&str]) -> Vec<Option<&'a Bson>> {
    keys.iter().map(|key| command.get(key)).collect()
}

async fn use_all(c: &Collection) {
    c.find(filter(rawdoc! {})).await.unwrap();
    c.count(Count::default()).await.unwrap();
    c.update(set(rawdoc! {}, rawdoc! { "$set": { "a": 1 } })).await.unwrap();
    c.aggregate(vec![rawdoc! { "$out": "d" }], RawDocumentBuf::new()).await.unwrap();
}

#[tokio::test]
async fn the_uri_says_how_safe_reads_and_writes_are() {
    let fake = fake().await;
    let settings = "w=majority&wtimeoutMS=500&readConcernLevel=majority&journal=true";
    use_all(&collection(connect(&fake, settings, options()), "c")).await;
    let [find, count, update, out] = &fake.asked()[..] else { panic!("four commands") };
    let keys = ["readConcern", "writeConcern"];
    let (read, write) =
        (doc! { "level": "majority" }.into(), doc! { "w": "majority", "wtimeout": 500, "j": true });
    let write: Bson = write.into();
    assert_eq!(seen(find, &keys), [Some(&read), None]);
    assert_eq!(seen(count, &keys), [Some(&read), None]);
    assert_eq!(seen(update, &keys), [None, Some(&write)]);
    assert_eq!(seen(out, &keys), [Some(&read), Some(&write)]);
}

#[tokio::test]
async fn every_command_has_a_limit() {
    let fake = fake().await;
    let options = MongoOptions { operation_time: Duration::from_secs(7), ..options() };
    let c = collection(connect(&fake, "", options), "c");
    use_all(&c).await;
    c.insert([rawdoc! { "_id": 1 }]).await.unwrap();
    for (given, expected) in [(100, 100), (100_000, 7000), (0, 7000)] {
        c.aggregate(Vec::new(), rawdoc! { "maxTimeMS": given }).await.unwrap();
        assert_eq!(fake.asked().last().unwrap().get("maxTimeMS"), Some(&Bson::Int64(expected)));
    }
    assert!(fake.asked()[..5].iter().all(|one| one.get("maxTimeMS") == Some(&Bson::Int64(7000))));
}

#[tokio::test]
async fn reads_go_where_the_service_says() {
    let fake = fake().await;
    // A replica set of one has no secondary; only the direct way takes a server as it is.
    let uri = format!("{}?directConnection=true", fake.uri);
    let preference = ReadPreference::named("secondaryPreferred", Vec::new()).unwrap();
    let options = MongoOptions { read_preference: Some(preference), ..options() };
    let c = collection(Arc::new(MongoStore::connect(&uri, options).unwrap()), "c");
    use_all(&c).await;
    let modes: Vec<_> = fake
        .asked()
        .iter()
        .map(|command| command.get_document("$readPreference").ok()?.get_str("mode").ok())
        .map(|mode| mode.map(str::to_owned))
        .collect();
    assert_eq!(modes.len(), 4);
    assert_eq!(modes[0].as_deref(), Some("secondaryPreferred"));
    assert_eq!(modes[1].as_deref(), Some("secondaryPreferred"));
    assert_ne!(modes[2].as_deref(), Some("secondaryPreferred"));
    assert_ne!(modes[3].as_deref(), Some("secondaryPreferred"));

    assert!(ReadPreference::named("mostly", Vec::new()).is_err());
    // No member has such a tag.
    let tags = HashMap::from([("region".to_owned(), "east".to_owned())]);
    let preference = ReadPreference::named("nearest", vec![tags]).unwrap();
    let options = MongoOptions { read_preference: Some(preference), ..super::options() };
    let c = collection(connect(&fake, "", options), "c");
    let failure = c.find(filter(rawdoc! {})).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert!(failure.message.contains("the read preference allows"), "{failure}");
}

#[tokio::test]
async fn documents_go_out_as_they_are() {
    let fake = fake().await;
    let c = collection(connect(&fake, "", options()), "c");
    let query = rawdoc! { "a": RawBson::Undefined, "b": { "$in": [1_i64, 1.0] } };
    c.find(filter(query.clone())).await.unwrap();
    let expected = Document::try_from(&*query).unwrap();
    assert_eq!(fake.asked()[0].get_document("filter").unwrap(), &expected);
    let aggregate =
        Aggregate { pipeline: vec![query.clone()], of_database: true, ..Aggregate::default() };
    c.documents(Command::Aggregate(aggregate)).await.unwrap();
    let asked = &fake.asked()[1];
    assert_eq!(asked.get("aggregate"), Some(&Bson::Int32(1)));
    assert_eq!(asked.get_array("pipeline").unwrap()[..], [Bson::Document(expected)]);
}

#[tokio::test]
async fn a_session_sees_its_own_writes() {
    let fake = fake().await;
    let store = connect(&fake, "", options());
    let session = store.start_session();
    let c = collection(store, "c").within(&session);
    use_all(&c).await;
    let after = doc! { "afterClusterTime": Timestamp { time: 7, increment: 1 } };
    let concerns: Vec<_> =
        fake.asked().iter().map(|one| one.get_document("readConcern").ok().cloned()).collect();
    assert_eq!(concerns, [None, Some(after.clone()), None, Some(after)]);
}

#[tokio::test]
async fn commands_share_sessions_but_never_at_once() {
    let fake = fake().await;
    let c = collection(connect(&fake, "", options()), "c");
    use_all(&c).await;
    use_all(&c).await;
    let all = || c.find(filter(rawdoc! {}));
    let (one, other) = tokio::join!(all(), all());
    assert!(one.is_ok() && other.is_ok());
    let ids: Vec<_> = fake.asked().iter().map(|one| one.get("lsid").cloned().unwrap()).collect();
    assert!(ids[..8].iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_ne!(ids[8], ids[9]);
}
