// A webhook that takes its secret in the query: any method, ?secret=12345.
// The secret is checked before this runs and is not part of rawQueryString.
exports = function () {
  const { httpMethod, rawQueryString } = context.request;
  return { method: httpMethod, query: rawQueryString };
};
