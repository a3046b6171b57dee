// What a call is refused with: rows of the catalogue of the merchant API (docs/errors.md).
const CATALOGUE = new Map([
  [1001, ["Endpoint not found", 400]],
  [1002, ["The method does not exist / is not available", 404]],
  [1004, ["The payment system does not exist for this application", 400]],
  [1005, ["Invalid request format", 400]],
  [1006, ["Invalid Content-Type header", 400]],
  [1007, ["HTTP Method Not Allowed", 400]],
  [1008, ["This method not allowed for payment system", 400]],
  [1009, ["Invalid provider", 400]],
  [2000, ["Payment hub error", 400]],
  [3000, ["Authentication error", 400]],
  [3001, ["Missing / incorrect X-Data-Application-Id header", 400]],
  [3002, ["Missing / incorrect X-Data-Hash header", 400]],
  [3003, ["The app does not exist", 400]],
  [3004, ["The app is disabled", 400]],
  [5000, ["Limit exceeded", 400]],
  [6001, ["Incorrect transaction amount", 400]],
  [6002, ["Incorrect currency code", 400]],
  [6009, ["Payment already exists", 400]],
]);

export class Refusal extends Error {
  constructor(code, { details = null, context = null } = {}) {
    const [message, httpStatus] = CATALOGUE.get(code);
    super(message);
    this.httpStatus = httpStatus;
    this.body = { code, message, details, context };
  }
}

export const invalid = (field, description) => new Refusal(1005, { details: { description, field } });
