// What Node's cryptography takes for bytes, and the encodings that it answers in.

export function bytesOf(data, encoding, argument = "data") {
  if (typeof data === "string") {
    return Buffer.from(data, encoding === "buffer" ? undefined : encoding);
  }
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  // A BSON.Binary, which is what the rest of the platform has for bytes.
  if (data?._bytes instanceof Uint8Array) {
    return data._bytes;
  }
  const received = data === undefined || data === null ? String(data) : `type ${typeof data}`;
  const error = new TypeError(`The "${argument}" argument must be one of type string, Buffer, ` +
    `TypedArray, or DataView. Received ${received}`);
  error.code = "ERR_INVALID_ARG_TYPE";
  throw error;
}

export function inEncoding(bytes, encoding) {
  const buffer = Buffer.from(bytes);
  return encoding === undefined || encoding === "buffer" ? buffer : buffer.toString(encoding);
}

// The pieces that several calls of `update` gave. The host wants them in one.
export class Pieces {
  #pieces = [];

  add(bytes) {
    // The caller may write to its buffer again.
    this.#pieces.push(Buffer.from(bytes));
  }

  joined() {
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }
}
