// An import of `node:http` also loads its HTTP client, because it exports a WebSocket: 30 ms of CPU, a third of a start before the model is read.
export const { createServer, validateHeaderValue } = process.getBuiltinModule('node:http');
