// The BSON types, as docs/behaviour/bson.md#types has them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cases, globals } from "./support.mjs";

const { BSON, Buffer } = globals;
const { ObjectID } = await import("../src/bson.js");
const hex = "5e58667d902d38559c802b13";

test("every type works without new and knows its kind", () => {
  const made = {
    ObjectId: [hex], Binary: ["x"], Long: [1], Int32: [1], Double: [1], Decimal128: ["1"],
    BSONRegExp: ["x"], Timestamp: [{ t: 1, i: 2 }], Code: ["x"], DBRef: ["c", "i"],
    MinKey: [], MaxKey: [],
  };
  for (const [name, input] of Object.entries(made)) {
    const value = BSON[name](...input);
    assert.ok(value instanceof BSON[name], name);
    assert.deepEqual(new BSON[name](...input), value);
    assert.equal(value._bsontype, name);
    assert.equal(value.constructor, BSON[name]);
    assert.equal(BSON[name].name, name);
    const enumerable = [];
    for (const key in value) {
      enumerable.push(key);
    }
    assert.deepEqual(enumerable, Object.keys(value), `${name}: methods are not enumerable`);
  }
});

test("ObjectId takes what the platform took", () => {
  const id = BSON.ObjectId(hex);
  assert.equal(BSON.ObjectID, BSON.ObjectId);
  assert.equal(ObjectID, BSON.ObjectId);
  assert.equal(`${id}`, hex);
  assert.equal(id.toHexString(), hex);
  assert.equal(JSON.stringify({ id }), `{"id":"${hex}"}`);
  assert.equal(BSON.ObjectId(id).toString(), hex);
  assert.equal(BSON.ObjectId(Buffer.from(hex, "hex")).toString(), hex);
  assert.equal(BSON.ObjectId("hello world!").toString(), "68656c6c6f20776f726c6421");
  assert.equal(BSON.ObjectId(hex.toUpperCase()).toString(), hex);
  assert.equal(Buffer.from(id.id).toString("hex"), hex);
  assert.equal(id.str, hex);
  assert.ok(id.equals(hex) && id.equals(BSON.ObjectId(hex)));
  assert.ok(!id.equals(BSON.ObjectId()) && !id.equals(null));
  assert.equal(id.getTimestamp().toISOString(), "2020-02-28T01:01:49.000Z");
  assert.equal(BSON.ObjectId.createFromTime(1).toString(), "000000010000000000000000");
  assert.equal(BSON.ObjectId.createFromHexString(hex).toString(), hex);
});

test("ObjectId refuses the rest", () => {
  for (const input of ["", "x", hex + "0", "g".repeat(24), {}, [], true, new Uint8Array(11), NaN]) {
    assert.throws(() => BSON.ObjectId(input), /invalid ObjectId/);
    assert.equal(BSON.ObjectId.isValid(input), false);
  }
  assert.ok(BSON.ObjectId.isValid(hex));
  assert.ok(!BSON.ObjectId.isValid(undefined));
});

test("generated ids differ and ascend", () => {
  const ids = Array.from({ length: 100 }, () => BSON.ObjectId().toString());
  assert.equal(new Set(ids).size, 100);
  assert.equal(new Set(ids.map((id) => id.slice(8, 18))).size, 1);
  const seconds = parseInt(ids[0].slice(0, 8), 16);
  assert.ok(Math.abs(seconds - Date.now() / 1000) < 5);
  assert.equal(BSON.ObjectId(5).toString().slice(0, 8), "00000005");
});

test("Binary, the documented examples", () => {
  const base64 = "VGVzdCBtZXNzYWdlIHBsZWFzZSBpZ25vcmU=";
  const hexText = "54657374206d65737361676520706c656173652069676e6f7265";
  const binary = BSON.Binary.fromBase64(base64);
  assert.equal(binary.text(), "Test message please ignore");
  assert.equal(binary.toHex(), hexText);
  assert.equal(binary.toBase64(), base64);
  assert.equal(BSON.Binary.fromHex(hexText).text(), "Test message please ignore");
  assert.equal(BSON.Binary.fromText("é").toHex(), "c3a9");
  assert.equal(BSON.Binary.fromBase64("aGk").text(), "hi");
  assert.equal(String(binary), "[object Binary]");
  assert.equal(Object.prototype.toString.call(binary), "[object Binary]");
  assert.equal(binary.length(), 26);
  assert.equal(binary.buffer.toString(), "Test message please ignore");
  assert.deepEqual([binary.subtype, binary.sub_type], [0, 0]);
  assert.equal(new BSON.Binary(new Uint8Array([255]), 5).sub_type, 5);
  assert.equal(new BSON.Binary(binary).text(), binary.text());
  assert.throws(() => BSON.Binary.fromHex("zz"), /not hexadecimal/);
  assert.throws(() => BSON.Binary.fromBase64("*"), /not base64/);
  assert.throws(() => BSON.Binary(5), /invalid Binary/);
  assert.throws(() => BSON.Binary("", 256), /subtype/);
});

test("UUID is a Binary of subtype 4", () => {
  const id = BSON.UUID("c8edabc3-f738-4ca3-b68d-ab92a91478a3");
  assert.equal(id.toString(), "c8edabc3-f738-4ca3-b68d-ab92a91478a3");
  assert.equal(id.sub_type, 4);
  assert.ok(id.equals("c8edabc3f7384ca3b68dab92a91478a3"));
  assert.equal(BSON.UUID().toString().length, 36);
  assert.throws(() => BSON.UUID("x"), /invalid UUID/);
});

test("Long counts in 64 bits", () => {
  const { Long } = BSON;
  assert.equal(Long(600206158, 342).toNumber(), 1469479021390);
  assert.equal(Long(-1).toString(), "-1");
  assert.equal(Long(-1, 0).toString(), "4294967295");
  assert.equal(Long(-1, -1).toString(), "-1");
  assert.equal(Long(4294967295, 1).toString(), "8589934591");
  assert.equal(Long().toString(), "0");
  assert.equal(Long("9007199254740993").add(1).toString(), "9007199254740994");
  assert.equal(Long(5) + 1, 6);
  assert.equal(Long(7).subtract(9).toNumber(), -2);
  assert.equal(Long(7).multiply(Long(6)).toNumber(), 42);
  assert.equal(Long(-7).divide(2).toNumber(), -3);
  assert.equal(Long(-7).modulo(2).toNumber(), -1);
  assert.equal(Long.MAX_VALUE.add(1).equals(Long.MIN_VALUE), true);
  assert.ok(Long(1).lessThan(2) && Long(2).greaterThan(1) && !Long(2).lessThan(2));
  assert.equal(Long.fromString("-ff", 16).toString(), "-255");
  assert.equal(Long.fromNumber(2 ** 40).toNumber(), 2 ** 40);
  assert.equal(JSON.stringify([Long(1), Long.MAX_VALUE]), '[1,"9223372036854775807"]');
  assert.throws(() => Long(1).divide(0), /zero/);
  assert.throws(() => Long("1.5"), /not an integer/);
  assert.throws(() => Long({}), /invalid Long/);
});

test("Int32 and Double stand for numbers", () => {
  assert.equal(Number(BSON.Int32()), 0);
  assert.equal(BSON.Int32("41") + 1, 42);
  assert.equal(BSON.Double(1.5) * 2, 3);
  assert.equal(JSON.stringify([BSON.Int32(1), BSON.Double(0.5)]), "[1,0.5]");
  assert.equal(`${BSON.Double(0.5)}`, "0.5");
  assert.throws(() => BSON.Int32("x"), /invalid Int32/);
  assert.throws(() => BSON.Double({}), /invalid Double/);
});

const decimals = cases("decimal128");
for (const [text, expected] of decimals.valid) {
  test(`Decimal128 ${text}`, () => {
    assert.equal(BSON.Decimal128.fromString(text).toString(), expected);
    assert.equal(BSON.Decimal128.fromString(expected).toString(), expected);
  });
}
for (const text of decimals.invalid) {
  test(`Decimal128 refuses "${text}"`, () => {
    assert.throws(() => BSON.Decimal128.fromString(text), /invalid Decimal128/);
  });
}

test("the smaller types", () => {
  assert.deepEqual({ ...BSON.BSONRegExp(/a/, "mi") }, { pattern: "a", options: "im" });
  assert.throws(() => BSON.BSONRegExp("a\0"), /invalid BSONRegExp/);
  assert.deepEqual({ ...BSON.Timestamp(2, 1) }, { t: 1, i: 2 });
  assert.equal(BSON.Timestamp({ t: 1, i: 2 }).toString(), "4294967298");
  assert.throws(() => BSON.Timestamp({}), /invalid Timestamp/);
  assert.ok(BSON.MinKey() instanceof BSON.MinKey);
});
