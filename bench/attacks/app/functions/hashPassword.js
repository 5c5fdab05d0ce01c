// POST /hashPassword: the number of iterations is the caller's.
exports = function ({ body }) {
  const { password, iterations } = JSON.parse(body.text());
  return require("crypto").pbkdf2Sync(password, "salt", iterations, 32, "sha512").toString("hex");
};
