// Every answer: one of the two envelopes, signed with the same secret. Nobody else could have made it.
const { SHA512 } = require("crypto-js");

const answer = pm.response.json();
const expected = Number(pm.variables.get("expected_code") || 0);

pm.test("code " + expected, () => pm.expect(answer.error ? answer.error.code : 0).to.equal(expected));
pm.test("success tells the same as the HTTP status", () =>
  pm.expect(answer.success).to.equal(pm.response.code === 200),
);
pm.test("request_id is in the header too", () =>
  pm.expect(pm.response.headers.get("X-Request-Id")).to.equal(answer.request_id),
);
pm.test("the answer is signed", () => {
  const hash = SHA512(pm.response.text() + pm.variables.get("secret")).toString();
  pm.expect(pm.response.headers.get("X-Data-Hash")).to.equal(hash);
});
pm.variables.unset("expected_code");
