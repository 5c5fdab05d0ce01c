// Makes the signature of a body, as a caller of webhook0 has to.
//
// hookstead function run --app examples/quickstart-2020 signPayload 12345 '{"message":"MESSAGE"}'
exports = function (secret, body) {
  return utils.crypto.hmac(EJSON.stringify(body), secret, "sha256", "hex");
};
