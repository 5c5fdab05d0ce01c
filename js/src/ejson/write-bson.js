// The leaves of the writer: every BSON type in extended and in plain JSON.
//
// Values are read through what BSON libraries have in common, since an app may bring its own.

import { Number, String, jsonStringify, numberToString, stringPadStart } from "../primordials.js";
import { host } from "../host.js";
import { binaryBytes } from "../bson/binary.js";

// The text of a BSON value, or undefined when the tag is not one that is known here.
export function writeBson(writer, tag, value, depth) {
  switch (tag) {
    case "ObjectId":
    case "ObjectID":
      return wrapped(writer, "$oid", value.toHexString());
    case "Binary":
      return writeBytes(writer, binaryBytes(value), value.sub_type);
    case "Long":
      return writer.extended ? wrapped(writer, "$numberLong", value.toString()) : value.toString();
    case "Int32":
      return writer.extended
        ? wrapped(writer, "$numberInt", String(value.valueOf()))
        : writer.number(Number(value.valueOf()));
    case "Double":
      return writer.double(Number(value.valueOf()));
    case "Decimal128":
      return wrapped(writer, "$numberDecimal", value.toString());
    case "BSONRegExp":
      return writer.regExp(String(value.pattern), String(value.options));
    case "Timestamp":
      return timestamp(writer, value);
    case "MinKey":
      return writer.extended ? '{"$minKey":1}' : "{}";
    case "MaxKey":
      return writer.extended ? '{"$maxKey":1}' : "{}";
    case "Symbol":
    case "BSONSymbol":
      return jsonStringify(String(value.value));
    case "Code":
      return code(writer, value, depth);
    case "DBRef":
      return reference(writer, value, depth);
    default:
      return undefined;
  }
}

export function writeBytes(writer, bytes, subtype) {
  const data = host.base64_encode(bytes);
  if (!writer.extended) {
    return `{"Subtype":${Number(subtype)},"Data":"${data}"}`;
  }
  const hex = stringPadStart(numberToString(Number(subtype), 16), 2, "0");
  return `{"$binary":{"base64":"${data}","subType":"${hex}"}}`;
}

function wrapped(writer, key, text) {
  return writer.extended ? `{"${key}":${jsonStringify(text)}}` : jsonStringify(text);
}

// Other libraries keep the two parts as the halves of a 64-bit integer.
function timestamp(writer, value) {
  const t = Number(value.t ?? value.high) >>> 0;
  const i = Number(value.i ?? value.low) >>> 0;
  return writer.extended ? `{"$timestamp":{"t":${t},"i":${i}}}` : `{"T":${t},"I":${i}}`;
}

function code(writer, value, depth) {
  const text = jsonStringify(String(value.code));
  const hasScope = value.scope !== null && typeof value.scope === "object";
  if (!hasScope) {
    return writer.extended ? `{"$code":${text}}` : text;
  }
  const scope = writer.write(value.scope, "scope", depth + 1);
  return writer.extended
    ? `{"$code":${text},"$scope":${scope}}`
    : `{"Code":${text},"Scope":${scope}}`;
}

function reference(writer, value, depth) {
  const shape = { $ref: value.collection, $id: value.oid };
  if (value.db !== undefined && value.db !== null && value.db !== "") {
    shape.$db = value.db;
  }
  return writer.plain({ ...shape, ...value.fields }, depth + 1);
}
