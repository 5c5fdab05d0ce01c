exports = async () => {
  const before = context.runningAsSystem();
  await new Promise((resolve) => setTimeout(resolve, 1));
  return [before, context.runningAsSystem(), context.user.type, context.user.id];
};
