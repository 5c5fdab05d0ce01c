// GET /badge
//
// A response that is no text: an image of eight by eight pixels.
exports = function (request, response) {
  const image = BSON.Binary.fromBase64(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAQMAAAD+wSzIAAAABlBMVEX///8Ublo+" +
      "LSYRAAAAFklEQVR42mNgYLBhcGJgAkIXBgsGBgAIDgD/h3cQsgAAAABJRU5ErkJggg=="
  );
  response.setHeader("Content-Type", "image/png");
  response.addHeader("Cache-Control", "public");
  response.addHeader("Cache-Control", "max-age=3600");
  response.setBody(image);
};
