// What a client calls by name, with the rights of its user.
exports = function (name) {
  return `Hello, ${name || context.user.data.email}!`;
};
