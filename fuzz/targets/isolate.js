// What the runs of the fuzz target do, a piece per byte. The first ones are the same every time.
const host = globalThis.__host;
const waiting = new Map();
let next = 1;
const wait = () => {
  const id = next++;
  host.wait(id);
  return new Promise((resolve) => waiting.set(id, resolve));
};
const untouched = Object.getOwnPropertyNames(globalThis).length;
const broken = (what) => host.say(`BROKEN ${what}`);
const kept = [];
const forged = () =>
  Object.defineProperty(new Uint8Array(1), "length", { value: 2 ** 53 - 1 });

function zeroes(size) {
  const fresh = new Uint8Array(size);
  if (fresh.indexOf(1) !== -1 || fresh.lastIndexOf(0) !== size - 1) broken("not zero");
  for (let at = 0; at < size; at += 97) if (fresh[at] !== 0) broken(`not zero at ${at} of ${size}`);
  return fresh;
}

function fill(size, mark) {
  const mine = zeroes(size).fill(mark);
  kept.push([mine, mark]);
  if (kept.length > 12) kept.shift();
}

const pieces = [
  () => host.say(typeof globalThis.mark, Object.keys(globalThis).length),
  () => { globalThis.mark = 1; Object.prototype.mark = 2; delete Object.prototype.mark; },
  () => host.say([3, 1, 2].sort().map((x) => x * 2).join()),
  () => fill(100, 1),
  () => fill(5000, 2),
  () => fill(70_000, 3),
  () => wait(),
  () => host.say(JSON.stringify(JSON.parse('{"a":[1,{"b":"c\\u1234"}],"d":null,"e":1.5}'))),
  () => { const a = {}; for (let n = 0; n < 500; n++) { const b = { a }; b.b = b; } },
  () => host.say("abcabc".replace(/(b)(c)/g, "$2$1"), "x".repeat(3000).length),
  () => host.say(new Map([[1, 2]]).size, [...new Set([1, 1, 2])].length),
  () => { try { host.refuse(); } catch (error) { host.say(error.code, error.name); } },
  () => { try { null.x; } catch (error) { host.say(error.name); } },
  () => kept.shift(),
  () => host.say((2n ** 200n).toString(36)),
  () => { for (const x of (function* () { yield 1; yield 2; })()) host.say(x); },
  () => host.say(new Uint8Array([1, 2, 3])),
  () => { if (Object.getOwnPropertyNames(globalThis).length > untouched + 1) broken("globals"); },
  () => { Object[`own${next++ % 3}`] = kept; Array.prototype.map = null; },
  () => { Error.prepareStackTrace = () => host.say("trace"); },
  () => { try { host.say({}); } catch {} try { host.refuse({}, 1, "x".repeat(9000)); } catch {} },
  () => fill(600_000, 4),
  () => fill(1_500_000, 5),
  async () => { fill(3_000_000, 6); await wait(); },
  () => { const all = []; for (;;) all.push(new Uint8Array(1e5).fill(9)); },
  () => { const all = []; for (;;) all.push({ all }); },
  () => { for (;;); },
  () => { Array.prototype.fill.call(forged(), 0); },
  () => { Array.prototype.indexOf.call({ length: 2 ** 53 }, 1); },
  () => { const u = new Uint8Array(2e6); for (;;) u.copyWithin(0, 1); },
  () => { const f = () => f() + 1; try { f(); } catch {} },
  () => { "x".repeat(300_000).split(""); },
  () => { try { host.say(...Array(3000).fill("x".repeat(1e5))); } catch {} },
  () => { const end = Date.now() + 3; while (Date.now() < end); },
  () => { new FinalizationRegistry(() => host.say("gone")).register({}, 1); new WeakRef({}); },
  () => { kept.length = 0; },
  () => { eval("var q = 1; with ({ a: 1 }) { a }; (function () { return arguments[0] })(1)"); },
  () => { /(a+)+$/.test("a".repeat(26) + "!"); },
  () => { throw Object.assign(new Error("x".repeat(1e5)), { get name() { for (;;); } }); },
  () => { Promise.reject(new Error("nobody looks")); },
  () => { new Array(3e5).fill(1.5).sort(() => 0); },
  () => { const all = []; for (let n = 0; n < 4000; n++) all.push(`${n}`, [n]); fill(1000, 8); },
  async () => { await Promise.all([wait(), wait(), wait()]); },
];

async function run() {
  for (const byte of new Uint8Array(host.pieces())) {
    try {
      await pieces[byte % pieces.length]();
    } catch (error) {
      host.say("caught");
    }
    for (const [mine, mark] of kept) {
      if (mine[0] !== mark || mine[50] !== mark || mine.at(-1) !== mark) broken("own");
    }
  }
  host.say("done");
}

globalThis.__hookstead = {
  start() { run(); },
  answer(id, value) {
    if (value[0] !== id || value[1] !== "answer") broken("answer");
    waiting.get(id)(value);
    waiting.delete(id);
  },
};
