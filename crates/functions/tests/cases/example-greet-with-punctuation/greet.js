function greet(word) {
  return "hello " + word;
}

// For unit tests outside of the service.
if (typeof module !== "undefined") {
  module.exports = { greet };
}

exports = greet;
