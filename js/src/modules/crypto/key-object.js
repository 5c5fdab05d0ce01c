// Keys as objects. What they hold is theirs alone.

import { TypeError, bufferOf, Uint8Array } from "hookstead:internals";

export class KeyObject {
  #bytes;
  #type;
  #asymmetricKeyType;

  constructor(type, bytes, asymmetricKeyType) {
    if (type !== "secret" && type !== "public" && type !== "private") {
      throw new TypeError(`The argument 'type' is invalid. Received '${type}'`);
    }
    this.#type = type;
    this.#bytes = bytes;
    this.#asymmetricKeyType = asymmetricKeyType;
  }

  /** The bytes of a key; `undefined` for what is none. */
  static bytesOf(key) {
    return typeof key === "object" && key !== null && #bytes in key ? key.#bytes : undefined;
  }

  get type() {
    return this.#type;
  }

  get asymmetricKeyType() {
    return this.#asymmetricKeyType;
  }

  get symmetricKeySize() {
    return this.#type === "secret" ? this.#bytes.length : undefined;
  }

  export() {
    return bufferOf(new Uint8Array(this.#bytes));
  }
}
