// 1250 -> "12.50 €"
//
// Functions in folders are called by their path: context.functions.execute("money/format", 1250).
exports = function (cents) {
  const { symbol, decimals } = context.values.get("currency");
  return `${(cents / 10 ** decimals).toFixed(decimals)} ${symbol}`;
};
