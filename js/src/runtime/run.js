// One run: the call, what it settles to, and the reply once nothing is pending any more.

import { Promise, jsonParse, promiseResolve, promiseThen } from "../primordials.js";
import {
  OPTION_RESPONSE_DROPS_RESULT, PAYLOAD_ARGUMENTS, PAYLOAD_BITS, RESULT_BITS, RESULT_JSON,
  RESULT_NARROW_EJSON, RESULT_NONE, RIGHTS_BITS, RIGHTS_SYSTEM,
} from "../border.js";
import { host } from "../host.js";
import { parse, tooLarge, writeEjson, writeJson } from "../ejson.js";
import { options, setOptions } from "../start.js";
import { makeContexts, showUser } from "./context.js";
import { describe } from "./failure.js";
import { Outcomes } from "./outcomes.js";
import { registerPackages } from "./packages.js";
import { call, registerFunctions } from "./registry.js";
import { firstArgument } from "./request.js";
import { registerModules, require } from "./require.js";
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
  const contexts = makeContexts(() => jsonParse(text));
  globalThis.context = contexts.ownContext;
  registerModules(settings.modules);
  registerPackages(settings.packages, settings.packagesImageBytesMax, require);
  registerFunctions(settings.functions, contexts);
}

/** Begins the run: calls the function in a script. */
export function start(script, given) {
  setOptions(given);
  try {
    if ((given & RIGHTS_BITS) !== RIGHTS_SYSTEM) {
      showUser();
    }
    const callArguments = (given & PAYLOAD_BITS) === PAYLOAD_ARGUMENTS
      ? parse(host.arguments())
      : [firstArgument(), response];
    settleWith(call(script, callArguments, false));
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
    const dropsResult = (options & OPTION_RESPONSE_DROPS_RESULT) !== 0;
    const isDropped = HTTPResponse.isInPlaceOfResult(response, dropsResult);
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
  const result = options & RESULT_BITS;
  if (value === undefined || value instanceof HTTPResponse || result === RESULT_NONE) {
    return undefined;
  }
  const bytesMax = resultBytesMax;
  const integers = result === RESULT_NARROW_EJSON ? "narrow" : "wide";
  const text = result === RESULT_JSON
    ? writeJson(value, outcomeOf, bytesMax)
    : writeEjson(value, { integers, outcomeOf, bytesMax });
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
