exports = function difference(a, b) {
  return context.functions.execute("sum", a, -1 * b);
};
