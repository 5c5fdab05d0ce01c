exports = () => {
  const greeting = context.values.get("greeting");
  return `hello ${greeting}`;
};
