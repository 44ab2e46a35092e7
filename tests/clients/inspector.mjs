// Lists and calls a tool with the command line of the MCP Inspector.
//   node inspector.mjs URL TOOL '{"argument": "value"}'      token in MCP_TOKEN; MCP_MODE=auto|legacy|modern
// Prints one JSON object and exits 0; an error goes to standard error, exit 1.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const [url, tool, args = "{}"] = process.argv.slice(2);
const token = process.env.MCP_TOKEN;
const era = process.env.MCP_MODE ?? "legacy";
const command = fileURLToPath(new URL("node_modules/.bin/mcp-inspector", import.meta.url));
const common = ["--cli", url, "--transport", "http", "--protocol-era", era, "--format", "json", "--quiet", "--stored-auth-only"];
if (token) common.push("--header", `Authorization: Bearer ${token}`);

function inspect(...words) {
  const options = { encoding: "utf8", timeout: 60_000, stdio: ["ignore", "pipe", "inherit"] };
  const printed = JSON.parse(execFileSync(process.execPath, [command, ...common, ...words], options));
  return printed.result ?? printed;
}

try {
  const { tools } = inspect("--method", "tools/list");
  const result = inspect("--method", "tools/call", "--tool-name", tool, "--tool-args-json", args);
  console.log(JSON.stringify({ protocol: era, tools: tools.map((each) => each.name), result }));
} catch (error) {
  console.error(String(error?.message ?? error));
  process.exitCode = 1;
}
