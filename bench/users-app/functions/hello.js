// GET /hello: the least that a function can do.
exports = function (request, response) {
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.setBody("Hello");
};
