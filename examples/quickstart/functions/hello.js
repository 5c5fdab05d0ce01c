// GET /hello?name=Ada
//
// Whatever the function returns is the response, written as JSON.
exports = function ({ query }) {
  const name = query.name || "stranger";
  console.log(`said hello to ${name}`);
  return { greeting: `Hello, ${name}!`, environment: context.environment.tag };
};
