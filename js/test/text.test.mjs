// TextEncoder, TextDecoder, btoa, atob, Buffer: each against Node's own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { globals } from "./support.mjs";

const { Buffer, TextDecoder, TextEncoder, atob, btoa } = globals;
const bytes = (...values) => new Uint8Array(values);

test("TextEncoder writes UTF-8", () => {
  assert.deepEqual(new TextEncoder().encode("hé€😀"), new globalThis.TextEncoder().encode("hé€😀"));
  assert.deepEqual(new TextEncoder().encode("\ud800"), bytes(0xef, 0xbf, 0xbd));
  assert.deepEqual(new TextEncoder().encode(), bytes());
  const target = new Uint8Array(4);
  assert.deepEqual(new TextEncoder().encodeInto("aé€", target), { read: 2, written: 3 });
});

const decodings = [
  ["utf-8", [0xef, 0xbb, 0xbf, 0x61]], ["utf-8", [0x61, 0xff, 0xe2, 0x82]], ["utf8", []],
  ["latin1", [0xa0, 0xe9, 0x00]],
  ["ascii", [0x41]], ["utf-16le", [0xff, 0xfe, 0x61, 0]],
  ["utf-16le", [0, 0xd8, 0x61, 0]], ["utf-16le", [0x61]],
];
for (const [label, values] of decodings) {
  test(`TextDecoder ${label} ${values}`, () => {
    const [ours, theirs] = [new TextDecoder(label), new globalThis.TextDecoder(label)];
    assert.equal(ours.encoding, theirs.encoding);
    assert.equal(ours.decode(bytes(...values)), theirs.decode(bytes(...values)));
  });
}

// Node 20 leaves these bytes as control characters, against the standard.
test("TextDecoder reads the upper control codes as windows-1252", () => {
  assert.equal(new TextDecoder("latin1").decode(bytes(0x80, 0x81, 0x9f)), "€\x81Ÿ");
});

test("TextDecoder can be strict, keep the mark, and take pieces", () => {
  assert.throws(() => new TextDecoder("utf-8", { fatal: true }).decode(bytes(0xff)), TypeError);
  const keeping = new TextDecoder("utf-8", { ignoreBOM: true });
  assert.equal(keeping.decode(bytes(0xef, 0xbb, 0xbf)), "\ufeff");
  assert.throws(() => new TextDecoder("klingon"), RangeError);
  assert.throws(() => new TextDecoder().decode("text"), TypeError);
  const source = new TextEncoder().encode("\ufeffaé€😀b");
  const decoder = new TextDecoder();
  let text = "";
  for (const byte of source) {
    text += decoder.decode(bytes(byte), { stream: true });
  }
  assert.equal(text + decoder.decode(), "aé€😀b");
  assert.equal(new TextDecoder().decode(source.buffer), "aé€😀b");
});

test("btoa and atob", () => {
  assert.equal(btoa("hé"), globalThis.btoa("hé"));
  assert.throws(() => btoa("€"), { name: "InvalidCharacterError" });
  for (const text of ["aGk=", "aGk", " aG k= ", "", "/+8=", "aR", "aGl", "6Q=="]) {
    assert.equal(atob(text), globalThis.atob(text), text);
  }
  for (const text of ["a", "aGk==", "a=Gk", "*", "aGk_", "====", "ab="]) {
    assert.throws(() => atob(text), { name: "InvalidCharacterError" }, text);
    assert.throws(() => globalThis.atob(text), undefined, text);
  }
  assert.equal(atob(btoa("\xff".repeat(10000))).length, 10000);
});

const encodings = [
  ["é€😀", "utf8"], ["é", undefined], ["aGk=", "base64"], ["a*Gk", "base64"], ["-_8", "base64url"],
  ["00ffz1", "hex"], ["abc", "hex"], ["hé", "latin1"], ["hé", "ucs2"], ["hé", "UTF-8"],
  ["\ud800", "utf8"],
];
for (const [text, encoding] of encodings) {
  test(`Buffer.from(${JSON.stringify(text)}, ${encoding})`, () => {
    const [ours, theirs] = [Buffer.from(text, encoding), globalThis.Buffer.from(text, encoding)];
    assert.deepEqual([...ours], [...theirs]);
    for (const output of [undefined, "utf8", "hex", "base64", "base64url", "latin1", "ascii"]) {
      assert.equal(ours.toString(output), theirs.toString(output));
      assert.equal(ours.toString(output, 1, 3), theirs.toString(output, 1, 3));
    }
  });
}

test("Buffer is loaded once and can be replaced", () => {
  assert.equal(globals.Buffer, Buffer);
  assert.equal(Buffer.name, "Buffer");
  assert.ok(Buffer.isBuffer(Buffer.from("x")) && Buffer.isEncoding("base64url"));
  assert.ok(Buffer.concat([Buffer.from("a"), Buffer.from("b")]).equals(Buffer.from("ab")));
  assert.deepEqual(Buffer.from([1, 2]).toJSON(), { type: "Buffer", data: [1, 2] });
});
