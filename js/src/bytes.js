// Text and bytes: the few conversions that every other module needs.

import { replaceText } from "./lists.js";
import {
  ArrayBuffer, DataView, Uint8Array, arrayBufferIsView, dataViewBuffer, dataViewByteLength,
  dataViewByteOffset, mathMin, reflectApply, stringFromCharCode, stringToWellFormed,
  typedArrayBuffer, typedArrayByteLength, typedArrayByteOffset, typedArrayLength, typedArraySet,
} from "./primordials.js";
import { host } from "./host.js";

// A lone surrogate has no UTF-8 form; it becomes U+FFFD here, so that the host never sees one.
export function utf8Encode(text) {
  return new Uint8Array(host.utf8_encode(stringToWellFormed(text)));
}

export function utf8Decode(bytes) {
  return host.utf8_decode(bytes, false);
}

export function base64UrlEncode(bytes) {
  const text = replaceText(host.base64_encode(bytes), "+", "-");
  return replaceText(replaceText(text, "/", "_"), "=", "");
}

// The bytes of a buffer, of any view of one, or undefined for everything else. Nothing is copied.
export function viewBytes(value) {
  if (value instanceof Uint8Array) {
    return value;
  }
  if (arrayBufferIsView(value)) {
    return value instanceof DataView
      ? new Uint8Array(
        dataViewBuffer(value), dataViewByteOffset(value), dataViewByteLength(value),
      )
      : new Uint8Array(
        typedArrayBuffer(value), typedArrayByteOffset(value), typedArrayByteLength(value),
      );
  }
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

// One character per byte. The pieces keep the argument list of a single call short.
export function latin1Decode(bytes) {
  const piece = 4096;
  const length = typedArrayLength(bytes);
  let text = "";
  for (let start = 0; start < length; start += piece) {
    const codes = [];
    for (let index = start; index < mathMin(start + piece, length); index++) {
      codes[codes.length] = bytes[index];
    }
    text += reflectApply(stringFromCharCode, undefined, codes);
  }
  return text;
}

// Some of the bytes, in the same memory; the numbers are within their length.
export function part(bytes, start, end) {
  return new Uint8Array(typedArrayBuffer(bytes), typedArrayByteOffset(bytes) + start, end - start);
}

// Bytes out of a list of numbers.
export function bytesFrom(list) {
  const bytes = new Uint8Array(list.length);
  for (let index = 0; index < list.length; index++) {
    bytes[index] = list[index];
  }
  return bytes;
}

// Bytes one after the other, in memory of their own.
export function joinBytes(first, second) {
  const start = typedArrayLength(first);
  const bytes = new Uint8Array(start + typedArrayLength(second));
  typedArraySet(bytes, first);
  typedArraySet(bytes, second, start);
  return bytes;
}
