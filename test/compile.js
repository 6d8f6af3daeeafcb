// Before the first test: fills the compile cache with what tests start most and then kill, which leaves nothing there for the next.
import { fork } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

const STARTS = [
  {
    entry: 'runtimes/onnx/main.ts',
    env: { MODEL_NAME: 'm', MODEL_PATH: 'test/fixtures/hugging-face/bert-sentences', PORT: '0' },
    hasLoaded: ({ ready }) => ready,
  },
  {
    entry: 'src/compose/inspection/process.ts',
    args: ['--slipway-inspection'],
    asked: { kind: 'manifest', text: '', fileName: 'model.yaml' },
    hasLoaded: ({ kind }) => kind === 'done',
  },
];

/** Starts them beside the tests; each writes what it has compiled when it ends, as it does once it has loaded all. Tests that are named are few, and do without. */
export default function compile({ testNamePattern }) {
  if (testNamePattern) return;
  for (const { entry, args, env, asked, hasLoaded } of STARTS) {
    const child = fork(join(ROOT, entry), args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      serialization: asked ? 'advanced' : 'json',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.on('error', () => {});
    child.on('message', (told) => hasLoaded(told) && child.disconnect());
    if (asked) child.send(asked);
    child.unref();
    child.channel?.unref();
  }
}
