// Writes docs/api/openapi.json, the OpenAPI document that the server serves, as it follows from api/ right now.
//
//   npm run openapi

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { openapiText } from "#server/http/openapi.ts";

const folder = resolve(import.meta.dirname, "..", "docs", "api");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "openapi.json"), openapiText());
