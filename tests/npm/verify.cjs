// node verify.cjs DELIVERIES.json, a list of {"headers": {…}, "body": "…", "secret": "whsec_…"}: prints a line for each
// library and delivery, "LIBRARY: verified ID" or "LIBRARY: refused, WHY".
const fs = require("node:fs");

const libraries = { standardwebhooks: require("standardwebhooks").Webhook, svix: require("svix").Webhook };
const deliveries = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

for (const [name, Webhook] of Object.entries(libraries)) {
  for (const { headers, body, secret } of deliveries) {
    try {
      console.log(`${name}: verified ${new Webhook(secret).verify(body, headers).id}`);
    } catch (error) {
      console.log(`${name}: refused, ${error.message}`);
    }
  }
}
