import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SERVE = fileURLToPath(new URL('readers/serve.py', import.meta.url));
const SERVER = fileURLToPath(new URL('../../../runtimes/python/', import.meta.url));

/** The verdict of Python's reader on an input that inspection accepted; all but the first two are failures. */
export type End = {
  readonly end: 'agrees' | 'refused' | 'differs' | 'canary' | 'crash' | 'hang' | 'memory';
  readonly says: string;
};

export type Accepted = { readonly bytes: Buffer; readonly found: unknown };

/** Python's own readers, in a process that forks for each batch and does not use our loaders. */
export type PythonReaders = {
  read(reader: string, inputs: readonly Accepted[]): Promise<readonly End[]>;
  close(): void;
};

export async function pythonReaders(
  python: string,
  readers: readonly string[],
): Promise<PythonReaders> {
  const env = { PATH: '/usr/bin:/bin', OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
  const child = spawn(python, [SERVE, SERVER], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the process of Python's readers has ended");
    return JSON.parse(value);
  };
  child.stdin.write(`${readers.join(' ')}\n`);
  await answer();
  return {
    read(reader, inputs) {
      const told = inputs.map(({ bytes, found }) => ({ size: bytes.length, found }));
      child.stdin.write(`${JSON.stringify({ reader, inputs: told })}\n`);
      for (const { bytes } of inputs) child.stdin.write(bytes);
      return answer();
    },
    close: () => void child.stdin.end(),
  };
}
