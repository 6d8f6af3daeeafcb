import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Runtime } from './runtime.ts';

// Each line is a snippet in JSON; its output goes back in JSON, on a separate line, and so does the reason of a failure.
const LOOP = `
import contextlib, io, json, sys, traceback
for line in sys.stdin:
    printed = io.StringIO()
    answer = {}
    try:
        with contextlib.redirect_stdout(printed): exec(json.loads(line), {})
        answer["printed"] = printed.getvalue()
    except BaseException:
        answer["failed"] = traceback.format_exc()
    print(json.dumps(answer), flush=True)
`;

type Told = { readonly printed?: string; readonly failed?: string };

export type PythonSnippets = {
  /** The output of the code, as JSON; each call has its own names. */
  said(code: string): Promise<ReturnType<typeof JSON.parse>>;
  close(): void;
};

/** One Python of the runtime for many snippets, as its start takes longer than they do. */
export function pythonSnippets({ command: [python], env }: Runtime): PythonSnippets {
  const child = spawn(python, ['-c', LOOP], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();

  async function run(code: string) {
    child.stdin.write(`${JSON.stringify(code)}\n`);
    const told: Told = JSON.parse((await lines.next()).value ?? '{"failed":"Python has ended"}');
    if (told.failed !== undefined) throw new Error(told.failed);
    return JSON.parse(told.printed ?? '');
  }

  return {
    said(code) {
      const answer = last.then(() => run(code));
      last = answer.catch(() => undefined);
      return answer;
    },
    close: () => child.kill(),
  };
}
