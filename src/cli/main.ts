#!/usr/bin/env node
import { runCommand } from './program.ts';

// A reader such as `head` has seen enough.
process.stdout.on('error', () => process.exit());

const code = await runCommand(process.argv.slice(2));
// Connections that a command left open are of no use to it any more.
process.exit(code);
