exports = async function () {
  const weather = await context.functions.execute("weather/current", "new york city");
  return [
    `Right now ${weather.city.toUpperCase()} is ${weather.temperature}°F and ${weather.sky}.`,
    "No rain today.",
  ].join("\n");
};
