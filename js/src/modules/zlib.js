// `require("zlib")`: whole buffers, by way of `pako`. Streams and Brotli are refused by name.

import {
  deflate, deflateRaw, gzip, inflate, inflateRaw, ungzip,
} from "pako";
import { later } from "./support/later.js";
import { refusals } from "./support/refusals.js";

const WAYS = { deflate, deflateRaw, gunzip: ungzip, gzip, inflate, inflateRaw, unzip: ungzip };
const REFUSED = [
  "brotliCompress", "brotliCompressSync", "brotliDecompress", "brotliDecompressSync",
  "createBrotliCompress", "createBrotliDecompress", "createDeflate", "createDeflateRaw",
  "createGunzip", "createGzip", "createInflate", "createInflateRaw", "createUnzip",
];

const constants = {
  Z_BEST_COMPRESSION: 9, Z_BEST_SPEED: 1, Z_DEFAULT_COMPRESSION: -1, Z_NO_COMPRESSION: 0,
  Z_DEFAULT_STRATEGY: 0, Z_FINISH: 4, Z_NO_FLUSH: 0, Z_SYNC_FLUSH: 2,
};

const zlib = { ...refusals("zlib", REFUSED), constants, ...constants };
for (const [name, way] of Object.entries(WAYS)) {
  const sync = (data, options) => convert(way, data, options);
  zlib[`${name}Sync`] = sync;
  zlib[name] = (data, options, callback = options) => answerLater(
    () => sync(data, typeof options === "function" ? undefined : options), callback);
}

function convert(way, data, options) {
  const { level, memLevel, strategy } = options ?? {};
  const given = { level, memLevel, strategy };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  let result;
  try {
    result = way(bytes, Object.fromEntries(set));
  } catch (thrown) {
    throw failure(typeof thrown === "string" ? thrown : thrown?.message, "Z_DATA_ERROR", -3);
  }
  // Data that ends too early make no result.
  if (result === undefined) {
    throw failure("unexpected end of file", "Z_BUF_ERROR", -5);
  }
  return Buffer.from(result.buffer, result.byteOffset, result.byteLength);
}

function failure(message, code, errno) {
  return Object.assign(new Error(message), { code, errno });
}

function answerLater(task, callback) {
  if (typeof callback !== "function") {
    throw new TypeError('The "callback" argument must be of type function.');
  }
  later(task, callback);
}

export default zlib;
