// An OpenID Connect provider for tests: whoever names an account is that account. One line of JSON says what it is told.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { issuer, client, accounts } = JSON.parse(process.argv[2]);

async function findAccount(_ctx, id) {
  return accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) };
}

// What a company's provider does too: nobody is asked whether Gatebook may know them.
async function loadExistingGrant({ oidc }) {
  const known = oidc.session.grantIdFor(oidc.client.clientId);
  if (known) return oidc.provider.Grant.find(known);
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope("openid email profile");
  await grant.save();
  return grant;
}

const provider = new Provider(issuer, {
  clients: [client],
  claims: { openid: ["sub", "sid"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["for tests only"] },
  features: {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: true, logoutSource: (ctx, form) => (ctx.body = page(`${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`)), postLogoutSuccessSource: (ctx) => (ctx.body = page("<p>Signed out</p>")) },
  },
  // Its guard against addresses of private networks would keep it from signing out on this machine.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  findAccount,
  interactions: { url: (_ctx, interaction) => `/who/${interaction.uid}` },
  loadExistingGrant,
  renderError: (ctx, out) => (ctx.body = page(`<pre>${JSON.stringify(out).replaceAll("<", "&lt;")}</pre>`)),
});
for (const event of ["server_error", "backchannel.error", "authorization.error", "grant.error"]) {
  provider.on(event, (...told) => console.error(event, ...told.filter((one) => one instanceof Error).map((one) => one.message)));
}

const page = (body) => `<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,">${body}</html>`;
const answer = provider.callback();

createServer(async (request, response) => {
  if (!request.url.startsWith("/who/")) return answer(request, response);
  if (request.method === "GET") {
    response.setHeader("content-type", "text/html");
    return response.end(page('<form method="post"><label>Account <input name="login"></label><button name="how" value="login">Sign in</button> <button name="how" value="deny">Deny</button></form>'));
  }
  let body = "";
  for await (const chunk of request) body += chunk;
  const form = new URLSearchParams(body);
  const denied = { error: "access_denied", error_description: "Call 555-0100 now <b>at once</b>" };
  await provider.interactionFinished(request, response, form.get("how") === "deny" ? denied : { login: { accountId: form.get("login") } });
}).listen(new URL(issuer).port, "127.0.0.1", () => console.log("ready"));
