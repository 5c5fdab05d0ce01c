// The four methods of the response object. They can be chained.
exports = function (payload, response) {
  const order = payload.body ? payload.body.text() : "an empty order";

  response
    .setStatusCode(201)
    .setHeader("Content-Type", "application/octet-stream")
    .setHeader("Content-Type", "text/plain; charset=utf-8") // replaces the one before
    .addHeader("Cache-Control", "private")
    .addHeader("Cache-Control", "max-age=60") // joins the one before
    .setBody(BSON.Binary.fromText(`Thank you for ${order}.\n`));
};
