// One run: the call, what it settles to, and the reply once nothing is pending any more.

import { Promise, jsonParse, promiseResolve, promiseThen } from "../primordials.js";
import { PAYLOAD_ARGUMENTS, RESULT_EJSON, RESULT_NONE, RIGHTS_SYSTEM } from "../border.js";
import { host } from "../host.js";
import { parse, tooLarge, writeEjson, writeJson } from "../ejson.js";
import * as run from "../start.js";
import { makeContexts, showUser } from "./context.js";
import { describe } from "./failure.js";
import { Outcomes } from "./outcomes.js";
import { call, registerFunctions } from "./registry.js";
import { firstArgument } from "./request.js";
import { registerModules } from "./require.js";
import { HTTPResponse } from "./response.js";

// How long a result may become.
let resultBytesMax;

// Untouched as long as no function touches it; the image brings it back.
const response = new HTTPResponse();

let outcome;
// Of the promises inside the result, once there is one.
let outcomes;

/** Completes the image: everything that is the same for every run of the app. */
export function prepare(text) {
  const settings = jsonParse(text);
  resultBytesMax = settings.resultBytesMax;
  const contexts = makeContexts(settings);
  globalThis.context = contexts.ownContext;
  registerModules(settings.modules);
  registerFunctions(settings.functions, contexts);
}

/** Begins the run: calls the function in a script. */
export function start() {
  try {
    if (run.rights !== RIGHTS_SYSTEM) {
      showUser();
    }
    const callArguments = run.payload === PAYLOAD_ARGUMENTS
      ? parse(host.arguments())
      : [firstArgument(), response];
    settleWith(call(run.script, callArguments, false));
  } catch (thrown) {
    settle({ thrown });
  }
}

/** Ends the run: the host has seen everything finish. */
export function finish() {
  if ("thrown" in outcome) {
    fail(outcome.thrown);
  } else {
    tryReply();
  }
}

// Promises inside the result may hold further ones; each round goes one level deeper.
function tryReply() {
  try {
    const isDropped = HTTPResponse.isInPlaceOfResult(response, run.responseDropsResult);
    const text = isDropped ? undefined : written(outcome.value);
    if (outcomes !== undefined && !outcomes.areKnown) {
      promiseThen(outcomes.learn(), tryReply);
    } else {
      HTTPResponse.reply(response, text);
    }
  } catch (thrown) {
    fail(thrown);
  }
}

function written(value) {
  if (value === undefined || value instanceof HTTPResponse || run.result === RESULT_NONE) {
    return undefined;
  }
  const bytesMax = resultBytesMax;
  const integers = run.narrowIntegers ? "narrow" : "wide";
  const text = run.result === RESULT_EJSON
    ? writeEjson(value, { integers, outcomeOf, bytesMax })
    : writeJson(value, outcomeOf, bytesMax);
  if (text?.length > bytesMax) {
    throw tooLarge(bytesMax);
  }
  return text;
}

function outcomeOf(promise) {
  outcomes ??= new Outcomes();
  return outcomes.of(promise);
}

function fail(thrown) {
  const { message, stack } = describe(thrown);
  host.fail(message, stack);
}

function settleWith(result) {
  const isPromise = result instanceof Promise;
  if (isPromise || typeof result?.then === "function") {
    const promise = isPromise ? result : promiseResolve(result);
    promiseThen(promise, (value) => settle({ value }), (thrown) => settle({ thrown }));
  } else {
    settle({ value: result });
  }
}

// Only the first settlement counts. The host then waits for what is still pending.
function settle(settlement) {
  outcome = settlement;
  host.settled();
}
