// Makes the signature of a body, as a caller of the webhook "signed" has to.
//
// hookstead function run --app examples/quickstart signPayload 12345 '{"message":"MESSAGE"}'
exports = function (secret, body) {
  return utils.crypto.hmac(EJSON.stringify(body), secret, "sha256", "hex");
};
