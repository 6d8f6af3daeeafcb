// Runs before the first test: fills the compile cache with the programs that tests start most and then kill, which leaves nothing there for the next.
import { fork, spawn } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const MODEL = { MODEL_NAME: 'm', MODEL_PATH: 'test/fixtures/hugging-face/bert-sentences' };

/** Starts both beside the tests; each writes its compiled code when it ends, which is once it has loaded everything. A run of named tests has few of them, and does without. */
export default function compile({ testNamePattern }) {
  if (testNamePattern) return;
  compileServer();
  compileInspection();
}

function compileServer() {
  const child = spawn(process.execPath, [join(ROOT, 'runtimes/onnx/main.ts')], {
    cwd: ROOT,
    env: { ...process.env, ...MODEL, PORT: '0', CHANNEL_FD: '3' },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  child.on('error', () => {});
  const channel = child.stdio[3];
  channel.on('data', (line) => String(line).includes('ready') && child.kill('SIGTERM'));
  channel.on('error', () => {});
  channel.unref();
  child.unref();
}

function compileInspection() {
  const child = fork(join(ROOT, 'src/operations/inspection/process.ts'), ['--slipway-inspection'], {
    cwd: ROOT,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.on('error', () => {});
  child.on('message', ({ kind }) => kind === 'done' && child.disconnect());
  child.send({ kind: 'manifest', text: '', fileName: 'model.yaml' });
  child.unref();
  child.channel?.unref();
}
