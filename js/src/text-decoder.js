// TextDecoder, as browsers and Node have it.

import { joinBytes, part, viewBytes } from "./bytes.js";
import { latin1Decode } from "./encodings.js";
import { host } from "./host.js";
import { replaceMatches } from "./lists.js";
import {
  Boolean, RangeError, String, TypeError, Uint8Array, mathMin, stringCharCodeAt, stringFromCharCode,
  stringIsWellFormed, stringSlice, stringToLowerCase, stringToWellFormed, stringTrim,
  typedArrayLength,
} from "./primordials.js";

export class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBom;
  #kept = new Uint8Array(0);
  #started = false;

  constructor(label = "utf-8", options = {}) {
    this.#encoding = encodingOf(label);
    this.#fatal = Boolean(options?.fatal);
    this.#ignoreBom = Boolean(options?.ignoreBOM);
  }

  get encoding() {
    return this.#encoding;
  }

  get fatal() {
    return this.#fatal;
  }

  get ignoreBOM() {
    return this.#ignoreBom;
  }

  decode(input = new Uint8Array(0), options = {}) {
    const fresh = viewBytes(input);
    if (fresh === undefined) {
      throw new TypeError("TextDecoder.decode expects an ArrayBuffer or a view of one");
    }
    const stream = Boolean(options?.stream);
    const bytes = typedArrayLength(this.#kept) === 0 ? fresh : joinBytes([this.#kept, fresh]);
    const length = typedArrayLength(bytes);
    const end = stream ? wholeLength(bytes, length, this.#encoding) : length;
    this.#kept = new Uint8Array(part(bytes, end, length));
    let text = this.#text(part(bytes, 0, end));
    if (!this.#started && text.length > 0) {
      this.#started = true;
      const hasBom = stringCharCodeAt(text, 0) === 0xfeff && this.#encoding !== "windows-1252";
      text = hasBom && !this.#ignoreBom ? stringSlice(text, 1) : text;
    }
    if (!stream) {
      this.#started = false;
    }
    return text;
  }

  #text(bytes) {
    switch (this.#encoding) {
      case "utf-8":
        return decodeUtf8(bytes, this.#fatal);
      case "utf-16le":
        return decodeUtf16(bytes, this.#fatal);
      default:
        return decodeWindows1252(bytes);
    }
  }
}

function encodingOf(label) {
  switch (stringToLowerCase(stringTrim(String(label)))) {
    case "utf-8":
    case "utf8":
    case "unicode-1-1-utf-8":
      return "utf-8";
    case "utf-16le":
    case "utf-16":
    case "ucs-2":
    case "unicode":
      return "utf-16le";
    case "latin1":
    case "ascii":
    case "us-ascii":
    case "iso-8859-1":
    case "windows-1252":
    case "cp1252":
      return "windows-1252";
    default:
      throw new RangeError(`the encoding "${label}" is not supported`);
  }
}

// How many bytes end on a whole character; the rest waits for the next piece of the stream.
function wholeLength(bytes, length, encoding) {
  if (encoding === "utf-16le") {
    const even = length - (length % 2);
    const isHalf = even > 0 && (bytes[even - 1] & 0xfc) === 0xd8;
    return isHalf ? even - 2 : even;
  }
  if (encoding !== "utf-8") {
    return length;
  }
  for (let back = 1; back <= mathMin(3, length); back++) {
    const byte = bytes[length - back];
    if ((byte & 0xc0) !== 0x80) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
      return needed > back ? length - back : length;
    }
  }
  return length;
}

function decodeUtf8(bytes, fatal) {
  try {
    return host.utf8_decode(bytes, fatal);
  } catch {
    throw new TypeError("the encoded data was not valid for encoding utf-8");
  }
}

function decodeUtf16(bytes, fatal) {
  let text = "";
  const length = typedArrayLength(bytes);
  for (let index = 0; index + 1 < length; index += 2) {
    text += stringFromCharCode(bytes[index] | (bytes[index + 1] << 8));
  }
  const isWhole = length % 2 === 0;
  if (fatal && !(isWhole && stringIsWellFormed(text))) {
    throw new TypeError("the encoded data was not valid for encoding utf-16le");
  }
  return stringToWellFormed(text) + (isWhole ? "" : "\ufffd");
}

function decodeWindows1252(bytes) {
  const special = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";
  return replaceMatches(latin1Decode(bytes), /[\x80-\x9f]/g,
    (control) => special[stringCharCodeAt(control, 0) - 0x80]);
}
