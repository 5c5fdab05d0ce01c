// How the run begins: what the host tells the hook `start`.

// `PAYLOAD_…`, `RESULT_…`, `OPTION_…` and `RIGHTS_…` in one number: one variable is put back
// between two runs faster than several.
/** @type {number} */
export let options;

export function setOptions(given) {
  options = given;
}
