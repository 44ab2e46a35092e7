// Signs in with the TypeScript client (@modelcontextprotocol/client), then lists and calls a tool.
//   node oauth.mjs URL TOOL '{"argument": "value"}'
// Prints the address that a browser would open; reads from standard input where the browser came back to; then prints one JSON object.
import { createInterface } from "node:readline/promises";
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";

const [url, tool, args = "{}"] = process.argv.slice(2);
const kept = {};
const provider = {
  redirectUrl: "http://127.0.0.1:33418/callback",
  clientMetadataUrl: process.env.CLIENT_METADATA_URL,
  clientMetadata: {
    client_name: "TypeScript client",
    redirect_uris: ["http://127.0.0.1:33418/callback"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  },
  state: () => "state-of-the-client",
  clientInformation: () => kept.client,
  saveClientInformation: (client) => void (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => void (kept.tokens = tokens),
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
  saveDiscoveryState: (state) => void (kept.discovery = state),
  discoveryState: () => kept.discovery,
  redirectToAuthorization: (address) => console.log(String(address)),
};
const connect = async () => {
  const client = new Client({ name: "gatebook-test-oauth", version: "1.0.0" }, {});
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  return { client, transport, connected: client.connect(transport) };
};
try {
  const first = await connect();
  try {
    await first.connected;
    throw new Error("the client got in without signing in");
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  const lines = createInterface({ input: process.stdin });
  const back = await new Promise((resolve) => lines.once("line", resolve));
  lines.close();
  await first.transport.finishAuth(new URL(back).searchParams);
  const { client, connected } = await connect();
  await connected;
  const { tools } = await client.listTools();
  const result = await client.callTool({ name: tool, arguments: JSON.parse(args) });
  console.log(JSON.stringify({ tools: tools.map((each) => each.name), result, client: kept.client, scope: kept.tokens.scope }));
  await client.close();
} catch (error) {
  console.error(String(error?.stack ?? error));
  process.exitCode = 1;
}
