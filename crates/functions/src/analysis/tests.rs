//! Sources and what is found in them.

use super::*;

/// The finds in one line: `modules`, `values`, `functions`, `services` as `kind:name`, then flags.
fn summary(source: &str) -> String {
    let uses = analyse(source);
    let mut parts = Vec::new();
    for (kind, names) in [
        ("module", &uses.modules),
        ("value", &uses.values),
        ("function", &uses.functions),
        ("service", &uses.services),
        ("stage", &uses.atlas_stages),
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
