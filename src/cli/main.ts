#!/usr/bin/env node
import { runCommand } from './program.ts';
import { warn } from './terminal.ts';

// A reader such as `head` closed the pipe; all else, as a disk that is full, has lost what was asked for.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit();
  warn(`slipway: the output could not be written: ${error.message}`);
  process.exit(1);
});

const code = await runCommand(process.argv.slice(2));
// A pipe takes 64 KiB at once, and its reader the rest when it likes: an exit before would cut an answer off.
await Promise.all([written(process.stdout), written(process.stderr)]);
// Exits despite connections that a command left open.
process.exit(code);

/** Resolves once all that was written before has been taken. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
