exports = async () => {
  const promise = context.functions.execute("sum-later", 3, 5);
  return { isPromise: promise instanceof Promise, value: await promise };
};
