//! Rules of modules, each with a few files.

use super::*;

/// Files below `functions/`, what a function returns, and what comes of it.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, Result<&'a str, &'a str>);

fn load(files: &[(&str, &str)], sources: &[(&str, &str)], limits: Limits) -> Functions {
    let files = files.iter().map(|(path, text)| (format!("functions/{path}"), (*text).to_owned()));
    let mut definition = Definition {
        module_files: Some(Arc::new(Texts(files.collect()))),
        ..Definition::default()
    };
    for (name, source) in sources {
        let file = format!("functions/{name}.js");
        definition.functions.insert((*name).to_owned(), function(&file, source));
    }
    let settings = Settings { limits, ..Settings::default() };
    Functions::load(definition, settings).expect("functions load")
}

fn outcome(functions: &Functions, name: &str) -> Result<String, String> {
    let outcome = call(functions, name).outcome;
    outcome.map(|reply| reply.result.unwrap_or_default()).map_err(|failure| failure.message)
}

fn check(cases: &[Case<'_>]) {
    let mut failures = Vec::new();
    for (what, files, returns, expected) in cases {
        let source = format!("exports = async () => JSON.stringify({returns})");
        let functions = load(files, &[("source", &source)], Limits::default());
        let found = outcome(&functions, "source");
        let found = found.map(|text| serde_json::from_str::<String>(&text).unwrap_or_default());
        let is_it = match (&found, expected) {
            (Ok(found), Ok(expected)) => found == expected,
            (Err(found), Err(expected)) => found.contains(expected),
            _ => false,
        };
        if !is_it {
            failures.push(format!("{what}: {found:?} and not {expected:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_specifier_stands_for_the_file_that_node_finds() {
    check(&[
        (
            "main, index and subpaths",
            &[
                ("node_modules/a/package.json", r#"{"main":"lib"}"#),
                ("node_modules/a/lib/index.js", "exports.main = 1"),
                ("node_modules/a/b.json", r#"{"__proto__":1,"b":2}"#),
                ("node_modules/@s/c/index.js", "module.exports = 'c'"),
            ],
            "[require('a').main, Object.keys(require('a/b')), require('@s/c'), require('a/lib/')]",
            Ok(r#"[1,["__proto__","b"],"c",{"main":1}]"#),
        ),
        (
            "exports with conditions, patterns and imports",
            &[
                (
                    "node_modules/a/package.json",
                    r##"{"name":"a","exports":{".":{"import":"./m.mjs","require":"./c.cjs"},
                    "./x/*":"./lib/*.js","./no":null},"imports":{"#i":"./lib/i.js","#b":"b"}}"##,
                ),
                ("node_modules/a/m.mjs", "export default 'module'"),
                (
                    "node_modules/a/c.cjs",
                    "const i = require('#i'); exports.all = [i, require('#b'), require('a/x/i')]",
                ),
                ("node_modules/a/lib/i.js", "module.exports = __filename"),
                ("node_modules/b/index.js", "module.exports = __dirname"),
            ],
            "[require('a').all, (await import('a')).default]",
            Ok("[[\"/functions/node_modules/a/lib/i.js\",\
                \"/functions/node_modules/b\",\"/functions/node_modules/a/lib/i.js\"],\"module\"]"),
        ),
    ]);
}

#[test]
fn packages_export_what_they_say_in_the_version_that_is_asked_for() {
    check(&[
        (
            "what is not exported",
            &[
                ("node_modules/a/package.json", r#"{"exports":{".":"./a.js"}}"#),
                ("node_modules/a/a.js", ""),
                ("node_modules/a/b.js", ""),
            ],
            "require('a/b')",
            Err("it does not export ./b to `require`"),
        ),
        (
            "packages within packages",
            &[
                ("node_modules/a/index.js", "module.exports = require('b')"),
                ("node_modules/a/node_modules/b/index.js", "module.exports = 'inner'"),
                ("node_modules/b/index.js", "module.exports = 'outer'"),
            ],
            "[require('a'), require('b')]",
            Ok(r#"["inner","outer"]"#),
        ),
        (
            "a version in the specifier",
            &[
                ("node_modules/a/package.json", r#"{"name":"a","version":"3.1.4"}"#),
                ("node_modules/a/index.js", "module.exports = 1"),
            ],
            "[require('a@3.1.4'), require('a@^3')]",
            Ok("[1,1]"),
        ),
        (
            "another version",
            &[
                ("node_modules/a/package.json", r#"{"name":"a","version":"3.1.4"}"#),
                ("node_modules/a/index.js", "module.exports = 1"),
            ],
            "require('a@2.0.0')",
            Err("`a@2.0.0` is required, and version 3.1.4 of it is installed"),
        ),
    ]);
}

#[test]
fn what_is_no_javascript_and_what_is_found_beside_packages() {
    check(&[
        ("a native addon", &[], "require('bcrypt')", Err("use the package `bcryptjs`")),
        (
            "an addon that nobody knows",
            &[
                ("node_modules/a/package.json", r#"{"main":"a.node"}"#),
                ("node_modules/a/a.node", ""),
            ],
            "require('a')",
            Err("the package `a` is a native addon"),
        ),
        (
            "files in a folder by names that are worked out",
            &[
                ("node_modules/a/index.js", "module.exports = (name) => require('./lang/' + name)"),
                ("node_modules/a/lang/de.js", "module.exports = 'hallo'"),
            ],
            "require('a')('d' + 'e')",
            Ok(r#""hallo""#),
        ),
        (
            "modules of the program come before packages, and with a slash behind them",
            &[
                ("node_modules/events/index.js", "module.exports = 'mine'"),
                ("node_modules/a/index.js", "module.exports = typeof require('node:events').once"),
            ],
            "[typeof require('events'), require('events/'), require('a')]",
            Ok(r#"["function","mine","function"]"#),
        ),
    ]);
}

#[test]
fn commonjs_and_es_modules_require_each_other() {
    check(&[
        (
            "named, default and namespace imports",
            &[
                ("node_modules/a/package.json", r#"{"type":"module","main":"a.js"}"#),
                (
                    "node_modules/a/a.js",
                    "import d, { x } from './c.cjs';\nimport * as all from './b.js';\n\
                     import os, { EOL } from 'os';\nexport { x as y };\nexport * from './b.js';\n\
                     export default [d, x, all.b(), typeof this, EOL === os.EOL];\n\
                     export const meta = import.meta.url;",
                ),
                ("node_modules/a/b.js", "export function b() { return this === undefined }"),
                ("node_modules/a/c.cjs", "exports.x = 1; exports.__esModule = true"),
            ],
            "[require('a').default, require('a').y, Object.keys(await import('a')), \
             require('a').meta, require('a').__esModule]",
            Ok("[[{\"x\":1,\"__esModule\":true},1,false,\"undefined\",true],1,\
                [\"y\",\"default\",\"meta\",\"b\"],\
                \"file:///functions/node_modules/a/a.js\",true]"),
        ),
        (
            "live bindings and circles",
            &[
                (
                    "node_modules/a/index.mjs",
                    "import { b } from './b.mjs'; export let n = 0;\n\
                  export function up() { n += 1; return b() }",
                ),
                (
                    "node_modules/a/b.mjs",
                    "import { n } from './index.mjs'; export const b = () => n",
                ),
                ("node_modules/a/package.json", r#"{"main":"index.mjs"}"#),
            ],
            "[require('a').up(), require('a').up(), require('a').n]",
            Ok("[1,2,2]"),
        ),
        (
            "circles of CommonJS",
            &[
                ("node_modules/a/index.js", "exports.early = 1; exports.b = require('./b').seen"),
                ("node_modules/a/b.js", "exports.seen = Object.keys(require('./index'))"),
            ],
            "require('a')",
            Ok(r#"{"early":1,"b":["early"]}"#),
        ),
    ]);
}

#[test]
fn modules_are_loaded_as_they_run() {
    check(&[
        (
            "a module that waits at its top level",
            &[
                ("node_modules/a/index.mjs", "import { b } from './b.mjs'; export const a = b + 1"),
                ("node_modules/a/b.mjs", "export const b = await Promise.resolve(1)"),
                ("node_modules/a/package.json", r#"{"main":"index.mjs"}"#),
            ],
            "(await import('a')).a",
            Ok("2"),
        ),
        (
            "requiring one",
            &[
                ("node_modules/a/index.mjs", "export const b = await Promise.resolve(1)"),
                ("node_modules/a/package.json", r#"{"main":"index.mjs"}"#),
            ],
            "require('a')",
            Err("waits at its top level: use import()"),
        ),
        (
            "import() in CommonJS",
            &[
                ("node_modules/a/index.js", "exports.load = () => import('./b.mjs')"),
                (
                    "node_modules/a/b.mjs",
                    "export default 5; export { default as six } from './c.json'",
                ),
                ("node_modules/a/c.json", "6"),
            ],
            "[(await require('a').load()).default, (await require('a').load()).six]",
            Ok("[5,6]"),
        ),
        (
            "a module that throws is evaluated again",
            &[("node_modules/a/index.js", "globalThis.n = (globalThis.n || 0) + 1; throw n")],
            "[1, 2].map(() => { try { require('a') } catch (error) { return error } })",
            Ok("[1,2]"),
        ),
    ]);
}

#[test]
fn files_beside_functions_can_be_required() {
    check(&[(
        "helpers of every kind",
        &[
            ("helper.js", "exports = { a: 1 }"),
            ("lib/other.js", "exports.b = require('../helper').a + 1"),
            ("lib/third.js", "module.exports = (n) => n * 2;"),
            ("data.json", "[1]"),
        ],
        "[require('./helper'), require('./lib/other').b, require('./lib/third')(2), \
         require('./data')]",
        Ok(r#"[{"a":1},2,4,[1]]"#),
    )]);
}

#[test]
fn nothing_at_the_top_level_of_a_module_outlives_a_run() {
    let files = [("node_modules/a/index.js", "let n = 0; exports.next = () => ++n")];
    let sources = [
        (
            "one",
            "const next = () => require('a').next(); exports = () => JSON.stringify(\
             [next(), next(), context.functions.execute('two')])",
        ),
        ("two", "exports = () => require('a').next()"),
    ];
    let functions = load(&files, &sources, Limits::default());
    for _ in 0..3 {
        assert_eq!(outcome(&functions, "one").as_deref(), Ok("\"[1,2,3]\""));
    }
}

#[test]
fn what_a_package_patches_reaches_no_other_run_and_not_the_program() {
    let patches = "Array.prototype.map = Map.prototype.get = Object.keys = JSON.parse = \
                   String.prototype.slice = Function.prototype.call = () => { throw 'patched' };";
    let files = [
        ("node_modules/patches/index.js", patches),
        ("node_modules/b/index.js", "module.exports = require('./c.json')"),
        ("node_modules/b/c.json", "{\"c\":1}"),
        ("node_modules/d/package.json", r#"{"type":"module","main":"d.js"}"#),
        ("node_modules/d/d.js", "import { EOL } from 'os'; export * from './e.js'; export { EOL }"),
        ("node_modules/d/e.js", "export const e = 1"),
    ];
    let sources = [
        (
            "patched",
            "exports = () => { require('patches'); return require('b').c + ',' + require('d').e }",
        ),
        ("clean", "exports = () => String([1].map((n) => n + require('b').c))"),
    ];
    let functions = load(&files, &sources, Limits::default());
    for _ in 0..2 {
        assert_eq!(outcome(&functions, "patched").as_deref(), Ok("\"1,1\""));
        assert_eq!(outcome(&functions, "clean").as_deref(), Ok("\"2\""));
    }
}

#[test]
fn modules_beyond_a_limit_are_refused_with_its_name() {
    let files: Vec<(String, String)> = (0..20)
        .map(|n| {
            (
                format!("node_modules/a/{n}.js"),
                format!("require('./{}'); // {}", n + 1, "x".repeat(50_000)),
            )
        })
        .collect();
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let sources = [("source", "exports = () => { require('a/0'); return 1 }")];
    let default = Limits::default();
    let cases = [
        (Limits { modules_max: 10, ..default.clone() }, "raise modules_max in [packages]"),
        (Limits { modules_bytes_max: 500_000, ..default.clone() }, "raise modules_mib"),
        // What does not fit into the image is evaluated all the same.
        (Limits { modules_image_bytes_max: 0, ..default }, "Cannot find module './20'"),
    ];
    for (limits, expected) in cases {
        let functions = load(&files, &sources, limits);
        let message = outcome(&functions, "source").expect_err("it fails");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn what_a_function_cannot_require_is_known_before_it_runs() {
    let source = "exports = () => { require('axios'); require('bcrypt'); require('./no'); \
                  require('a@2'); require('util') }";
    let files = [
        ("node_modules/a/package.json", r#"{"version":"1.0.0"}"#),
        ("node_modules/a/index.js", ""),
    ];
    let functions = load(&files, &[("source", source)], Limits::default());
    let kind = |name| functions.module_problem("functions/source.js", name).map(|one| one.kind);
    assert_eq!(kind("axios"), Some(ModuleProblemKind::Missing));
    assert_eq!(kind("bcrypt"), Some(ModuleProblemKind::Addon));
    assert_eq!(kind("./no"), Some(ModuleProblemKind::Missing));
    assert_eq!(kind("a@2"), Some(ModuleProblemKind::Version));
    assert_eq!(kind("util"), None);
}

#[test]
fn a_source_leads_out_of_nothing_around_it() {
    let evil = "globalThis.evil = 1";
    let comment = "let y = 1; 0 <!--y; if (1) { (function () {";
    let sources = [
        ("index.js", format!("}}); {evil}; (function () {{")),
        ("index.js", format!("}}), {evil}, (function () {{")),
        ("index.js", format!("}}\n{evil}\nfunction f() {{")),
        ("index.js", format!("}}, x, {{}} /* {evil} */, function () {{")),
        // What is a comment to the engine alone.
        ("index.mjs", format!("{comment}\n}}); {evil}; (function () {{\n0 <!--y; }}) }}")),
        ("index.cjs", format!("import('b'); }}); {evil}; (function () {{")),
    ];
    for (file, source) in sources {
        let manifest = format!(r#"{{"main":"{file}"}}"#);
        let path = format!("node_modules/a/{file}");
        let files = [("node_modules/a/package.json", &*manifest), (&*path, &*source)];
        let functions = [
            ("asks", "exports = () => { require('a') }"),
            ("other", "exports = () => typeof evil"),
        ];
        let functions = load(&files, &functions, Limits::default());
        assert!(outcome(&functions, "asks").is_err(), "{source}");
        assert_eq!(outcome(&functions, "other").as_deref(), Ok("\"undefined\""), "{source}");
    }
}

#[test]
fn hostile_packages_are_loaded_in_a_bounded_time() {
    let stars = format!(r#"{{"exports":{{"./*":"./{}"}}}}"#, "*/".repeat(1 << 20));
    let dots = format!("try {{ require('a/b') }} catch {{}} /* {} */", "../".repeat(1 << 20));
    let quotes = format!("(n) => require('./' + n) /* {} */", "`./".repeat(1 << 19));
    let mut files = vec![
        ("node_modules/a/package.json".to_owned(), stars),
        ("node_modules/b/index.js".to_owned(), dots),
        ("node_modules/c/index.js".to_owned(), quotes),
    ];
    // A folder in which each module may ask for each other one.
    let each = "exports.f = (n) => require('./' + n)";
    files.extend((0..200).map(|n| (format!("node_modules/d/{n}.js"), each.to_owned())));
    // Each waits for the next one, and the last one waits at its top level.
    files.extend((0..100).map(|n| {
        let next = format!("import './{}.mjs'", n + 1);
        let text = if n == 99 { "await 0".to_owned() } else { next };
        (format!("node_modules/e/{n}.mjs"), text)
    }));
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let source = "exports = async () => { require('b'); require('c'); await import('e/0.mjs'); \
                  require('d/1'); return 1 }";
    let limits = Limits { modules_max: 400, ..Limits::default() };
    let functions = load(&files, &[("source", source)], limits);
    assert!(outcome(&functions, "source").is_ok_and(|result| result.contains('1')));
}

#[test]
fn code_for_webassembly_is_loaded_and_refused_when_it_is_instantiated() {
    let module = "const code = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109]));\n\
                  const memory = new WebAssembly.Memory({ initial: 1 });\n\
                  exports.now = () => new WebAssembly.Instance(code, { memory }).exports;\n\
                  exports.later = async () =>\n\
                  WebAssembly.instantiate(await WebAssembly.compile(''));";
    let files = [("node_modules/a/index.js", module)];
    let sources = [
        ("loads", "exports = () => typeof require('a').now + WebAssembly.validate('')"),
        ("now", "exports = () => require('a').now()"),
        ("later", "exports = () => require('a').later()"),
    ];
    let functions = load(&files, &sources, Limits::default());
    assert_eq!(outcome(&functions, "loads").as_deref(), Ok("\"functionfalse\""));
    for name in ["now", "later"] {
        let message = outcome(&functions, name).expect_err("it is refused");
        assert!(message.contains("is not supported"), "{message}");
    }
}
