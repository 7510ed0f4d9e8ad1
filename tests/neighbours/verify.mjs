// What libraries of Node.js say about a token (jose) or a post of a webhook (standardwebhooks). Reads the arguments as JSON
// from the standard input, and prints the claims or the event, or null if it is refused.
import { readFileSync } from "node:fs";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const { token, keys, issuer, audience, secret, body, headers } = JSON.parse(readFileSync(0, "utf8"));

const verifiers = {
  async token() {
    const options = { issuer, audience, algorithms: ["ES256"], typ: "at+jwt" };
    return (await jwtVerify(token, createRemoteJWKSet(new URL(keys)), options)).payload;
  },
  async post() {
    return new Webhook(secret).verify(body, headers);
  },
};

try {
  console.log(JSON.stringify(await verifiers[token === undefined ? "post" : "token"]()));
} catch (error) {
  if (!(error instanceof errors.JOSEError || error instanceof WebhookVerificationError)) throw error;
  console.log("null");
}
