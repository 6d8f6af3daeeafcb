#!/usr/bin/env node
import { setImmediate } from 'node:timers/promises';
import { runCommand } from './program.ts';
import { warn } from './terminal.ts';

// A reader such as `head` closed the pipe; all else, as a disk that is full, has lost what was asked for.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit();
  warn(`slipway: the output could not be written: ${error.message}`);
  process.exit(1);
});

const code = await runCommand(process.argv.slice(2));
// The outcome of the last write is known only after it.
await setImmediate();
// Exits despite connections that a command left open.
process.exit(code);
