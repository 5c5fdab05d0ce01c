exports = function () {
  return [1, 2, 3].map(() => context.functions.execute("counter"));
};
