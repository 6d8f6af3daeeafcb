#!/usr/bin/env node
import { runCommand } from './program.ts';

// A reader such as `head` closed the pipe.
process.stdout.on('error', () => process.exit());

const code = await runCommand(process.argv.slice(2));
// Exits despite connections that a command left open.
process.exit(code);
