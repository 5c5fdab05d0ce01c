//! Functions that keep documents, in the embedded store.

use crate::program::{Served, app_of};

const ENDPOINT: &str = "/app/made-abcde/endpoint";

/// What a function answers.
fn answer(source: &str) -> String {
    let app = app_of(&[("functions/probe.js", source)]);
    let served = Served::start(app.path(), &[]);
    let response = served.call("POST", &format!("{ENDPOINT}/probe"), &[], "");
    response.text().to_owned()
}

#[test]
fn a_negative_limit_counts_as_its_amount() {
    let text = answer(
        r#"exports = async () => {
          const shelf = context.services.get("mongodb-atlas").db("shop").collection("shelf");
          await shelf.insertMany([1, 2, 3, 4].map((_id) => ({ _id })));
          const ids = async (cursor) => (await cursor.toArray()).map(({ _id }) => _id);
          return [
            await ids(shelf.find().sort({ _id: -1 }).limit(-2)),
            await ids(shelf.find({}, {}, { limit: -1 })),
            await shelf.count({}, -3),
          ];
        };"#,
    );
    assert_eq!(text, "[[4,3],[1],3]");
}
