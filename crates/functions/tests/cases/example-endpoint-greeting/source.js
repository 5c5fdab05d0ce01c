exports = async function ({ body }) {
  const { name } = JSON.parse(body?.text() || "{}");
  return {
    date: new Date("2023-05-05T01:02:03.456Z"),
    greeting: `Hello, ${name ?? "Leafie"}!`,
  };
};
