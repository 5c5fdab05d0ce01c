// utils.crypto and utils.jwt, with the examples of docs/behaviour/utils.md#crypto.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { globals } from "./support.mjs";

const { BSON, EJSON, utils: { crypto, jwt } } = globals;
const aesKey = "603082712271C525E087BD999A4E0738";

function keyPair(type, options, privateType, publicType) {
  return generateKeyPairSync(type, {
    ...options,
    privateKeyEncoding: { type: privateType, format: "pem" },
    publicKeyEncoding: { type: publicType, format: "pem" },
  });
}

const rsa = keyPair("rsa", { modulusLength: 2048 }, "pkcs8", "spki");
const rsaOld = keyPair("rsa", { modulusLength: 2048 }, "pkcs1", "pkcs1");
const curves = { 256: "P-256", 384: "P-384", 512: "P-521" };

function keysFor(method) {
  if (method.startsWith("HS")) {
    return { privateKey: "SuperSecret", publicKey: "SuperSecret" };
  }
  return method.startsWith("ES")
    ? keyPair("ec", { namedCurve: curves[method.slice(2)] }, "pkcs8", "spki")
    : rsa;
}

test("decrypt, the documented message", () => {
  const sealed = BSON.Binary.fromBase64(
    "WPBuIvJ6Bity43Uh822dW8QlVYVJaFUiDeUjlTiJXzptUuTYIKPlXekBQAJb");
  assert.equal(crypto.decrypt("aes", sealed, aesKey).text(), "MongoDB is great!");
});

test("encrypt and decrypt, all key lengths", () => {
  for (const length of [16, 24, 32]) {
    const key = aesKey.slice(0, length);
    const sealed = crypto.encrypt("aes", "é", key);
    assert.equal(sealed.length(), 12 + 2 + 16);
    assert.equal(crypto.decrypt("aes", sealed, key).text(), "é");
    assert.throws(() => crypto.decrypt("aes", sealed, key.replace("6", "7")),
      { name: "FunctionError", message: /cannot decrypt/ });
  }
  assert.throws(() => crypto.encrypt("aes", "x", "short"), /16, 24 or 32 bytes long, not 5/);
  assert.throws(() => crypto.decrypt("aes", "short", aesKey), /too short/);
  assert.throws(() => crypto.encrypt("des", "x", aesKey), /unsupported encryption type "des"/);
});

test("hmac and hash, the documented values", () => {
  assert.equal(crypto.hmac("hello!", "super-secret", "sha256", "base64"),
    "SUXd6PRMaTXXgBGaGsIHzaDWgTSa6C3D44lRGrvRak0=");
  assert.equal(crypto.hash("sha256", "hello!").toBase64(),
    "zgYJL7lI2f+sfRo3bkBLJrdXW8wR7gWkYV/vT+w6MIs=");
  const body = BSON.Binary.fromText('{"message":"MESSAGE"}');
  assert.equal(crypto.hmac(body, "12345", "sha256", "hex"),
    "828ee180512eaf8a6229eda7eea72323f68e9c0f0093b11a578b0544c5777862");
  assert.equal(crypto.hmac(EJSON.stringify({ message: "MESSAGE" }), 12345, "sha256", "hex"),
    "828ee180512eaf8a6229eda7eea72323f68e9c0f0093b11a578b0544c5777862");
  assert.equal(crypto.hash("md5", new Uint8Array()).toHex(), "d41d8cd98f00b204e9800998ecf8427e");
  assert.equal(crypto.hash("sha1", "").toHex(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
});

test("hmac and hash refuse what they do not know", () => {
  assert.throws(() => crypto.hash("sha3", "x"), /unsupported hash function "sha3"/);
  assert.throws(() => crypto.hmac("x", "y", "md5", "hex"), /unsupported hash function/);
  assert.throws(() => crypto.hmac("x", "y", "sha1"), /unsupported output format/);
  assert.throws(() => crypto.hmac("x", undefined, "sha1", "hex"), /"secret" must be a string/);
  assert.throws(() => crypto.hash("sha1", { a: 1 }), /"input" must be a string/);
});

test("sign and verify", () => {
  for (const { privateKey, publicKey } of [rsa, rsaOld]) {
    for (const scheme of ["pss", "pkcs1v15", undefined]) {
      const signature = crypto.sign("rsa", "message", privateKey, scheme);
      assert.equal(crypto.verify("rsa", "message", publicKey, signature, scheme), true);
      assert.equal(crypto.verify("rsa", "massage", publicKey, signature, scheme), false);
    }
  }
  const signature = crypto.sign("rsa", "message", rsa.privateKey);
  assert.equal(crypto.verify("rsa", "message", rsa.publicKey, signature, "pkcs1v15"), false);
  assert.throws(() => crypto.sign("rsa", "x", rsa.privateKey, "raw"), /signature scheme "raw"/);
  assert.throws(() => crypto.sign("rsa", "x", "no key"), { name: "FunctionError" });
});

test("a token, the documented one", () => {
  const payload = { sub: "1234567890", name: "Joe Example", iat: 1565721223187 };
  assert.equal(jwt.encode("HS512", payload, "SuperSecret"),
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvZSBFeGFtcGxl" +
    "IiwiaWF0IjoxNTY1NzIxMjIzMTg3fQ.xqxUgCruIxHpZWB9LUuhQDRRS0y_oC-aawPAgrlO5opblUjRE4pl-sCVV3P" +
    "zZ1apobnp4KEhzdFLW7Rr4kmolg");
  const documented =
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvZSBTY2htb2Ui" +
    "LCJpYXQiOjE1NjU3MjEyMjMxODd9.-QL15ldu2BYuJokNWT6YRiwZQIiIpvq6Kyv-C6qslNdNiUVxo8zqLJZ1iEkN" +
    "f2yZKMIrQuMCtIC1tzd2H31AxA";
  const expected = { sub: "1234567890", name: "Joe Schmoe", iat: 1565721223187 };
  assert.deepEqual(jwt.decode(documented, "SuperSecret"), expected);
  assert.deepEqual(jwt.decode(documented, "SuperSecret", true, ["HS512"]),
    { header: { alg: "HS512", typ: "JWT" }, payload: expected });
  assert.throws(() => jwt.decode(documented, "SuperSecret", false, ["HS256"]),
    /signing method HS512 is invalid/);
  assert.throws(() => jwt.decode(documented, "Wrong"), /signature is invalid/);
});

for (const family of ["HS", "RS", "ES", "PS"]) {
  for (const size of ["256", "384", "512"]) {
    test(`a token with ${family}${size}`, () => {
      const { privateKey, publicKey } = keysFor(family + size);
      const token = jwt.encode(family + size, { a: "é" }, privateKey, { kid: "k", alg: "none" });
      assert.deepEqual(jwt.decode(token, publicKey, true),
        { header: { alg: family + size, typ: "JWT", kid: "k" }, payload: { a: "é" } });
      const [header, , signature] = token.split(".");
      const forged = `${header}.${Buffer.from('{"a":"f"}').toString("base64url")}.${signature}`;
      assert.throws(() => jwt.decode(forged, publicKey), { name: "FunctionError" });
    });
  }
}

test("a public key is never the secret of an HMAC", () => {
  const forged = jwt.encode("HS256", { admin: true }, rsa.publicKey);
  const invalid = /signing method HS256 is invalid/;
  assert.throws(() => jwt.decode(forged, rsa.publicKey), invalid);
  assert.throws(() => jwt.decode(forged, ` \n${rsa.publicKey}`), invalid);
  assert.throws(() => jwt.decode(forged, rsa.publicKey, false, ["RS256", "HS256"]), invalid);
  assert.throws(() => jwt.decode(forged, rsa.publicKey, false, []), invalid);
  assert.deepEqual(jwt.decode(forged, rsa.publicKey, false, ["HS256"]), { admin: true });
});

test("tokens without a signature, or of a wrong form", () => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const none = `${part({ alg: "none" })}.${part({})}.`;
  assert.throws(() => jwt.decode(none, "k"), /signing method none is invalid/);
  assert.throws(() => jwt.decode(none, "k", false, ["none"]), /signing method none is invalid/);
  for (const token of ["", "a.b", "a.b.c.d", "*.b.c", `${part([])}.e30.`, undefined, {}]) {
    assert.throws(() => jwt.decode(token, "k"), { name: "FunctionError" });
  }
  const token = jwt.encode("HS256", {}, "k");
  assert.throws(() => jwt.decode(`${token}=`, "k"), /not base64url/);
  assert.throws(() => jwt.decode(token, ""), /must not be empty/);
  assert.throws(() => jwt.decode(token, undefined), /"key" must be a string/);
  assert.throws(() => jwt.encode("HS1", {}, "k"), /unsupported signing method "HS1"/);
  assert.throws(() => jwt.encode("HS256", "text", "k"), /must be an object/);
  assert.deepEqual(jwt.decode(jwt.encode("HS256", {}, 12345), "12345"), {});
});

test("times are checked", () => {
  const now = Math.floor(Date.now() / 1000);
  const check = (payload) => jwt.decode(jwt.encode("HS256", payload, "k"), "k");
  assert.throws(() => check({ exp: now - 1 }), /^FunctionError: token is expired$/);
  assert.throws(() => check({ nbf: now + 60 }), /^FunctionError: token is not valid yet$/);
  assert.throws(() => check({ exp: "soon" }), /invalid claim "exp"/);
  assert.deepEqual(check({ exp: now + 60, nbf: now }), { exp: now + 60, nbf: now });
});
