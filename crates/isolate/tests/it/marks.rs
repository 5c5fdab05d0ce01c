//! Marks of numbers go where the numbers go, and JavaScript cannot tell marked ones from others.

use hookstead_isolate::{Ending, Item, Value};

use crate::echo::{roomy, run};

/// Numbers as the engine keeps them: in 32 bits, and as doubles.
const NUMBERS: [&str; 9] =
    ["7", "-7", "0", "2147483647", "-2147483648", "2147483648", "-(2 ** 40)", "0.5", "1e300"];

/// What hands a number `n` on as it is.
const COPIES: [&str; 32] = [
    "n",
    "(() => { let m = 1; m = n; return m })()",
    "((m) => m)(n)",
    "(function () { return arguments[0] })(n)",
    "((...all) => all[0])(n)",
    "((m = n) => m)()",
    "({ n }).n",
    "({ ...{ n } }).n",
    "(({ a, ...rest }) => rest)({ a: 1, n }).n",
    "Object.assign({}, { n }).n",
    "Object.assign(new Point(1, 2), { x: n }).x",
    "Object.freeze({ n }).n",
    "Object.fromEntries(Object.entries({ n })).n",
    "Object.values({ n })[0]",
    "Object.getOwnPropertyDescriptor({ n }, 'n').value",
    "({ get n() { return n } }).n",
    "new Proxy({ n }, {}).n",
    "new Point(n, 1).x",
    "[n][0]",
    "[...[1, n]][1]",
    "[1].concat([n])[1]",
    "[1, n].slice(1).map((m) => m).filter(() => true)[0]",
    "[n, 1].reverse().find((m) => m === n)",
    "(() => { const list = []; list.push(n); return list.pop() })()",
    "[[n]].flat()[0]",
    "new Map([['a', n]]).get('a')",
    "(n, n)",
    "+n",
    "Number(n)",
    "n ?? 1",
    "true ? n : 1",
    "[...(function* () { yield n })()][0]",
];

/// What is computed from a number `n`, and what a script writes down itself.
const NEW_NUMBERS: [&str; 24] = [
    "n + 0",
    "0 + n",
    "n - 0",
    "n * 1",
    "n / 1",
    "n % 3",
    "n ** 1",
    "n | 0",
    "n & n",
    "n << 0",
    "n >> 0",
    "~n",
    "-n",
    "(() => { let m = n; m++; return m })()",
    "(() => { const o = { n }; o.n += 1; return o.n })()",
    "(() => { const o = { n }; o.n = 7; return o.n })()",
    "Math.max(n, n)",
    "Math.round(n)",
    "Math.abs(n)",
    "[n].reduce((sum, m) => sum + m, 0)",
    "new Float64Array([n])[0]",
    "JSON.parse(JSON.stringify({ n })).n",
    "Number(String(n))",
    "0.5 + 0.5",
];

/// What is true of a marked number `n` and the same number `p` without a mark.
const SAME: [&str; 22] = [
    "n === p",
    "n == p",
    "Object.is(n, p)",
    "!(n < p) && !(n > p) && n <= p",
    "typeof n === 'number'",
    "`${n}` === `${p}`",
    "n.toString(16) === p.toString(16)",
    "[p].includes(n) && [p].indexOf(n) === 0",
    "new Map([[p, 1]]).get(n) === 1",
    "new Map([[n, 1]]).get(p) === 1",
    "new Set([n, p]).size === 1",
    "({ [p]: 1 })[n] === 1 && ({ [n]: 1 })[p] === 1",
    "(() => { switch (n) { case p: return true } })()",
    "Number.isInteger(n) === Number.isInteger(p)",
    "[1, 2, 3, 4, 5, 6, 7, 8][n] === [1, 2, 3, 4, 5, 6, 7, 8][p]",
    "JSON.stringify({ n }) === JSON.stringify({ n: p })",
    "Object.keys({ n }).join() === 'n' && Reflect.ownKeys({ n }).length === 1",
    "Reflect.ownKeys(Object(n)).length === 0 && Object.getOwnPropertySymbols({ n }).length === 0",
    "(() => { for (const key in { n }) if (key !== 'n') return false; return true })()",
    "!Object.hasOwn({ n }, 'mark') && !('mark' in { n })",
    "Number(n) === p && n.valueOf() === p",
    "[n, p].sort((a, b) => a - b)[0] === p",
];

fn said(source: &str) -> Vec<Value> {
    let (mut said, ending) = run(&format!("{source}; say('done')"), &roomy());
    assert_eq!(ending, Ending::Finished, "{source}");
    said.pop();
    said
}

/// Checks what is found of every expression, with every number in turn.
fn check(expressions: &[&str], is_right: &str) {
    let list: Vec<_> = expressions.iter().map(|text| format!("[{text:?}, () => {text}]")).collect();
    let numbers = NUMBERS.join(", ");
    let list = list.join(", ");
    let wrong = said(&format!(
        "for (const p of [{numbers}]) {{
            const n = marked(p, 3);
            for (const [text, make] of [{list}]) {{
                const found = make();
                if (!({is_right})) say(`${{p}}: ${{text}}`);
            }}
        }}"
    ));
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_mark_goes_where_the_number_goes() {
    check(&COPIES, "number_mark(found) === 3 && found === p");
    let asynchronous = "(async () => {
        const n = marked(7, 3);
        const [first] = await Promise.all([(async () => n)()]);
        say(number_mark(await n)); say(number_mark(first)); say('done');
    })()";
    let (found, _) = run(asynchronous, &roomy());
    assert_eq!(found, [3.0.into(), 3.0.into(), "done".into()]);
}

#[test]
fn what_is_computed_has_no_mark() {
    check(&NEW_NUMBERS, "number_mark(found) === 0");
}

#[test]
fn javascript_cannot_tell_a_marked_number_from_another() {
    check(&SAME, "found === true");
}

#[test]
fn marks_cross_in_both_directions() {
    let all = said(
        "for (const n of [7, 2147483648, -0.5, 1e300]) {
            const { back } = say({ back: marked(n, 200) });
            say([back === n, number_mark(back), number_mark(say([back])[0])].join());
        }",
    );
    for (number, said) in [7.0, 2_147_483_648.0, -0.5, 1e300].into_iter().zip(all.chunks(3)) {
        let [document, list, told] = said else { panic!("{said:?}") };
        let mut reader = document.as_packed().expect("a document");
        assert_eq!((reader.item(), reader.key()), (Some(Item::Document), Some("back")));
        assert_eq!(reader.item(), Some(Item::Marked(200, number)));
        let mut reader = list.as_packed().expect("a list");
        assert_eq!(reader.item(), Some(Item::List));
        assert_eq!(reader.item(), Some(Item::Marked(200, number)));
        assert_eq!(told.as_text(), Some("true,200,200"));
    }
}

#[test]
fn only_numbers_are_marked() {
    let cases = [
        ("marked(NaN, 3)", "NaN,0"),
        ("marked('7', 3)", "7,0"),
        ("marked(undefined, 3)", "undefined,0"),
        ("marked(7, 0)", "7,0"),
        ("marked(7, 256)", "7,0"),
        ("marked(7, -1)", "7,0"),
        ("marked(7, 'x')", "7,0"),
        ("marked(marked(7, 3), 0)", "7,0"),
        ("marked(marked(7, 3), 4)", "7,4"),
        ("marked(Infinity, 255)", "Infinity,255"),
        ("true", "true,0"),
        ("null", "null,0"),
        ("10n", "10,0"),
    ];
    for (source, expected) in cases {
        let found = said(&format!("const v = {source}; say(`${{v}},${{number_mark(v)}}`)"));
        assert_eq!(found, [Value::from(expected)], "{source}");
    }
    assert_eq!(said("say(number_mark()); say(typeof marked())"), [0.0.into(), "undefined".into()]);
}
