// The generated types must be those of the committed openapi.json.
import { readFileSync } from "node:fs";
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";

const generated = COMMENT_HEADER + astToString(await openapiTS(new URL("../openapi.json", import.meta.url)));
const committed = readFileSync(new URL("../src/api/schema.d.ts", import.meta.url), "utf8");
if (generated.trim() !== committed.trim()) {
  console.error("src/api/schema.d.ts is not what openapi.json says. Run: npm run generate");
  process.exit(1);
}
console.log("src/api/schema.d.ts matches openapi.json");
