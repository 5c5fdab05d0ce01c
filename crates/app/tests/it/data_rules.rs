//! Rules of collections: what is read in every layout, and what closes a collection to users.

use hookstead_app::{CollectionName, CollectionRules, DataRules, Loaded};
use serde_json::json;

use crate::{Files, META, REALM, STITCH, loaded, sound, told};

const SOURCE: (&str, &str) =
    ("data_sources/m/config.json", r#"{"name":"m","type":"mongodb-atlas"}"#);
const SERVICE: (&str, &str) = ("services/m/config.json", r#"{"name":"m","type":"mongodb-atlas"}"#);
const ORDERS: &str = "data_sources/m/shop/orders/rules.json";

/// A role with everything that a role can have.
const ROLE: &str = r#"{"name":"owner","apply_when":{"%%root.owner":"%%user.id"},
    "document_filters":{"read":true,"write":{"a":1}},"read":true,"write":{"b":1},
    "insert":true,"delete":false,"search":true,
    "fields":{"a":{"read":true,"fields":{"b":{"write":true}},"additional_fields":{"read":true}}},
    "additional_fields":{"read":{"c":1},"write":false}}"#;
const FILTER: &str =
    r#"{"name":"mine","apply_when":{},"query":{"a":"%%user.id"},"projection":{"b":0}}"#;
const SCHEMA: &str = r#"{"bsonType":"object","properties":{"a":{"bsonType":"int"}}}"#;

fn name(text: &str) -> CollectionName {
    let (database, collection) = text.split_once('.').unwrap();
    CollectionName { database: database.to_owned(), collection: collection.to_owned() }
}

fn rules(loaded: &Loaded) -> &DataRules {
    &loaded.app.data_sources["m"].rules
}

fn check_orders(rules: &CollectionRules, file: &str) {
    assert_eq!((rules.closed.as_deref(), rules.declared_in.file.as_str()), (None, file));
    let [role] = &rules.roles[..] else { panic!("{:?}", rules.roles) };
    assert_eq!(role.name, "owner");
    assert_eq!(role.apply_when, Some(json!({ "%%root.owner": "%%user.id" })));
    let document = role.document_filters.as_ref().unwrap();
    assert_eq!((&document.read, &document.write), (&Some(json!(true)), &Some(json!({ "a": 1 }))));
    assert_eq!((&role.access.read, &role.access.write), (&document.read, &Some(json!({ "b": 1 }))));
    assert_eq!((&role.insert, &role.delete), (&Some(json!(true)), &Some(json!(false))));
    assert_eq!(role.search, Some(json!(true)));
    let field = &role.fields["a"];
    assert_eq!((&field.access.read, &field.access.write), (&Some(json!(true)), &None));
    assert_eq!(field.fields["b"].access.write, Some(json!(true)));
    assert_eq!(field.additional_fields.read, Some(json!(true)));
    assert_eq!(role.additional_fields.write, Some(json!(false)));
    let [filter] = &rules.filters[..] else { panic!("{:?}", rules.filters) };
    assert_eq!((&*filter.name, &filter.apply_when), ("mine", &Some(json!({}))));
    assert_eq!(filter.query, Some(json!({ "a": "%%user.id" })));
    assert_eq!(filter.projection, Some(json!({ "b": 0 })));
    assert_eq!(rules.schema, serde_json::from_str(SCHEMA).unwrap());
}

#[test]
fn rules_are_read_in_every_layout() {
    let whole = format!(
        r#"{{"id":"5","database":"shop","collection":"orders","roles":[{ROLE}],
            "filters":[{FILTER}],"schema":{SCHEMA},"relationships":{{}}}}"#
    );
    let unnamed = format!(r#"{{"roles":[{ROLE}],"filters":[{FILTER}],"schema":{SCHEMA}}}"#);
    let apart = format!(
        r#"{{"database":"shop","collection":"orders","roles":[{ROLE}],"filters":[{FILTER}]}}"#
    );
    let schema = ("data_sources/m/shop/orders/schema.json", SCHEMA);
    let old = "services/m/rules/shop.orders.json";
    let namespace = unnamed.replacen('{', r#"{"namespace":"shop.orders","#, 1);
    let layouts: [(Files<'_>, &str); 6] = [
        (&[SOURCE, (ORDERS, &apart), schema], ORDERS),
        (&[SOURCE, (ORDERS, &whole)], ORDERS),
        (&[SERVICE, (old, &whole)], old),
        (&[SERVICE, (old, &unnamed)], old),
        (&[SERVICE, ("services/m/rules/x.json", &namespace)], "services/m/rules/x.json"),
        (
            &[SERVICE, ("services/m/shop/orders/rules.json", &whole)],
            "services/m/shop/orders/rules.json",
        ),
    ];
    for root in [META, REALM, STITCH] {
        for (files, file) in layouts {
            let app = sound(&[&[root], files].concat());
            let rules = &app.data_sources["m"].rules;
            assert!(rules.closed.is_none() && rules.default.is_none());
            check_orders(&rules.collections[&name("shop.orders")], file);
        }
    }
}

#[test]
fn default_rules_schemas_alone_and_names_with_dots_are_read() {
    let app = sound(&[
        META,
        SOURCE,
        ("data_sources/m/default_rule.json", &format!(r#"{{"id":"5","roles":[{ROLE}]}}"#)),
        ("data_sources/m/shop/plain/schema.json", SCHEMA),
        ("data_sources/m/shop/bare/relationships.json", "{}"),
        ("data_sources/m/shop/bare/schema.json", "{}"),
        ("data_sources/m/rules/shop.a.b.json", "{}"),
        ("data_sources/m/rules/c/rules.json", r#"{"filters":[{"project":{"a":1}}]}"#),
    ]);
    let rules = &app.data_sources["m"].rules;
    assert_eq!(rules.default.as_ref().unwrap().roles.len(), 1);
    let names: Vec<_> = rules.collections.keys().cloned().collect();
    let expected = ["rules.c", "shop.a.b", "shop.bare", "shop.plain"];
    assert_eq!(names, expected.map(name));
    let schemas: Vec<_> = rules.collections.values().map(|one| one.schema.is_some()).collect();
    assert_eq!(schemas, [false, false, false, true]);
    let filter = &rules.collections[&name("rules.c")].filters[0];
    assert_eq!(filter.projection, Some(json!({ "a": 1 })));
}

/// What stands in a `rules.json`, and the problems that are told.
const UNCLEAR: &[(&str, &[&str])] = &[
    (r#""rols":[]"#, &["error field-unknown rules.json:1 rols"]),
    (r#""roles":{}"#, &["error field-type rules.json:1 roles"]),
    (r#""roles":null"#, &["error field-type rules.json:1 roles"]),
    (r#""roles":[1]"#, &["error field-type rules.json:1 roles[0]"]),
    (r#""roles":[{"aply_when":{}}]"#, &["error field-unknown rules.json:1 roles[0].aply_when"]),
    (r#""roles":[{"apply_when":"x"}]"#, &["error field-type rules.json:1 roles[0].apply_when"]),
    (r#""roles":[{"read":null}]"#, &["error field-type rules.json:1 roles[0].read"]),
    (r#""roles":[{"write":1}]"#, &["error field-type rules.json:1 roles[0].write"]),
    (r#""roles":[{"insert":[]}]"#, &["error field-type rules.json:1 roles[0].insert"]),
    (r#""roles":[{"delete":"no"}]"#, &["error field-type rules.json:1 roles[0].delete"]),
    (r#""roles":[{"search":"no"}]"#, &["error field-type rules.json:1 roles[0].search"]),
    (
        r#""roles":[{"document_filters":true}]"#,
        &["error field-type rules.json:1 roles[0].document_filters"],
    ),
    (
        r#""roles":[{"document_filters":{"raed":true}}]"#,
        &["error field-unknown rules.json:1 roles[0].document_filters.raed"],
    ),
    (r#""roles":[{"fields":[]}]"#, &["error field-type rules.json:1 roles[0].fields"]),
    (r#""roles":[{"fields":{"a":true}}]"#, &["error field-type rules.json:1 roles[0].fields.a"]),
    (
        r#""roles":[{"fields":{"a":{"fields":{"b":{"wirte":true}}}}}]"#,
        &["error field-unknown rules.json:1 roles[0].fields.a.fields.b.wirte"],
    ),
    (
        r#""roles":[{"additional_fields":{"read":0}}]"#,
        &["error field-type rules.json:1 roles[0].additional_fields.read"],
    ),
    (
        r#""roles":[{"read":true,"read":false}]"#,
        &["error field-duplicate rules.json:1 roles[0].read"],
    ),
    (r#""filters":[{"query":"x"}]"#, &["error field-type rules.json:1 filters[0].query"]),
    (r#""filters":[{"qeury":{}}]"#, &["error field-unknown rules.json:1 filters[0].qeury"]),
    (
        r#""filters":[{"project":{},"projection":{}}]"#,
        &["error field-duplicate rules.json:1 filters[0].project"],
    ),
    (r#""schema":true"#, &["error field-type rules.json:1 schema"]),
    (r#""database":1"#, &["error field-type rules.json:1 database"]),
    (
        r#""roles":[{"apply_when":{"a":"%(%%environment.values.none)"}}]"#,
        &[
            "error template-unresolved rules.json:1 roles[0].apply_when.a",
            "error template-unresolved rules.json:1 roles[0].apply_when.a",
        ],
    ),
];

#[test]
fn what_is_not_understood_closes_the_collection_and_is_told_with_its_place() {
    for (text, problems) in UNCLEAR {
        let text = format!("{{{text}}}");
        let loaded = loaded(&[META, SOURCE, (ORDERS, &text)]);
        let place = format!(" {ORDERS}:");
        let expected: Vec<_> =
            problems.iter().map(|one| one.replace(" rules.json:", &place)).collect();
        assert_eq!(told(&loaded), expected, "{text}");
        assert!(loaded.problems.iter().all(|one| !one.remedy.is_empty()));
        assert!(rules(&loaded).collections[&name("shop.orders")].closed.is_some(), "{text}");
    }
}

/// Files beside the data source, what is closed, and the problems that are told.
const CLOSED: &[(Files<'_>, &str, &[&str])] = &[
    (
        &[(ORDERS, "{")],
        "shop.orders",
        &["error json-syntax data_sources/m/shop/orders/rules.json:1"],
    ),
    (
        &[(ORDERS, "[]")],
        "shop.orders",
        &["error json-shape data_sources/m/shop/orders/rules.json:1"],
    ),
    (
        &[(ORDERS, "{}"), ("data_sources/m/shop/orders/schema.json", "[]")],
        "shop.orders",
        &["error json-shape data_sources/m/shop/orders/schema.json:1"],
    ),
    (
        &[
            (ORDERS, "{}"),
            (
                "data_sources/m/shop/orders/schema.json",
                r#"{"bsonType":"array","bsonType":"object"}"#,
            ),
        ],
        "shop.orders",
        &["error field-duplicate data_sources/m/shop/orders/schema.json:1 bsonType"],
    ),
    (
        &[("data_sources/m/shop/orders/Rules.json", "{}")],
        "shop.orders",
        &["error file-letter-case data_sources/m/shop/orders/Rules.json"],
    ),
    (
        &[("data_sources/m/default_rule.json", r#"{"role":[]}"#)],
        "default",
        &["error field-unknown data_sources/m/default_rule.json:1 role"],
    ),
    (
        &[("data_sources/m/Default_rule.json", "{}")],
        "default",
        &["error file-letter-case data_sources/m/Default_rule.json"],
    ),
    (
        &[("data_sources/m/rules/orders.json", "{}")],
        "all",
        &["error json-shape data_sources/m/rules/orders.json"],
    ),
    (
        &[("data_sources/m/rules/shop.orders.json", "{")],
        "shop.orders",
        &["error json-syntax data_sources/m/rules/shop.orders.json:1"],
    ),
    (
        &[(ORDERS, r#"{"database":"shop","collection":"offers"}"#)],
        "shop.orders",
        &["warning rules-other-collection data_sources/m/shop/orders/rules.json"],
    ),
    (
        &[
            (ORDERS, r#"{"roles":[{"read":true}]}"#),
            ("data_sources/m/rules/shop.orders.json", "{}"),
        ],
        "shop.orders",
        &["error rules-duplicate data_sources/m/shop/orders/rules.json"],
    ),
    (
        &[
            (ORDERS, r#"{"roles":[{"read":true}]}"#),
            SERVICE,
            ("services/m/rules/shop.orders.json", r#"{"roles":[{"read":false}]}"#),
        ],
        "shop.orders",
        &["error rules-duplicate services/m/rules/shop.orders.json"],
    ),
    (&[("services/m/config.json", "{")], "all", &["error json-syntax services/m/config.json:1"]),
];

#[test]
fn what_cannot_be_read_closes_what_it_would_have_ruled() {
    for (files, what, problems) in CLOSED {
        let loaded = loaded(&[&[META, SOURCE], *files].concat());
        let rules = rules(&loaded);
        let closed = match *what {
            "all" => rules.closed.is_some(),
            "default" => rules.default.as_ref().unwrap().closed.is_some(),
            collection => rules.collections[&name(collection)].closed.is_some(),
        };
        assert!(closed, "{files:?}");
        assert_eq!(told(&loaded), *problems, "{files:?}");
    }
}

#[test]
fn two_places_that_say_the_same_are_no_problem() {
    let text = format!(r#"{{"database":"shop","collection":"orders","roles":[{ROLE}]}}"#);
    let app = sound(&[
        META,
        SOURCE,
        (ORDERS, &text),
        SERVICE,
        ("services/m/rules/shop.orders.json", &text),
    ]);
    assert!(app.data_sources["m"].rules.collections[&name("shop.orders")].closed.is_none());
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_lost_closes_the_data_source() {
    let dir = crate::write(&[META, SOURCE, (ORDERS, "{}")]);
    let link = dir.path().join("data_sources/m/other");
    std::os::unix::fs::symlink(dir.path().join("data_sources/m/shop"), link).unwrap();
    let loaded = hookstead_app::load(dir.path(), &Default::default()).unwrap();
    assert!(rules(&loaded).closed.is_some());
    assert_eq!(told(&loaded), ["error file-unusable data_sources/m/other"]);
}
