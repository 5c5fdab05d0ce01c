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
fn a_read_sees_the_writes_that_were_started_before_it() {
    let text = answer(
        r#"exports = async () => {
          const shelf = context.services.get("mongodb-atlas").db("shop").collection("shelf");
          await shelf.insertOne({ _id: "tea", sold: [] });
          const seen = [];
          for (let round = 1; round <= 20; round++) {
            shelf.updateOne({ _id: "tea" }, { $push: { sold: round } });
            shelf.insertOne({ _id: round });
            const [tea, count] = await Promise.all([shelf.findOne({ _id: "tea" }), shelf.count()]);
            seen.push(tea.sold.length === round && count === round + 1);
          }
          shelf.deleteMany({});
          return { seen: seen.every(Boolean), left: await shelf.find().toArray() };
        };"#,
    );
    assert_eq!(text, r#"{"seen":true,"left":[]}"#);
}

#[test]
fn a_read_in_the_middle_of_a_transaction_does_not_wait_for_a_write_that_does() {
    let text = answer(
        r#"exports = async () => {
          const client = context.services.get("mongodb-atlas");
          const shelf = client.db("shop").collection("shelf");
          const log = client.db("shop").collection("log");
          const session = client.startSession();
          const seen = await session.withTransaction(async () => {
            await shelf.insertOne({ _id: "tea" }, { session });
            log.insertOne({ _id: "tea is here" });
            return [await shelf.findOne({}, {}, { session }), await shelf.findOne({})];
          });
          await session.endSession();
          return { seen, log: await log.find().toArray() };
        };"#,
    );
    assert_eq!(text, r#"{"seen":[{"_id":"tea"},null],"log":[{"_id":"tea is here"}]}"#);
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

#[test]
fn a_cursor_or_a_promise_is_no_body_of_a_response() {
    let before = r#"const shelf = context.services.get("mongodb-atlas").db("a").collection("b");"#;
    for (body, told) in [
        ("shelf.find()", "toArray()"),
        ("shelf.find({}).sort({ a: 1 })", "toArray()"),
        ("shelf.aggregate([])", "toArray()"),
        ("shelf.find().toArray()", "await it"),
        ("shelf.findOne()", "await it"),
        ("Promise.resolve('text')", "await it"),
    ] {
        let text = answer(&format!(
            "exports = async (request, response) => {{
              {before}
              try {{
                response.setBody({body});
              }} catch (error) {{
                return {{ name: error.name, message: error.message }};
              }}
            }};"
        ));
        assert!(text.contains("TypeError") && text.contains("setBody: a"), "{body}: {text}");
        assert!(text.contains(told), "{body}: {text}");
    }
    let id = r#"exports = (q, r) => { r.setBody(BSON.ObjectId("000000000000000000000001")) };"#;
    assert_eq!(answer(id), "000000000000000000000001");
}
