// Lists and calls a tool with the TypeScript client of the handshake era (@modelcontextprotocol/sdk).
//   node legacy.mjs URL TOOL '{"argument": "value"}'      token in MCP_TOKEN
// Prints one JSON object and exits 0; an error goes to standard error, exit 1.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const [url, tool, args = "{}"] = process.argv.slice(2);
const token = process.env.MCP_TOKEN;

const client = new Client({ name: "gatebook-test-legacy", version: "1.0.0" }, { capabilities: { elicitation: {} } });
client.setRequestHandler(ElicitRequestSchema, async () => ({ action: "accept", content: { name: "Ada", username: "ada", email: "ada@example.com" } }));
const headers = token ? { Authorization: `Bearer ${token}` } : {};
const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
try {
  await client.connect(transport);
  const { tools } = await client.listTools();
  const result = await client.callTool({ name: tool, arguments: JSON.parse(args) });
  console.log(JSON.stringify({ protocol: transport.protocolVersion, tools: tools.map((each) => each.name), result }));
  await transport.terminateSession();
  await client.close();
} catch (error) {
  console.error(String(error?.stack ?? error));
  process.exitCode = 1;
}
