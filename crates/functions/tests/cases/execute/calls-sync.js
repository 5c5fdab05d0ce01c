exports = () => {
  const value = context.functions.execute("sum", 3, 5);
  return { value, isPromise: value instanceof Promise };
};
