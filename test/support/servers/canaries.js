// A model server that tries what it must not do, and answers what became of it. It listens as the ONNX server does, and awaits its model as that does.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { getCompileCacheDir } from 'node:module';
import { createConnection } from 'node:net';
import { join } from 'node:path';

if (process.env.AWAIT_MODEL) {
  const [{ environment }] = await once(process, 'message');
  Object.assign(process.env, environment);
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
server.listen(LISTENING_FD ? { fd: Number(LISTENING_FD) } : { port: 0, host: '127.0.0.1' }, () => {
  process.send?.({ listening: server.address().port });
  process.send?.({ ready: true });
});
process.on('disconnect', () => process.exit());

function outcome(attempt) {
  try {
    attempt();
    return 'done';
  } catch ({ code }) {
    return code;
  }
}
