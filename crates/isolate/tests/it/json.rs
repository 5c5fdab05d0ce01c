//! `JSON.parse` is the engine's own, only faster: with a reviver the engine reads the text itself.

use hookstead_isolate::Ending;

use crate::echo::{roomy, run};

/// Says what differs between the two ways of reading a text.
const COMPARE: &str = r#"
const same = (a, b) => Object.is(a, b) || (typeof a === 'object' && a !== null && b !== null
  && Array.isArray(a) === Array.isArray(b)
  && Object.getPrototypeOf(a) === Object.getPrototypeOf(b)
  && JSON.stringify(Reflect.ownKeys(a)) === JSON.stringify(Reflect.ownKeys(b))
  && Reflect.ownKeys(a).every((key) => {
    const [x, y] = [a, b].map((o) => Reflect.getOwnPropertyDescriptor(o, key));
    return same(x.value, y.value) && x.writable === y.writable
      && x.enumerable === y.enumerable && x.configurable === y.configurable;
  }));
const read = (...given) => {
  try { return { value: JSON.parse(...given) } } catch (e) { return { error: `${e}` } }
};
const check = (text) => {
  const [fast, own] = [read(text), read(text, (key, value) => value)];
  if (fast.error !== own.error || !same(fast.value, own.value)) say(String(text));
};
"#;

fn differences(source: &str) -> Vec<String> {
    let (mut said, ending) = run(&format!("{COMPARE} {source}; say('done')"), &roomy());
    assert_eq!(ending, Ending::Finished);
    assert_eq!(said.pop().as_ref().and_then(|value| value.as_text()), Some("done"));
    said.iter().filter_map(|value| value.as_text().map(str::to_owned)).collect()
}

#[test]
fn texts_of_every_kind_are_read_as_the_engine_reads_them() {
    let texts = r#"[
        '1', '-1', '0', '-0', '00', '01', '-', '1.', '.5', '1.5', '-1.25e3', '1e5', '1E+5', '1e-5',
        '1e', '1e+', '123456789', '1234567890', '12345678901234567890', '1e400', '5e-324', '+1',
        '0.1', '100000000000000000000000', '2147483647', '-2147483648', '-2147483649', '0x1', 'NaN',
        'true', 'false', 'null', 'tru', 'nulll', 'True', 'undefined', '', ' ', '\t\n\r 1 ', '\v1',
        '\ufeff1', '1 2', '1,', '"', '""', '"a', '"a"b', "'a'", '"a\nb"', '"\u0000"', '"\u001f"',
        '"a\\nb"', '"\\u00e9"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\x"', '"\\"', '"\\\\"',
        '"é"', '"한국"', '"😀"', '"\ud800"', '"\udfff x"', '"\u2028"', '"a\0b"',
        '[]', '[ ]', '[1]', '[1,]', '[,1]', '[1 2]', '[1,2', '[', ']', '[[[]]]',
        '[1, [2, {}], "x"]',
        '{}', '{ }', '{"a":1}', '{"a" : 1 , "b" : 2}', '{"a":1,}', '{a:1}', '{"a"}', '{"a":}',
        '{"a":1 "b":2}', '{"a":1,"a":2}', '{"__proto__":1}', '{"__proto__":{"x":1}}',
        '{"constructor":1,"toString":2}', '{"1":1,"0":2,"-1":3,"01":4,"4294967295":5}', '{"":1}',
        '{"a\\u0062":1}', '{"é":1}', '{"a":{"b":{"a":{"b":1}}}}',
        '[{"id":1,"n":"x"},{"id":2,"n":"y"},{"n":"z","id":3}]',
        '[{"a":1,"bc":2},{"a":3,"bc":4},{"a":5,"b":6},{"a":7,"bcd":8},{"bc":9,"a":1},{"bc" :2}]',
        '[{"a":1,"b":2},{"a":1,"b\\u0062":2},{"\\u0061":1},{"a":1,"b',
        '[{"a":1,"b":2},{"a":1,"b"',
        '[{"a":1,"b":{"a":2,"c":[{"b":3}]}},{"a":4,"b":{"a":5,"c":[{"b":6},{"c":7}]}},{}]',
        '{"ab":1,"ba":2,"aXb":3,"bXa":4,"aYb":5}',
        '['.repeat(100) + ']'.repeat(100), '['.repeat(135) + ']'.repeat(135),
        '{"a":'.repeat(135) + '1' + '}'.repeat(135), '['.repeat(100) + ']'.repeat(99),
        JSON.stringify(Array.from({ length: 100 }, (_, n) => n)),
        JSON.stringify(Array.from({ length: 33 }, (_, n) => ({ [`key${n}`]: n, other: `${n}` }))),
        undefined, null, 1, true, Symbol.iterator, {}, [1], [], new String('[1]'),
    ].forEach((text) => { try { check(text) } catch { say(typeof text) } })"#;
    assert_eq!(differences(texts), Vec::<String>::new());
}

#[test]
fn changed_texts_are_read_as_the_engine_reads_them() {
    let source = r#"
        let seed = 7;
        const random = (n) => { seed = (seed * 48271) % 2147483647; return seed % n };
        const letters = '{}[]:,"\\ \n0123456789-+.eEtrufalsn\u0000\u00e9\ud800bu';
        const list = [{ b: 'p', c: 1 }, { b: 'q', c: 2 }, { bc: 3 }, { b: 'r', c: 4 }];
        const first = [1, 2.5, -3e7, { b: 'x\ny', c: null }];
        const base = JSON.stringify({ a: first, d: { a: true }, e: list });
        for (let round = 0; round < 4000; round++) {
            let text = base;
            for (let n = random(3) + 1; n > 0; n--) {
                const at = random(text.length), gone = random(3);
                const added = letters[random(letters.length)].repeat(random(3));
                text = text.slice(0, at) + added + text.slice(at + gone);
            }
            check(text);
        }"#;
    assert_eq!(differences(source), Vec::<String>::new());
}

#[test]
fn it_looks_like_the_engines_own() {
    let source = "say(JSON.parse.name, JSON.parse.length, Object.keys(JSON).length); say('done')";
    let (said, _) = run(source, &roomy());
    assert_eq!(said[..3], ["parse".into(), 2.0.into(), 0.0.into()]);
}

#[test]
fn setters_on_prototypes_do_not_see_what_is_read() {
    let source = "Object.defineProperty(Object.prototype, 'a', { set() { say('seen') } }); \
                  Object.defineProperty(Array.prototype, 0, { set() { say('seen') } }); \
                  say(JSON.parse('[{\"a\":5}]')[0].a); say('done')";
    assert_eq!(run(source, &roomy()).0, [5.0.into(), "done".into()]);
}
