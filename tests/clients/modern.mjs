// Lists and calls a tool with the TypeScript client of the stateless era (@modelcontextprotocol/client).
//   node modern.mjs URL TOOL '{"argument": "value"}'      token in MCP_TOKEN; MCP_MODE=auto|legacy|2026-07-28 (default)
// Prints one JSON object and exits 0; an error goes to standard error, exit 1.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const [url, tool, args = "{}"] = process.argv.slice(2);
const token = process.env.MCP_TOKEN;
const mode = process.env.MCP_MODE ?? "2026-07-28";

const client = new Client(
  { name: "gatebook-test-modern", version: "1.0.0" },
  {
    capabilities: { elicitation: { form: {} } },
    versionNegotiation: { mode: mode === "auto" || mode === "legacy" ? mode : { pin: mode } },
  },
);
// The client answers `input_required` with this by itself and repeats the call.
client.setRequestHandler("elicitation/create", async () => ({ action: "accept", content: { name: "Ada", username: "ada", email: "ada@example.com" } }));
const headers = token ? { Authorization: `Bearer ${token}` } : {};
try {
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  const { tools } = await client.listTools();
  const result = await client.callTool({ name: tool, arguments: JSON.parse(args) });
  const protocol = client.getNegotiatedProtocolVersion();
  console.log(JSON.stringify({ protocol, tools: tools.map((each) => each.name), result }));
  await client.close();
} catch (error) {
  console.error(String(error?.stack ?? error));
  process.exitCode = 1;
}
