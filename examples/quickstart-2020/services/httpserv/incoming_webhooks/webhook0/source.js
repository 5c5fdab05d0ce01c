// A webhook that only callers who know the secret can reach: they sign the body with it.
// By the time this runs, the signature has been checked.
exports = function (payload) {
  const { message } = JSON.parse(payload.body.text());
  return { received: message };
};
