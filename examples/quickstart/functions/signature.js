// GET /signature
//
// The header that the webhook "signed" expects for the body {"message":"MESSAGE"}.
exports = function () {
  const hash = context.functions.execute("signPayload", 12345, { message: "MESSAGE" });
  return `X-Hook-Signature: sha256=${hash}`;
};
