// The host's functions on Node's own, for tests: the contract that the isolate fulfils in Rust.

import * as node from "node:crypto";
import { createRequire } from "node:module";

const NodeBuffer = globalThis.Buffer;
const NodeUrl = globalThis.URL;
const rsaSchemes = {
  pss: node.constants.RSA_PKCS1_PSS_PADDING,
  pkcs1v15: node.constants.RSA_PKCS1_PADDING,
};

// The bundler resolves `require`; here Node has to.
globalThis.require = createRequire(import.meta.url);

globalThis.__host = {
  utf8_encode: (text) => exact(new globalThis.TextEncoder().encode(text)),
  utf8_decode: (bytes, fatal) =>
    new globalThis.TextDecoder("utf-8", { fatal, ignoreBOM: true }).decode(bytes),
  base64_encode: (bytes) => view(bytes).toString("base64"),
  base64_decode: decodeBase64,
  hex_encode: (bytes) => view(bytes).toString("hex"),
  hex_decode: decodeHex,
  random_bytes: (count) => exact(node.randomBytes(count)),
  random: () => Math.random(),
  random_uuid: () => node.randomUUID(),
  hash: (name, bytes) => exact(node.createHash(name).update(view(bytes)).digest()),
  hmac: (name, key, bytes) =>
    exact(node.createHmac(name, view(key)).update(view(bytes)).digest()),
  aes_gcm_encrypt: encrypt,
  aes_gcm_decrypt: decrypt,
  rsa_sign: (scheme, pem, bytes) => exact(node.sign("sha256", view(bytes), rsaKey(scheme, pem))),
  rsa_verify: (scheme, pem, bytes, signature) =>
    node.verify("sha256", view(bytes), rsaKey(scheme, pem), view(signature)),
  jwt_sign: jwtSign,
  jwt_verify: jwtVerify,
  url_parse: parseUrl,
  url_set: setUrl,
  // Node's numbers carry no marks.
  number_mark: () => 0,
  marked: (number) => number,
  // The host may always leave it to the writer.
  json_text: () => undefined,
  log: () => {},
};

function view(bytes) {
  return bytes instanceof ArrayBuffer
    ? NodeBuffer.from(bytes)
    : NodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// Results are bytes of their own, never a window on Node's pool.
function exact(bytes) {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

function decodeBase64(text) {
  const dense = text.replace(/\s/g, "").replace(/=+$/, "");
  if (/[^A-Za-z0-9+/_-]/.test(dense) || dense.length % 4 === 1) {
    throw new Error("invalid base64");
  }
  return exact(NodeBuffer.from(dense, "base64"));
}

function decodeHex(text) {
  if (text.length % 2 !== 0 || /[^0-9a-fA-F]/.test(text)) {
    throw new Error("invalid hexadecimal text");
  }
  return exact(NodeBuffer.from(text, "hex"));
}

function encrypt(key, bytes) {
  const nonce = node.randomBytes(12);
  const cipher = node.createCipheriv(`aes-${key.length * 8}-gcm`, view(key), nonce);
  const sealed = [nonce, cipher.update(view(bytes)), cipher.final(), cipher.getAuthTag()];
  return exact(NodeBuffer.concat(sealed));
}

function decrypt(key, sealed) {
  const bytes = view(sealed);
  const cipher = node.createDecipheriv(`aes-${key.length * 8}-gcm`, view(key),
    bytes.subarray(0, 12));
  cipher.setAuthTag(bytes.subarray(-16));
  return exact(NodeBuffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]));
}

function rsaKey(scheme, key) {
  return { key, padding: rsaSchemes[scheme], saltLength: node.constants.RSA_PSS_SALTLEN_DIGEST };
}

function jwtSign(algorithm, key, input) {
  const bytes = NodeBuffer.from(input);
  const hash = `sha${algorithm.slice(2)}`;
  return exact(algorithm.startsWith("HS")
    ? node.createHmac(hash, key).update(bytes).digest()
    : node.sign(hash, bytes, jwtKey(algorithm, key)));
}

function jwtVerify(algorithm, key, input, signature) {
  if (algorithm.startsWith("HS")) {
    return NodeBuffer.from(jwtSign(algorithm, key, input)).equals(view(signature));
  }
  const hash = `sha${algorithm.slice(2)}`;
  return node.verify(hash, NodeBuffer.from(input), jwtKey(algorithm, key), view(signature));
}

function jwtKey(algorithm, key) {
  switch (algorithm.slice(0, 2)) {
    case "PS":
      return rsaKey("pss", key);
    case "RS":
      return rsaKey("pkcs1v15", key);
    default:
      return { key, dsaEncoding: "ieee-p1363" };
  }
}

function parseUrl(href, base) {
  try {
    return parts(new NodeUrl(href, base));
  } catch {
    return undefined;
  }
}

function setUrl(href, part, value) {
  const url = new NodeUrl(href);
  url[part] = value;
  return parts(url);
}

function parts(url) {
  const { href, origin, protocol, username, password, host } = url;
  const { hostname, port, pathname, search, hash } = url;
  return JSON.stringify({
    href, origin, protocol, username, password, host, hostname, port, pathname, search, hash,
  });
}
