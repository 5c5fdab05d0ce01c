// `require("zlib")`: whole buffers, by way of `pako`. Streams and Brotli are refused by name.

import { Error, TypeError, bufferFrom, bufferOf, objectKeys } from "hookstead:internals";
import {
  deflate, deflateRaw, gzip, inflate, inflateRaw, ungzip,
} from "pako";
import { later } from "./support/later.js";
import { refusals } from "./support/refusals.js";

const WAYS = { deflate, deflateRaw, gunzip: ungzip, gzip, inflate, inflateRaw, unzip: ungzip };
const OPTIONS = ["level", "memLevel", "strategy"];
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
const names = objectKeys(WAYS);
for (let index = 0; index < names.length; index++) {
  const way = WAYS[names[index]];
  const sync = (data, options) => convert(way, data, options);
  zlib[`${names[index]}Sync`] = sync;
  zlib[names[index]] = (data, options, callback = options) => answerLater(
    () => sync(data, typeof options === "function" ? undefined : options), callback);
}

function convert(way, data, options) {
  const given = {};
  for (let index = 0; index < OPTIONS.length; index++) {
    const value = options?.[OPTIONS[index]];
    if (value !== undefined) {
      given[OPTIONS[index]] = value;
    }
  }
  const bytes = typeof data === "string" ? bufferFrom(data) : data;
  let result;
  try {
    result = way(bytes, given);
  } catch (thrown) {
    throw failure(typeof thrown === "string" ? thrown : thrown?.message, "Z_DATA_ERROR", -3);
  }
  // Data that ends too early make no result.
  if (result === undefined) {
    throw failure("unexpected end of file", "Z_BUF_ERROR", -5);
  }
  return bufferOf(result);
}

function failure(message, code, errno) {
  const error = new Error(message);
  error.code = code;
  error.errno = errno;
  return error;
}

function answerLater(task, callback) {
  if (typeof callback !== "function") {
    throw new TypeError('The "callback" argument must be of type function.');
  }
  later(task, callback);
}

export default zlib;
