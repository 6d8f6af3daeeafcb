import { runCommand } from '../../../src/cli/program.ts';

export type Result = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs a command of the command line in this process, and returns its output for a terminal. One at a time. */
export async function runHere(...args: readonly string[]): Promise<Result> {
  const [out, err] = [taken(process.stdout), taken(process.stderr)];
  try {
    const code = await runCommand(args);
    return { code, stdout: out.text(), stderr: err.text() };
  } finally {
    out.giveBack();
    err.giveBack();
    process.exitCode = undefined;
  }
}

function taken(stream: NodeJS.WriteStream) {
  const { write } = stream;
  let text = '';
  stream.write = (chunk: Uint8Array | string) => {
    text += chunk;
    return true;
  };
  return {
    text: () => text,
    giveBack() {
      stream.write = write;
    },
  };
}
