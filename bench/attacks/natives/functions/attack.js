// One call, or a few, of what takes long. Each answers with a number, if it has the time.
const crypto = require("crypto");

const large = (bytes) => Buffer.alloc(bytes, 97);
const until = (milliseconds, work) => {
  for (const end = Date.now() + milliseconds; Date.now() < end;) {
    work();
  }
  return 1;
};

const attacks = {
  pbkdf2: () => crypto.pbkdf2Sync("password", "salt", 10000000, 32, "sha256").length,
  hash: () => crypto.createHash("sha512").update(large(1e8)).digest().length,
  hmac: () => crypto.createHmac("sha256", "key").update(large(1e8)).digest().length,
  base64: () => Buffer.from(large(5e7).toString("base64"), "base64").length,
  hex: () => Buffer.from(large(3e7).toString("hex"), "hex").length,
  aes: () => {
    const cipher = crypto.createCipheriv("aes-256-gcm", Buffer.alloc(32), Buffer.alloc(12));
    return cipher.update(large(8e7)).length + cipher.final().length;
  },
  rsa: () => until(1000, () => {
    try {
      utils.jwt.encode("RS512", { a: 1 }, "-----BEGIN PRIVATE KEY-----\n"
        + large(6000).toString() + "\n-----END PRIVATE KEY-----");
    } catch {
      // No key, and read as one.
    }
  }),
  url: () => until(1000, () => new URL(`http://localhost/${"a b".repeat(3e5)}`)),
  fill: () => new Uint8Array(3e8).fill(7).length,
  log: () => console.log("a".repeat(1e7)),
  sort: () => Float64Array.from({ length: 2e6 }, (_, n) => -n).sort().length,
  bigint: () => (3n ** 1000000n > 0n ? 1 : 0),
  regexp: () => (/(a+)+$/.test(`${"a".repeat(30)}!`) ? 1 : 0),
  json: () => JSON.parse(JSON.stringify(new Array(2e6).fill(1))).length,
  repeat: () => "ab".repeat(1e8).length,
  utf8: () => new TextDecoder().decode(new TextEncoder().encode("\u00fc".repeat(2e7))).length,
  body: (response) => response.setBody("a".repeat(5e7)),
  free: () => until(1000, () => new Uint8Array(1e8).fill(1)),
  random: () => crypto.randomBytes(1e8).length,
  spin: () => until(2000, () => 0),
};

exports = ({ query }, response) => attacks[query.name](response);
