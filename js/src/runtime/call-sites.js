// `Error.prepareStackTrace` shows functions the calls on the stack, ours among them. The functions
// and receivers of those calls are not theirs to have; names and places are.

export function hideCallees(globals) {
  const { Error } = globals;
  const kept = Error.prepareStackTrace;
  /** @type {any} */
  let prototype;
  Error.prepareStackTrace = (_error, sites) => {
    prototype = sites.length > 0 ? Object.getPrototypeOf(sites[0]) : undefined;
  };
  void new Error().stack;
  Error.prepareStackTrace = kept;
  if (prototype !== undefined) {
    delete prototype.getFunction;
    delete prototype.getThis;
  }
}
