function greetWithPunctuation(word, punctuation) {
  return context.functions.execute("greet", word) + punctuation;
}

if (typeof module === "object") {
  module.exports = greetWithPunctuation;
}

exports = greetWithPunctuation;
