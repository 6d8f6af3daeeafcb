import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerOptions } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pauseFiles } from '../slipway/pause.ts';

// The path ends in `revisions/REVISION/artifact/FILE`.
const dataDir = join(String(process.env['MODEL_PATH']), '../../../..');
const { pauses, paused } = pauseFiles(dataDir, String(process.env['SLIPWAY_REVISION']));
const http = process.getBuiltinModule('node:http');
const { createServer } = http;
let asked = 0;

/** While it is told so, a certain request is never answered. */
function isPaused(request: IncomingMessage): boolean {
  if (request.method !== 'POST' || !existsSync(pauses)) return false;
  asked += 1;
  if (asked !== Number(readFileSync(pauses, 'utf8'))) return false;
  void text(request).then((body) => writeFileSync(paused, body));
  return true;
}

// The real server, which keeps requests too.
Object.assign(http, {
  createServer: (options: ServerOptions, answer: RequestListener) =>
    createServer(options, (request, response) => {
      if (!isPaused(request)) answer(request, response);
    }),
});
await import('../../../runtimes/onnx/main.ts');
