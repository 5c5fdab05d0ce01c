// A little of everything that the engine can do, for memory to run out in.
const attempts = [
  () => { class A { #p = 1; static s = []; get x() { return this.#p; } } return new A().x; },
  () => [3, 1, 2, ..."abc"].sort().map((x) => `${x}`).join(),
  () => JSON.stringify(JSON.parse('{"a":[1,2,{"b":"c\\u1234"}],"d":1e3}'), null, 2),
  () => "abcabc".replace(/(?<x>b)(c)?/giu, (m) => m + m) + [..."a1b2".matchAll(/\d/g)].length,
  () => new Map([[1, 2], [{}, 3]]).forEach(() => 1),
  () => new Set([1, 2]).union(new Set([3])).size,
  () => new WeakMap().set({}, new WeakRef({})),
  () => new FinalizationRegistry(() => {}).register({}, 1),
  () => { for (const x of (function* () { try { yield 1; } finally { [x]; } })()) break; },
  async () => { for await (const x of (async function* () { yield 1; yield 2; })()) [x]; },
  async () => { await Promise.all([1, Promise.reject(new Error("x"))]); },
  () => new Proxy({}, { get: (_, key) => key }).foo + Reflect.construct(Array, [1, 2]),
  () => (12345678901234567890n ** 20n).toString() + BigInt.asIntN(64, 1n << 70n),
  () => eval("var q = 1; with ({ a: 1 }) { a } ; (function () { return arguments[0] })(1)"),
  () => new Function("a", "return ((x = 1, { y, ...z } = { y: 2 }) => x + y)()")(1),
  () => new DataView(new Uint8Array([1, 2, 3]).toSorted().buffer.transfer(9)).setFloat64(0, 1),
  () => new Date(2020, 1).toISOString() + new Date().toString(),
  () => "ß".normalize("NFD").localeCompare("x") + "x".padStart(300, "abc").split("a").length,
  () => encodeURIComponent("üö") + Symbol.for("y").toString(),
  () => {
    const o = {};
    for (let i = 0; i < 60; i++) o[`k${i}`] = i;
    delete o.k5;
    return Object.entries(Object.freeze({ ...o })).length;
  },
  () => { throw new AggregateError([new TypeError("a", { cause: 1 })], "b"); },
];
for (const attempt of attempts) {
  try {
    attempt()?.catch?.(() => 1);
  } catch (error) {
    try { say(error.stack.length); } catch {}
  }
}
say("done");
