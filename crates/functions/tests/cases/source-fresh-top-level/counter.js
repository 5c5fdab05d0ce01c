// Evaluated for every call, so that the count starts at zero each time.
let count = 0;

exports = function () {
  count += 1;
  return count;
};
