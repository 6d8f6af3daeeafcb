// A model server that tries forbidden things, and answers with their outcomes. It listens and awaits its model as the ONNX server does.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { getCompileCacheDir } from 'node:module';
import { createConnection, Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const channel = new Socket({ fd: Number(process.env.CHANNEL_FD) });
const lines = createInterface({ input: channel });
if (process.env.AWAIT_MODEL) {
  const line = await new Promise((resolve) => lines.once('line', resolve));
  Object.assign(process.env, JSON.parse(line).environment);
}
const { HOME = '', MODEL_PATH = '', LISTENING_FD } = process.env;
const revisions = process.env.AWAIT_MODEL ? join(HOME, '../../../revisions') : join(HOME, '../..');

const attempts = {
  'reads a file': () => readFileSync(join(revisions, 'secret')),
  'lists a folder': () => readdirSync(revisions),
  'writes a file': () => writeFileSync(join(revisions, 'written'), ''),
  'writes beside its model': () => writeFileSync(`${MODEL_PATH}.made`, ''),
  'starts a program': () => execFileSync('/bin/true'),
  'signals Slipway': () => process.kill(process.ppid, 0),
  'reads its model': () => readFileSync(MODEL_PATH),
  'writes to its scratch folder': () => writeFileSync(join(HOME, 'scratch'), ''),
};

const server = createServer(async ({ url = '' }, response) => {
  if (url === '/ping') return response.end('{}');
  if (url === '/compiled') return response.end(getCompileCacheDir() ?? 'nowhere');
  if (url.startsWith('/read/')) return response.end(outcome(() => readFileSync(url.slice(5))));
  const found = Object.entries(attempts).map(([name, attempt]) => [name, outcome(attempt)]);
  const port = Number(url.slice(1));
  const connects = await new Promise((resolve) => {
    createConnection(port, '127.0.0.1', () => resolve('done')).on('error', ({ code }) =>
      resolve(code),
    );
  });
  response.end(JSON.stringify(Object.fromEntries([...found, ['connects', connects]])));
});
server.listen({ fd: Number(LISTENING_FD) }, () => {
  channel.write(`${JSON.stringify({ listening: server.address().port })}\n`);
  channel.write('{"ready":true}\n');
});
channel.once('close', () => process.exit());

function outcome(attempt) {
  try {
    attempt();
    return 'done';
  } catch ({ code }) {
    return code;
  }
}
