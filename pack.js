// Run by npm before it packs: puts beside the bundle what `slipway deploy` takes of this repository, for who has only the packed command.
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

// npm packs no lock file of its own root; buildspecs and runtimes are packed where they are.
const STACK = [
  ...['serverless.yml', 'package.json', 'package-lock.json', 'install.js', 'tsconfig.json'],
  ...['infra', 'functions', 'src', 'statemachines'],
];

mkdirSync('dist/stack', { recursive: true });
for (const name of STACK) cpSync(name, join('dist/stack', name), { recursive: true });
