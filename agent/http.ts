/**
 * Node's HTTP. An `import` of "node:http" reads each of its exports at once, and with its WebSocket comes all of `fetch`:
 * 14 MiB resident that an agent never uses. HTTPS, and with it TLS, is loaded where a server is asked by it.
 */
export const http = process.getBuiltinModule("node:http");
export const loadHttps = () => process.getBuiltinModule("node:https");
