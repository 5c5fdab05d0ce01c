//! What becomes of ES modules.

use super::*;

#[test]
fn imports_and_exports_become_calls_of_the_loader_on_the_same_lines() {
    let cases = [
        (
            "import a, { b as c } from 'x';\na(c, { c });\nf\nc()",
            ";\n$hs$call($hs$0[\"default\"])($hs$0[\"b\"], { c:$hs$0[\"b\"] });\nf\n\
             $hs$call($hs$0[\"b\"])()",
            "",
        ),
        (
            "import * as x from 'x'\nexport const y = x.z(), { k, ...l } = x;",
            ";\nconst y = $hs$0.z(), { k, ...l } = $hs$0;",
            "y=y k=k l=l",
        ),
        ("export default function () {}", "function  $hs$default() {}", "default=$hs$default"),
        (
            "export default async () => 1",
            "const $hs$default=(async () => 1);",
            "default=$hs$default",
        ),
        ("export default class A {}", "class A {}", "default=A"),
        (
            "export { a as default, b as 'c-d' }; let a, b\nexport {\n} from 'x'",
            "; let a, b\n;\n",
            "default=a c-d=b",
        ),
        ("import { a } from 'x'; export { a as b }", "; ;", "b=$hs$0[\"a\"]"),
        ("export { a } from 'x'; export * as n from 'y'", "; ;", "a=$hs$0[\"a\"] n=$hs$1"),
        ("import.meta.url; import('a')", "$hs$meta.url; $hs$dynamic('a')", ""),
        (
            "import { t } from 'x'; t`1`; typeof t",
            "; $hs$call($hs$0[\"t\"])`1`; typeof $hs$0[\"t\"]",
            "",
        ),
        ("import { a } from 'x'; { let a = 1; a() }", "; { let a = 1; a() }", ""),
    ];
    for (source, body, exports) in cases {
        let esm = read(source).expect(source);
        let found: Vec<_> = esm.exports.iter().map(|(a, b)| format!("{a}={b}")).collect();
        assert_eq!((esm.body.as_str(), found.join(" ").as_str()), (body, exports), "{source}");
        let lines = |text: &str| text.matches('\n').count();
        assert_eq!(lines(&esm.body), lines(source), "{source}");
    }
}

#[test]
fn a_module_that_waits_is_an_asynchronous_function() {
    let cases = [
        ("await f()", true),
        ("for await (const a of b) {}", true),
        ("async function f() { await g() }", false),
        ("const f = async () => { await g() }", false),
    ];
    for (source, waits) in cases {
        assert_eq!(read(source).expect(source).waits, waits, "{source}");
    }
    let esm = read("import 'x'; export * from 'y'; await 1").expect("a module");
    let script = esm.enclosed(true).script(String::new()).source;
    assert!(script.starts_with("(async function ($hs$export,"), "{script}");
    assert!(script.contains("const $hs$1=await $hs$import(\"y\");$hs$star($hs$1);"), "{script}");
    assert!(read("import { a from").is_none());
}

#[test]
fn names_of_a_module_do_not_meet_ours() {
    let esm = read("import a from 'x'; const $hs$0 = a; export default $hs$0").expect("it");
    assert_eq!(esm.prefix, "$hs$$");
}
