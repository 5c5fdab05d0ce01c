// Bytes: views of them, pieces of them, and pieces put together.

import {
  ArrayBuffer, DataView, Uint8Array, arrayBufferIsView, dataViewBuffer, dataViewByteLength,
  dataViewByteOffset, typedArrayBuffer, typedArrayByteLength, typedArrayByteOffset,
  typedArrayLength, typedArraySet,
} from "./primordials.js";

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
export function joinBytes(pieces) {
  let length = 0;
  for (let index = 0; index < pieces.length; index++) {
    length += typedArrayLength(pieces[index]);
  }
  const bytes = new Uint8Array(length);
  let start = 0;
  for (let index = 0; index < pieces.length; index++) {
    typedArraySet(bytes, pieces[index], start);
    start += typedArrayLength(pieces[index]);
  }
  return bytes;
}
