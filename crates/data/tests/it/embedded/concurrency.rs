//! Many at the same time.

use bson::doc;

use super::fixture::{Ask as _, Fixture, c};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_increment_is_lost() {
    let fixture = Fixture::new();
    fixture.store.insert(&c(), &[doc! {"_id": 1, "n": 0}]).await.unwrap();
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let store = fixture.store.clone();
            tokio::spawn(async move {
                store.update(&c(), doc! {"_id": 1}, doc! {"$inc": {"n": 1}}, false).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().modified, 1);
    }
    assert_eq!(fixture.store.find(&c(), doc! {}).await.unwrap(), [doc! {"_id": 1, "n": 1_000}]);
}
