//! Sources and what is found in them.

use super::*;

/// The finds in one line: `modules`, `values`, `functions`, `services` as `kind:name`, then flags.
fn summary(source: &str) -> String {
    let uses = analyse(source);
    let mut parts = Vec::new();
    for (kind, names) in [
        ("module", &uses.modules),
        ("value", &uses.values),
        ("environment", &uses.environment_values),
        ("function", &uses.functions),
        ("service", &uses.services),
        ("stage", &uses.atlas_stages),
        ("system", &uses.system_stages),
        ("unsupported", &uses.unsupported),
    ] {
        parts.extend(names.iter().map(|name| format!("{kind}:{name}")));
    }
    for (flag, is_set) in [
        ("dynamic", uses.dynamic),
        ("http", uses.http),
        ("data", uses.data),
        ("broken", !uses.parses),
    ] {
        if is_set {
            parts.push(flag.to_owned());
        }
    }
    parts.join(" ")
}

#[test]
fn uses_are_found() {
    let cases = [
        ("exports = () => 1", ""),
        ("exports = () => {", "broken"),
        ("const a = require('axios'), b = require(`qs`)", "module:axios module:qs"),
        (
            "import x from 'x'; import 'y'; exports = () => import('z')",
            "module:x module:y module:z",
        ),
        ("exports = (n) => require(n)", "dynamic"),
        ("exports = (n) => require('./' + n)", "dynamic"),
        ("exports = (n) => require(`a${n}`)", "dynamic"),
        ("const M = 'moment'; exports = () => require(M)", "module:moment"),
        ("let m = 'moment'; exports = () => require(m)", "module:moment"),
        ("var s = 'main'; exports = () => context.services.get(s)", "service:main"),
        ("var s; exports = () => { s = 'main'; return context.services.get(s) }", "service:main"),
        ("let s = 'a'; exports = () => { s = 'b'; return context.services.get(s) }", "dynamic"),
        ("let s = 'a'; exports = () => { s += 'b'; return context.services.get(s) }", "dynamic"),
        ("const s = 'a'; exports = (s) => context.services.get(s)", "dynamic"),
        ("exports = ({ s }) => context.services.get(s); const s = 'a'", "dynamic"),
        (
            "\u{feff}exports = () => context.values.get('a') + context.values.get(\"b\")",
            "value:a value:b",
        ),
        ("exports = () => context.functions.execute('a/b', 1)", "function:a/b"),
        (
            "const s = [{ $search: {} }, { '$vectorSearch': {} }, { $match: {} }]",
            "stage:$search stage:$vectorSearch",
        ),
        ("exports = async () => { await context.functions?.execute('c') }", "function:c"),
        ("exports = () => context['functions'].execute('d')", "function:d"),
        ("exports = () => context.environment.values.DB.toString()", "environment:DB"),
        ("const { values: v } = context.environment; exports = () => v['DB']", "environment:DB"),
        (
            "const { functions, values: v } = context; \
             exports = () => functions.execute('e') + v.get('f')",
            "value:f function:e",
        ),
        ("const { functions: { execute } } = context; exports = () => execute('g')", "function:g"),
        ("const ctx = context; exports = () => ctx.values.get('h')", "value:h"),
        ("const run = context.functions.execute; exports = () => run('i')", "function:i"),
        ("exports = () => { call = context.functions.execute; return call('j') }", "function:j"),
        ("exports = (name) => context.functions.execute(name)", "dynamic"),
        ("exports = (...all) => context.functions.execute(...all)", "dynamic"),
        (
            "exports = () => context.services.get('mongodb-atlas').db('d').collection('c').find()",
            "service:mongodb-atlas data",
        ),
        ("const m = context.services.get('m'); exports = () => m.db('d')", "service:m data"),
        ("exports = (things) => things.collection('x')", "data"),
        ("exports = () => context.services.get('twilio').send({})", "service:twilio"),
        ("exports = () => context.http.get({ url: 'x' })", "http"),
        ("const { http } = context; exports = () => http.post({})", "http"),
        ("exports = () => fetch('x')", "http"),
        ("const fetch = require('node-fetch'); exports = () => fetch('x')", "module:node-fetch"),
        ("exports = () => typeof fetch === 'undefined'", ""),
        ("exports = () => new Intl.DateTimeFormat()", "unsupported:Intl"),
        ("exports = () => o.fetch({ fetch: 1 })", ""),
        ("exports = ({ document }) => document.title", ""),
        ("const text = \"require('x') context.http.get()\"; // require('y')", ""),
        ("with (a) { b } exports = () => require('c')", "module:c"),
        ("return 1", ""),
    ];
    for (source, expected) in cases {
        assert_eq!(summary(source), expected, "{source}");
    }
}

/// What is found in one line: `CODE@LINE:COLUMN`, with `?` where a branch avoids it.
fn findings(source: &str) -> String {
    let tell = |one: &Finding| {
        let doubt = if one.is_certain { "" } else { "?" };
        format!("{}@{}:{}{doubt}", one.code.trim_start_matches("source-"), one.place.0, one.place.1)
    };
    analyse(source).findings.iter().map(tell).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_will_fail_is_found_and_nothing_else() {
    let cases = [
        ("exports = () => 1", ""),
        ("", "exports-nothing@1:1"),
        ("const a = 1", "exports-nothing@1:1"),
        ("exports = 'x'", "exports-nothing@1:11"),
        ("\nexports = { a: 1 }", "exports-nothing@2:11"),
        ("exports.handler = () => 1", "exports-nothing@1:1"),
        ("exports = {}; exports = f; function f() {}", ""),
        ("function exports() {}", ""),
        ("var exports = function () {}", ""),
        ("module.exports = () => 1", "module-exports@1:1"),
        ("exports = () => 1; if (typeof module !== 'undefined') module.exports = exports", ""),
        ("exports = f; function f() {} typeof module === 'object' && (module.exports = f)", ""),
        (
            "exports = () => context.services.get('m').db('d').collection('c').countDocuments()",
            "method-unknown@1:67",
        ),
        (
            "exports = (a) => {\n  const c = a.db('d').collection('c');\n  \
             if (a.x) { return c.insert({}) }\n  c.watch(); }",
            "method-unknown@3:23? method-unknown@4:5?",
        ),
        ("exports = () => 1; function f() {} exports = 2; function g() {}", "exports-nothing@1:46"),
        ("exports = 2; exports = () => 1", ""),
        ("exports = () => 1; return exports; exports = 2;", ""),
        ("exports = f; exports = 2; if (x) exports = f; function f() {} let x", ""),
        ("exports = (c, db) => { c.insert({}); const d = db.collection('c'); d.find() }", ""),
        ("exports = (db) => { let c = db.collection('c'); c = []; c.remove(1) }", ""),
        ("exports = (a) => a.db('d').listCollections()", "method-unknown@1:28?"),
        ("exports = (c) => c.find({ at: { $near: [1, 2] } })", "store-refuses@1:33?"),
        ("exports = (c) => c.find({ $text: { $search: 'a', $meta: 1 } })", "store-refuses@1:27?"),
        (
            "exports = (c) => c.aggregate([{ $lookup: { from: { db: 'd', coll: 'c' } } }])",
            "store-refuses@1:44?",
        ),
        ("exports = (c) => c.aggregate([{ $lookup: { from: 'c', as: 'd' } }])", ""),
        (
            "exports = (db) => db.collection('c').aggregate([], { collation: { locale: 'en' } })",
            "store-refuses@1:54",
        ),
        (
            "exports = (c) => c.collection('c').aggregate([], { collation: { locale: 'simple' } })",
            "",
        ),
        ("exports = () => { [1].map(() => ({ $where: 'x' })) }", "store-refuses@1:36?"),
        ("exports = () => context.user.id + context.user.type", "user-is-system@1:17"),
        (
            "exports = () => { const { user, values } = context; return user.id }",
            "user-is-system@1:60",
        ),
        (
            "exports = () => { const me = context.user; return me.data.email }",
            "user-is-system@1:51",
        ),
        ("exports = (user) => user.id; const { user } = context; f = () => user.id", ""),
    ];
    for (source, expected) in cases {
        assert_eq!(findings(source), expected, "{source}");
    }
}

#[test]
fn methods_that_no_cursor_has_are_found() {
    let cases = [
        (
            "exports = () => context.services.get('m').db('d').collection('c').find().count()",
            "method-unknown@1:74",
        ),
        (
            "const c = context.services.get('m').db('d').collection('c').find({}).sort({ a: 1 });\n\
             exports = () => c.project({})",
            "method-unknown@2:19",
        ),
        ("exports = (a) => a.db('d').collection('c').aggregate([]).project({ a: 1 })", ""),
        ("exports = (a) => a.db('d').collection('c').find({}).select('x')", ""),
        ("exports = (a) => a.find().count() + a.db('d').collection('c').count()", ""),
    ];
    for (source, expected) in cases {
        assert_eq!(findings(source), expected, "{source}");
    }
}

#[test]
fn what_may_be_something_else_is_told_with_doubt() {
    let cases = [
        (
            "exports = () => { const d = { collection: () => 1 }; d.collection('c').insert() }",
            "method-unknown@1:72?",
        ),
        (
            "exports = async () => { const { services } = context; \
             await services.get('m').db('d').collection('c').insert() }",
            "method-unknown@1:103",
        ),
        ("exports = () => [{ $where: 1 }, { $literal: { $function: 1 } }]", "store-refuses@1:20?"),
        (
            "exports = (c) => c.collection('c').find({ $where: 1 }).toArray().catch(() => 1)",
            "store-refuses@1:43?",
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(findings(source), expected, "{source}");
    }
}

#[test]
fn names_that_are_defined_nowhere_are_found() {
    let cases = [
        ("exports = (a = nope) => a", "name-undefined@1:16?"),
        ("exports = () => { const { a = nope } = {}; return a }", "name-undefined@1:31?"),
        (
            "exports = () => { let a = 1; a ||= nope; [a = nope] = [1]; return a }",
            "name-undefined@1:36?",
        ),
        ("exports = (a) => a?.b(nope)", "name-undefined@1:23?"),
        ("exports = function* () { nope }", "name-undefined@1:26?"),
        ("exports = () => { class A { b = nope } return delete nope }", "name-undefined@1:33?"),
        ("exports = () => { nope += 1 }", "name-undefined@1:19"),
        ("[exports] = [() => 1]", ""),
        ("eval('exports = () => 1')", ""),
        ("exports ||= () => 1", "exports-nothing@1:1"),
        ("exports = () => new Promise.resolve(1)", "not-a-constructor@1:17"),
        ("exports = (Promise, a) => new Promise.resolve(1, new Date.X.y(), new a.b())", ""),
        ("exports = () => { response.setBody('a'); response.setBody('b') }", "name-undefined@1:19"),
        (
            "exports = (a) => { if (a) nope(); nope(); return nope; never() }",
            "name-undefined@1:35 name-undefined@1:56?",
        ),
        ("function other() { const response = 1 } exports = () => response", "name-undefined@1:57"),
        ("exports = () => { try { nope() } catch (e) { e.message } }", "name-undefined@1:25?"),
        ("exports = () => [1].map(() => nope)", "name-undefined@1:31?"),
        ("exports = () => module.id", "name-undefined@1:17"),
        ("exports = () => { x = 1; for (k in x) k; [y] = [x]; return y }", ""),
        ("exports = () => typeof nope === 'undefined' ? 1 : nope", ""),
        ("exports = () => { if (1) { function f() {} } f(arguments, require) }", ""),
        ("exports = f; var f = (a, { b, ...c } = {}) => class D { e = [a, b, c, D] }", ""),
        ("exports = () => { eval('var nope = 1'); return nope }", ""),
        ("exports = (o) => { with (o) { return nope } }", ""),
        ("globalThis.nope = 1; exports = () => nope", ""),
        ("this.nope = 1; exports = () => nope", ""),
        ("exports = () => { a: for (;;) { break a } return { nope: 1 }.nope }", ""),
    ];
    for (source, expected) in cases {
        assert_eq!(findings(source), expected, "{source}");
    }
}

#[test]
fn services_are_known_by_what_is_called_of_them() {
    let source = "const t = context.services.get('twilio'); exports = () => { t.send({}); \
                  context.services.get('m').db('d') }";
    let methods = analyse(source).service_methods;
    assert!(methods["twilio"].contains("send") && methods["m"].contains("db"), "{methods:?}");
}

#[test]
fn collections_are_known_by_their_names() {
    let cases = [
        ("S('m').db('d').collection('c')", &["m/d/c"][..]),
        ("const s = S('m'), d = s.db('d'); d.collection('c')", &["m/d/c"]),
        ("let d; d = S('m').db('d'); d.collection('c')", &["m/d/c"]),
        ("const n = 'c'; S('m').db('d').collection(n)", &["m/d/c"]),
        ("const d = S('m').db(x); d.collection('c')", &["m//c"]),
        ("let d = S('m').db('a'); d = S('m').db('b'); d.collection('c')", &["//c"]),
        ("const d = S('m').db('a'); const f = (d) => d.collection('c')", &["//c"]),
        ("other.collection(x)", &["//"]),
        ("S('m').db('d')", &[]),
    ];
    for (body, expected) in cases {
        let body = body.replace("S(", "context.services.get(");
        let uses = analyse(&format!("exports = () => {{ {body} }}"));
        let found = uses.collections.iter();
        let found = found.map(|one| format!("{}/{}/{}", one.source, one.database, one.collection));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{body}");
    }
}

/// The tables say what the store refuses, and a test of the store's holds them to it.
#[test]
fn the_store_refuses_what_the_tables_say_that_it_refuses() {
    let tables = include_str!("../../../../docs/databases/operators.md");
    let mut refused = BTreeSet::new();
    let mut known = BTreeSet::new();
    for line in tables.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, _, embedded] = cells[..] else { continue };
        let name = name.trim_matches('`');
        if name.starts_with('$') && !name.starts_with("$$") {
            let names = if embedded.starts_with("refused") { &mut refused } else { &mut known };
            names.insert(name);
        }
    }
    let told: BTreeSet<&str> = advice::STORE_REFUSES.iter().chain(&ATLAS_STAGES).copied().collect();
    assert_eq!(told, refused.difference(&known).copied().collect());
}
