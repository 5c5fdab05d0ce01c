exports = function addOne(input) {
  if (typeof input !== "number") {
    throw new Error("You must call addOne() with a number");
  }
  return input + 1;
};
