// The host's functions on Node's own, for tests: the contract that the isolate fulfils in Rust.

import * as node from "node:crypto";
import { createRequire } from "node:module";
import { MARK_NONE } from "../src/border.js";

const NodeBuffer = globalThis.Buffer;
const NodeUrl = globalThis.URL;
const rsaSchemes = {
  pss: node.constants.RSA_PKCS1_PSS_PADDING,
  pkcs1v15: node.constants.RSA_PKCS1_PADDING,
};

// The bundler resolves `require`; here Node has to.
globalThis.require = createRequire(import.meta.url);

let lastTimer = 0;

/** @type {Partial<import("../src/border.js").Natives>} */
const natives = {
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
  number_mark: () => MARK_NONE,
  marked: (number) => number,
  // The host may always leave it to the writer.
  json_text: () => undefined,
  cipher_encrypt: (...given) => cipher(node.createCipheriv, ...given),
  cipher_decrypt: (...given) => cipher(node.createDecipheriv, ...given),
  pbkdf2: (algorithm, password, salt, iterations, keyBytes) =>
    exact(node.pbkdf2Sync(view(password), view(salt), iterations, keyBytes, algorithm)),
  header_is_valid: (name, value) =>
    /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) && !/[\0-\x08\x0a-\x1f\x7f]/.test(value),
  // An app without values, services and functions, called without a request.
  arguments: () => "[]",
  error_told: () => undefined,
  monotonic_ms: () => performance.now(),
  request_body: () => new ArrayBuffer(0),
  request_body_text: () => "",
  request_headers: () => "{}",
  request_info: () => undefined,
  request_query: () => "{}",
  service_kind: () => undefined,
  user: () => ({ type: "system", data: {} }),
  value_get: () => undefined,
  log: () => true,
  settled: () => undefined,
  fail: () => undefined,
  reply: () => undefined,
  // No timer of theirs is ever due.
  timer_cancel: () => undefined,
  timer_start: () => {
    lastTimer += 1;
    return lastTimer;
  },
};
globalThis.__host = /** @type {any} */ (natives);

/** Why there is none of these, by native. */
export const missing = {
  data_in_transaction: "needs a data source",
  data_session: "needs a data source",
  data_session_end: "needs a data source",
  data_start: "needs a data source",
  data_start_large: "needs a data source",
  data_transaction_start: "needs a data source",
  function_allow: "needs the functions of an app",
  function_find: "needs the functions of an app",
  http_start: "needs a client for HTTP",
  script: "needs the scripts of an image",
  service_allow: "needs the services of an app",
  service_allows: "needs the services of an app",
  wait: "needs an engine that can be suspended",
};

function view(bytes) {
  if (typeof bytes === "string") {
    return NodeBuffer.from(bytes);
  }
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

// GCM has its tag at the end of what is sealed.
function cipher(make, name, key, iv, data, additional, pads) {
  const isGcm = name.endsWith("gcm");
  const way = make(name, view(key), view(iv));
  let given = view(data);
  if (isGcm) {
    way.setAAD(view(additional));
    if (make === node.createDecipheriv) {
      way.setAuthTag(given.subarray(-16));
      given = given.subarray(0, -16);
    }
  } else {
    way.setAutoPadding(pads);
  }
  const pieces = [way.update(given), way.final()];
  if (isGcm && make === node.createCipheriv) {
    pieces.push(way.getAuthTag());
  }
  return exact(NodeBuffer.concat(pieces));
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
