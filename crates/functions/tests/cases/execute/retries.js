const succeedsThirdTime = (tries) => {
  if (tries < 3) {
    throw new Error("not yet");
  }
  return "ok";
};

exports = () => context.functions.execute("handle-retry", succeedsThirdTime);
