exports = async (city) => ({ city, temperature: 72, sky: "sunny" });
