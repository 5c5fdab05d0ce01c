// All four methods of the response object, with a value of the app in the body.
exports = function (payload, response) {
  const farewell = context.values.get("farewell");
  const name = payload.query.name || "stranger";

  response.setStatusCode(202);
  response.setHeader("Content-Type", "text/html");
  response.setHeader("Content-Type", "text/plain; charset=utf-8"); // replaces the one before
  response.addHeader("Cache-Control", "no-cache");
  response.addHeader("Cache-Control", "no-store"); // joins the one before
  response.setBody(BSON.Binary.fromText(`${farewell}, ${name}!\n`));
};
