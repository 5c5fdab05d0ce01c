// `context.http`: six actions that take one document and resolve to the response
// (docs/behaviour/http-calls.md#request). What may be called is the host's to decide.

import { append, holds, map } from "../lists.js";
import {
  String, Uint8Array, arrayIsArray, jsonParse, jsonStringify, objectKeys, stringToUpperCase,
} from "../primordials.js";
import { viewBytes } from "../bytes.js";
import { utf8Encode } from "../encodings.js";
import { host } from "../host.js";
import { Binary } from "../bson.js";
import { stringify } from "../ejson.js";
import { FunctionError } from "../errors.js";
import { promiseFor } from "./pending.js";

const WITH_BODY = ["post", "put", "patch", "delete"];

/**
 * Makes a request, unless `judge` rejects it.
 *
 * @param {string} method
 * @param {any} options
 * @param {((head: string, body?: any) => Promise<any>) | undefined} judge
 */
export async function request(method, options, judge) {
  const parts = requestHead(method, options);
  const { form, body } = requestBody(method, options);
  const head = jsonStringify({ ...parts, form });
  if (judge !== undefined) {
    await judge(head, body);
  }
  const answer = await promiseFor(host.http_start(head, body));
  return {
    ...jsonParse(answer[0]),
    body: new Binary(new Uint8Array(answer[1]), 0),
  };
}

const action = (method) => async (options) => await request(method, options, undefined);

export const http = {
  get: action("get"),
  post: action("post"),
  put: action("put"),
  patch: action("patch"),
  delete: action("delete"),
  head: action("head"),
};

function requestHead(method, options) {
  if (typeof options !== "object" || options === null) {
    throw refuse("expected one argument, a document");
  }
  const text = (name) => optional(options, name, "string");
  return {
    method: stringToUpperCase(method),
    url: text("url"),
    scheme: text("scheme"),
    host: text("host") ?? text("domain"),
    path: text("path"),
    fragment: text("fragment"),
    username: login(options, "username"),
    password: login(options, "password"),
    authUrl: text("authUrl"),
    digestAuth: optional(options, "digestAuth", "boolean"),
    followRedirects: optional(options, "followRedirects", "boolean"),
    query: lists(options, "query"),
    headers: lists(options, "headers"),
    cookies: cookies(options),
  };
}

function requestBody(method, options) {
  if (!holds(WITH_BODY, method)) {
    return { form: undefined, body: undefined };
  }
  const { body, form } = options;
  if (form !== undefined && form !== null) {
    if (body !== undefined && body !== null) {
      throw refuse('"form" and "body" cannot both be given');
    }
    return { form: lists(options, "form"), body: undefined };
  }
  if (body === undefined || body === null) {
    return { form: undefined, body: undefined };
  }
  return { form: undefined, body: bodyBytes(body, options.encodeBodyAsJSON) };
}

function bodyBytes(body, encodeBodyAsJSON) {
  if (encodeBodyAsJSON) {
    return utf8Encode(stringify(body));
  }
  if (body instanceof Binary) {
    return body._bytes;
  }
  const bytes = typeof body === "string" ? utf8Encode(body) : viewBytes(body);
  if (bytes === undefined) {
    throw refuse('"body" argument must be a string or binary unless "encodeBodyAsJSON" is set');
  }
  return bytes;
}

// A login that is missing by mistake must not become a request without one.
function login(options, name) {
  if (name in options && typeof options[name] !== "string") {
    throw refuse(`"${name}" argument must be a string`);
  }
  return options[name];
}

function optional(options, name, type) {
  const value = options[name];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== type) {
    throw refuse(`"${name}" argument must be a ${type}`);
  }
  return value;
}

// `{ name: ["a", "b"] }` as pairs; a single value is taken for a list of one.
function lists(options, name) {
  const document = options[name];
  if (document === undefined || document === null) {
    return undefined;
  }
  if (typeof document !== "object") {
    throw refuse(`"${name}" argument must be a document`);
  }
  const pairs = [];
  const keys = objectKeys(document);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    const values = arrayIsArray(document[key]) ? document[key] : [document[key]];
    append(pairs, map(values, (value) => [key, String(value)]));
  }
  return pairs;
}

function cookies(options) {
  const given = options.cookies;
  if (typeof given === "string") {
    return [given];
  }
  const pairs = lists(options, "cookies");
  return pairs && map(pairs, (pair) => `${pair[0]}=${pair[1]}`);
}

function refuse(message) {
  return new FunctionError(`http request: ${message}`, "HTTPError");
}
