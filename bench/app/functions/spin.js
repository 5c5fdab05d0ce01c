// GET /spin: never ends by itself.
exports = function () {
  for (;;);
};
