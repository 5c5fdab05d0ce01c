// GET /greeting?name=Ada
//
// A page of HTML, made of values. The names of the shop and its opening hours live in the app's
// configuration, so that nobody has to touch this source to change them.
exports = function ({ query }, response) {
  const shop = context.environment.values.shopName || "our shop";
  const hours = context.values.get("openingHours");
  const name = escape(query.name || "stranger");

  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.setBody(`<!doctype html>
<title>${escape(shop)}</title>
<h1>Welcome, ${name}!</h1>
<ul>
${hours.map((line) => `  <li>${escape(line)}</li>`).join("\n")}
</ul>
`);
};

// What a visitor typed must stay text when it lands in a page.
function escape(text) {
  const names = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => names[character]);
}
