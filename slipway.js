#!/usr/bin/env node
// The published command. Slipway needs Node 22.18; below that it runs on the Node which it brings along as a dependency.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// A clone has no bundle: Node runs its TypeScript as it is.
const BUNDLE = new URL('dist/cli/main.js', import.meta.url);
const MAIN = existsSync(BUNDLE) ? BUNDLE : new URL('src/cli/main.ts', import.meta.url);
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  await import(MAIN);
} else {
  const child = spawn(ownNode(), [fileURLToPath(MAIN), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // A Ctrl-C reaches both; this one waits for the other to end.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code) => process.exit(code ?? 1));
  child.on('error', giveUp);
}

function ownNode() {
  try {
    return createRequire(import.meta.url).resolve('node/bin/node');
  } catch {
    return giveUp();
  }
}

function giveUp() {
  process.stderr.write(
    `slipway: Node ${process.versions.node} is too old, and the package \`node\` is not installed; use Node 22.18 or later\n`,
  );
  process.exit(1);
}
