exports = (request, response) => {
  response.setHeader("X-By", "callee");
  return response.setStatusCode(418).setBody("set elsewhere");
};
