// Made from crates/functions/src/border.rs and natives.rs, which a test holds it to:
//   HOOKSTEAD_BLESS=1 cargo test -p hookstead-functions border

// How the run begins: what the host tells the hook `start`.

// The number of the script to call.
/** @type {number} */
export let script;

// One of `PAYLOAD_…`.
/** @type {number} */
export let payload;

// Whether the request has a body.
/** @type {boolean} */
export let hasBody;

// One of `RESULT_…`.
/** @type {number} */
export let result;

// Whether integers of 32 bits are written as such in extended JSON.
/** @type {boolean} */
export let narrowIntegers;

// Whether touching the response drops the result.
/** @type {boolean} */
export let responseDropsResult;

// One of `RIGHTS_…`.
/** @type {number} */
export let rights;

// The hook for a function that reads these.
export const hook = (begin) => (a, b, c, d, e, f, g) => {
  script = a;
  payload = b;
  hasBody = c;
  result = d;
  narrowIntegers = e;
  responseDropsResult = f;
  rights = g;
  begin();
};
