//! Sources and the scripts that they become.

use super::*;

#[test]
fn imports_become_requires_on_the_same_lines() {
    let cases = [
        (
            "import x from 'x';\nexports = x;",
            "const x = ((m) => m && m.__esModule ? m.default : m)(require('x'));\n\
             exports = x;",
        ),
        (
            "import {\n  a,\n  b as c\n} from \"m\"\nexports = a",
            "const { a: a } = require(\"m\"); const { b: c } = require(\"m\");\n\n\n\n\
             exports = a",
        ),
        ("import * as all from 'm'", "const all = require('m');"),
        ("import 'side';", "require('side');"),
        ("exports = () => import('m')", "exports = () => require.import('m')"),
    ];
    for (source, expected) in cases {
        assert_eq!(wrap(source).body.text(), expected, "{source}");
    }
}

#[test]
fn text_that_only_mentions_import_stays_as_it_is() {
    for source in ["exports = () => 'import x from y'", "// import\nwith (a) { b }"] {
        assert!(wrap(source).text.contains(source), "{source}");
    }
}

#[test]
fn whatever_nests_deep_is_parsed_or_refused() {
    let patterns = [
        "[",
        "(",
        "{",
        "!",
        "[1,",
        "a=>",
        "a?1:",
        "a?",
        "x=",
        "new ",
        "if(1)",
        "x:",
        "`${",
        "-",
        "class{[",
        "()=>{",
        "function f(){",
        "({a:",
        "a.b(",
        "a[",
        "...",
        "[...",
        "do ",
        "1+",
        "a,",
        "a.b.",
        "a**",
        "a??",
        "async()=>",
        "let[",
        "for(;;)",
        "switch(1){case ",
        "a;",
        "{a;",
        "a=>b(a,",
        "x.insert({$near:",
    ];
    for pattern in patterns {
        let depth = SOURCE_BYTES_MAX / pattern.len() - 100;
        look_at(&format!("import 'x';{}1", pattern.repeat(depth)));
    }
    for (open, close) in [
        ("[", "]"),
        ("(", ")"),
        ("{", "}"),
        ("()=>{", "}"),
        ("[...", "]"),
        ("{a;", "}"),
        ("(b=>{a;", "})"),
        ("c.collection('c').insert(", ")"),
    ] {
        let depth = SOURCE_BYTES_MAX / (open.len() + close.len()) - 100;
        look_at(&format!("import 'x';{}1{}", open.repeat(depth), close.repeat(depth)));
    }
}

/// Whatever looks at a tree calls itself for what stands inside something else.
fn look_at(source: &str) {
    wrap(source);
    crate::analyse(source);
}

#[test]
fn a_source_that_is_too_long_is_left_to_the_engine() {
    let source = format!("import 'x';{}", " ".repeat(SOURCE_BYTES_MAX));
    assert_eq!(wrap(&source).body.text(), source);
}

#[test]
fn a_byte_order_mark_is_dropped() {
    assert!(!wrap("\u{feff}exports = 1").text.contains('\u{feff}'));
}

/// Nothing is left of the edits where a function is read as text: see the case `source-text`.
#[test]
fn what_catches_errors_and_calls_in_calls_are_changed_and_nothing_else() {
    let cases = [
        ("f(a, b.c, `x${g()}y`)", "f(a, b.c, true/*$call$*/?`x${g()}y`:new 0/*$call$*/)"),
        ("f(g(), a)", "f(g(), a)"),
        ("f()()", "f()(/*$call$*/)"),
        ("(await f())()", "(await f())(/*$call$*/)"),
        ("a[f()]()", "a[f()](/*$call$*/)"),
        ("a[f()](1)", "a[f()](true/*$call$*/?1:new 0/*$call$*/)"),
        ("f().g()", "f().g()"),
        ("f(1)(2)", "f(1)(true/*$call$*/?2:new 0/*$call$*/)"),
        ("new F(g(1))", "new F(true/*$call$*/?g(1):new 0/*$call$*/)"),
        ("f(...g()); f(() => g())", "f(...g()); f(() => g())"),
        ("try {} catch (e) { a }", "try {} catch (e) {$caught$(e); a }"),
        ("try {} catch { a } try {} catch (e) {}", "try {} catch { a } try {} catch (e) {}"),
        (
            "try {} catch ({ message }) { a }",
            "try {} catch ($caught$e){$caught$($caught$e);let { message }=$caught$e;/*$caught$) {\
             $caught$*/ a }",
        ),
        ("try {} catch ([a] /* 1 */) { a }", "try {} catch ([a] /* 1 */) { a }"),
        ("try {} catch ({ a = b }) { c }", "try {} catch ({ a = b }) { c }"),
        ("try {} catch ([{ [a]: b }]) { c }", "try {} catch ([{ [a]: b }]) { c }"),
        ("try {} catch (e) { $caught$ }", "try {} catch (e) { $caught$ }"),
        ("try {} catch ({ message }) {}", "try {} catch ({ message }) {}"),
        ("p.catch((e) => e); p.then(1, (e) => e)", "p.catch((e) => e); p.then(1, (e) => e)"),
    ];
    for (source, expected) in cases {
        assert_eq!(wrap(source).body.text(), expected, "{source}");
    }
}
