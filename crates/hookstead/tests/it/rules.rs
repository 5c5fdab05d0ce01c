//! `hookstead rules explain`: which role, which condition, and why.

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::program::{Outcome, Served, app_of, run, run_with_input};

const RULES: &str = r#"{"database":"shop","collection":"orders","filters":[
        {"name":"open","apply_when":{"%%true":true},"query":{"closed":{"$ne":true}}}],
    "roles":[
        {"name":"editor","apply_when":{"%%user.custom_data.isEditor":true},
            "read":true,"write":true,"insert":true,"delete":true},
        {"name":"friend","apply_when":{"friends":"%%user.id",
            "%%true":{"%function":{"name":"isOpen","arguments":["%%user.data.email"]}}},
            "fields":{"_id":{"read":true},"item":{"read":true},
                "price":{"read":{"%%root.public":true},"write":false}}}]}"#;

/// An app with two users, and their orders.
struct Home {
    app: TempDir,
    data: TempDir,
    /// Ada's id, and Bob's, who is an editor.
    users: [String; 2],
}

impl Home {
    fn new() -> Self {
        let app = app_of(&[
            ("functions/isOpen.js", "exports = (email) => email === 'ada@a.example'"),
            (
                "functions/reprice.js",
                "exports = async ({ query }) => {
                    const database = context.services.get('mongodb-atlas').db('shop')
                    const collection = database.collection(query.of)
                    try {
                        return await collection.updateOne({ _id: 9 }, { $set: { price: 1 } })
                    } catch (error) {
                        return error.message
                    }
                }",
            ),
            (
                "functions/config.json",
                r#"[{"name":"isOpen","run_as_system":true},{"name":"reprice"}]"#,
            ),
            (
                "auth/providers.json",
                r#"{"local-userpass":{"type":"local-userpass","config":{
                "autoConfirm":true,"runResetFunction":true,"resetFunctionName":"isOpen"}}}"#,
            ),
            (
                "auth/custom_user_data.json",
                r#"{"enabled":true,"mongo_service_name":"mongodb-atlas","database_name":"shop",
                    "collection_name":"people","user_id_field":"user"}"#,
            ),
            (
                "data_sources/mongodb-atlas/config.json",
                r#"{"name":"mongodb-atlas","type":"mongodb-atlas","config":{}}"#,
            ),
            ("data_sources/mongodb-atlas/shop/orders/rules.json", RULES),
            ("data_sources/archive/config.json", r#"{"name":"archive","type":"mongodb-atlas"}"#),
        ]);
        let data = tempfile::tempdir().unwrap();
        let mut home = Self { app, data, users: Default::default() };
        home.users = ["ada", "bob"].map(|name| home.create(&format!("{name}@a.example")));
        let [ada, bob] = &home.users;
        home.import("shop.people", &json!({ "_id": 1, "user": bob, "isEditor": true }));
        for (id, more) in [
            (json!({ "$oid": "a1".repeat(12) }), json!({ "public": true })),
            (json!("b2".repeat(12)), json!({ "public": false })),
            (json!("closed"), json!({ "closed": true })),
            (json!(7), json!({ "friends": [] })),
        ] {
            let mut order = json!({ "_id": id, "item": "tea", "price": 3, "friends": [ada] });
            order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            home.import("shop.orders", &order);
        }
        home
    }

    fn places(&self) -> [&str; 4] {
        let (app, data) = (self.app.path().to_str().unwrap(), self.data.path().to_str().unwrap());
        ["--app", app, "--data-dir", data]
    }

    fn create(&self, email: &str) -> String {
        let arguments = ["users", "create", email, "--password-stdin"];
        let outcome = run_with_input(&[&arguments[..], &self.places()].concat(), "a password");
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        let created: Json = serde_json::from_str(&outcome.stdout).unwrap();
        created["_id"].as_str().unwrap().to_owned()
    }

    fn import(&self, collection: &str, document: &Json) {
        let arguments = ["data", "import", collection, "--source", "mongodb-atlas"];
        let all = [&arguments[..], &self.places()].concat();
        let outcome = run_with_input(&all, &document.to_string());
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    }

    fn explain(&self, user: &str, about: &[&str]) -> Outcome {
        let source = ["--data-source", "mongodb-atlas"];
        run(&[&["rules", "explain", "--user", user], about, &source, &self.places()].concat())
    }

    fn json(&self, user: &str, about: &[&str]) -> Json {
        let outcome = self.explain(user, &[about, &["--json"]].concat());
        assert_eq!(outcome.status, 0, "{about:?}: {}", outcome.stderr);
        serde_json::from_str(&outcome.stdout).unwrap()
    }
}

#[test]
fn the_role_and_what_it_permits_are_told_of_each_kind_of_id() {
    let home = Home::new();
    let [ada, bob] = &home.users;
    let (object_id, text) = ("a1".repeat(12), "b2".repeat(12));
    let nothing = Json::Null;
    for (user, id, found, expected) in [
        (
            bob,
            &*object_id,
            json!({ "$oid": object_id }),
            json!(["editor", "everything", null, true]),
        ),
        (
            ada,
            &object_id,
            json!({ "$oid": object_id }),
            json!(["friend", "fields", ["_id", "item", "price"], false]),
        ),
        (ada, &text, json!(text), json!(["friend", "fields", ["_id", "item"], false])),
        (ada, "closed", json!("closed"), json!(["friend", "nothing", null, false])),
        (ada, "7", json!(7), json!([null, "nothing", null, false])),
        (ada, r#"{"$numberLong":"7"}"#, json!(7), json!([null, "nothing", null, false])),
    ] {
        let told = home.json(user, &["shop.orders", id]);
        let told_of = json!([told["role"], told["reads"], told["fields"], told["deletes"]]);
        assert_eq!((&told["_id"], &told_of), (&found, &expected), "{told}");
        assert_eq!((&told["found"], &told["refused"]), (&json!(true), &nothing), "{told}");
        assert_eq!(told["user"], json!(user));
        assert_eq!(told["collection"], "shop.orders");
        assert_eq!(told["file"], "data_sources/mongodb-atlas/shop/orders/rules.json");
    }
    let none = home.json(ada, &["shop.orders", "8"]);
    assert_eq!((&none["found"], &none["reads"]), (&json!(false), &nothing), "{none}");
    let refused = home.json(ada, &["shop.secrets"]);
    assert_eq!(refused["refused"], "the collection has no roles", "{refused}");
}

#[test]
fn every_condition_that_was_asked_is_told_with_what_came_of_it() {
    let home = Home::new();
    let [ada, bob] = &home.users;
    let told = home.explain(ada, &["shop.orders", &"b2".repeat(12)]);
    let expected = format!(
        "user      {ada}
about     shop.orders \"{}\"
file      data_sources/mongodb-atlas/shop/orders/rules.json
role      friend
reads     _id, item
deletes   no

filter `open`: apply_when                     holds
filter `open`: query                          holds
role `editor`: apply_when                     does not hold
role `friend`: apply_when                     holds
role `friend`: document_filters.read          holds
role `friend`: document_filters.write         holds
role `friend`: insert                         holds
role `friend`: delete                         does not hold
role `friend`: search                         holds
role `friend`: fields._id.read                holds
role `friend`: fields.item.read               holds
role `friend`: fields.price.read              does not hold
role `friend`: fields.price.write             does not hold
",
        "b2".repeat(12)
    );
    let squeezed = |text: &str| {
        let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.collect::<Vec<_>>()
    };
    assert_eq!(squeezed(&told.stdout), squeezed(&expected), "{told:?}");
    let collection = home.json(ada, &["shop.orders"]);
    let friend = json!({
        "condition": "role `friend`: apply_when", "outcome": "depends-on-document", "reason": null,
    });
    assert_eq!(collection["conditions"].as_array().unwrap().last(), Some(&friend), "{collection}");
    assert_eq!((&collection["role"], &collection["found"]), (&Json::Null, &Json::Null));
    // The function says no to Bob, whatever the document; an editor needs no friends.
    assert_eq!(home.json(bob, &["shop.orders"])["role"], "editor");
}

#[test]
fn what_cannot_be_explained_is_an_error() {
    let home = Home::new();
    let ada = &home.users[0];
    let unknown = "0".repeat(24);
    for (user, about, flags, status, told) in [
        (&*unknown, "shop.orders", &["--data-source", "archive"][..], 1, "user not found"),
        (ada, "orders", &["--data-source", "archive"], 2, "write database and collection"),
        ("ada", "shop.orders", &["--data-source", "archive"], 2, "24 hexadecimal digits"),
        (ada, "shop.orders", &[], 2, "name one with --data-source: archive, mongodb-atlas"),
        (ada, "shop.orders", &["--data-source", "archiv"], 2, "did you mean archive?"),
    ] {
        let arguments = [&["rules", "explain", "--user", user, about], flags, &home.places()];
        let outcome = run(&arguments.concat());
        assert_eq!(outcome.status, status, "{outcome:?}");
        assert!(outcome.stderr.contains(told), "{told}: {}", outcome.stderr);
    }
    let disabled = run(&[&["users", "disable", ada][..], &home.places()].concat());
    assert_eq!(disabled.status, 0, "{disabled:?}");
    let outcome = home.explain(ada, &["shop.orders"]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (1, ""), "{outcome:?}");
    assert!(outcome.stderr.contains("user disabled"), "{}", outcome.stderr);
}

#[test]
fn the_journal_says_why_the_rules_refused_a_write_and_the_caller_does_not_learn_it() {
    let home = Home::new();
    let order = json!({ "_id": 9, "price": 3, "public": true, "friends": [home.users[0]] });
    home.import("shop.orders", &order);
    let data = home.data.path().to_str().unwrap();
    let served = Served::start_in(home.app.path(), &["--data-dir", data, "--log-format", "json"]);
    let credentials = [("email", "ada@a.example"), ("password", "a password")];
    let reprice = |of: &str| {
        let path = format!("/app/made-abcde/endpoint/reprice?of={of}");
        let response = served.call("GET", &path, &credentials, "");
        (response.status, response.text().to_owned())
    };
    assert_eq!(reprice("orders"), (200, r#""update not permitted""#.to_owned()));
    let no_rule = r#""no rule exists for namespace 'shop.secrets'""#;
    assert_eq!(reprice("secrets"), (200, no_rule.to_owned()));
    let (log, _) = served.stop();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let messages: Vec<Json> = lines.filter_map(|line| line.get("messages").cloned()).collect();
    let debug = |text: &str| json!([{ "level": "debug", "text": text }]);
    let expected = [
        debug(
            "update not permitted: shop.orders: role `friend`: it may not write the field `price` \
             (the document as it is)",
        ),
        debug("no rule exists for namespace 'shop.secrets': the collection has no roles"),
    ];
    assert_eq!(messages, expected, "{log}");
}
