import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../slipway.js', import.meta.url));
const INSTALL = fileURLToPath(new URL('../../install.js', import.meta.url));
const NOBODY = 65_534;

let folder: string;

/** The published package without its ONNX Runtime, and an npm that prints its arguments. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway packed-'));
  mkdirSync(join(folder, 'dist/cli'), { recursive: true });
  mkdirSync(join(folder, 'bin'));
  cpSync(MAIN, join(folder, 'slipway.js'));
  const optionalDependencies = { 'no-such-runtime': '1.2.3' };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ type: 'module', optionalDependencies }),
  );
  writeFileSync(join(folder, 'dist/cli/main.js'), 'console.log("started");');
  writeFileSync(join(folder, 'bin/npm'), '#!/bin/sh\necho "npm $@"\n', { mode: 0o755 });
  chmodSync(folder, 0o755);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

type User = { readonly uid?: number; readonly gid?: number };

/** A user who may not write to this folder: root may write to any. */
function stranger(place: string): User {
  if (process.getuid?.() === 0) return { uid: NOBODY, gid: NOBODY };
  chmodSync(place, 0o555);
  return {};
}

function start(user: User = {}) {
  const PATH = [join(folder, 'bin'), process.env['PATH']].join(delimiter);
  const env = { PATH, HOME: folder };
  const script = join(folder, 'slipway.js');
  return spawnSync(process.execPath, [script, 'start'], { env, encoding: 'utf8', ...user });
}

const COMMAND = () =>
  `npm install --no-save --ignore-scripts --prefix "${join(folder, 'dist')}" no-such-runtime@1.2.3`;

it('the first start of the packed command puts what its install left out beside it', () => {
  const { status, stdout, stderr } = start();

  expect(status).toBe(0);
  expect(stdout).toBe('started\n');
  expect(stderr).toContain(`${COMMAND().replaceAll('"', '')} --no-audit`);
});

it('a user who may not write there is told what to do, by whom', () => {
  const { status, stdout, stderr } = start(stranger(join(folder, 'dist')));

  chmodSync(join(folder, 'dist'), 0o755);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toBe(
    `slipway: no-such-runtime@1.2.3 is missing, and this user may not write to ${join(folder, 'dist')}, where it belongs\n` +
      `→ Once, as the user who installed Slipway: ${COMMAND()}\n`,
  );
});

it('a user who may not write there starts what is all installed, also a package that shows no more than its entry', () => {
  const installed = join(folder, 'node_modules/no-such-runtime');
  mkdirSync(installed, { recursive: true });
  const description = { name: 'no-such-runtime', exports: { '.': './entry.js' } };
  writeFileSync(join(installed, 'package.json'), JSON.stringify(description));
  writeFileSync(join(installed, 'entry.js'), '');

  const { status, stdout, stderr } = start(stranger(join(folder, 'dist')));

  chmodSync(join(folder, 'dist'), 0o755);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'started\n', stderr: '' });
});

it('so is one who may not write to a clone that lacks what it needs', () => {
  cpSync(INSTALL, join(folder, 'install.js'));
  writeFileSync(join(folder, 'package-lock.json'), '{}');

  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(folder, 'install.js'), '--omit=dev'],
    { cwd: folder, encoding: 'utf8', ...stranger(folder) },
  );

  chmodSync(folder, 0o755);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toBe(
    `slipway: what this clone needs is not all installed, and this user may not write to ${folder}\n` +
      '→ Once, as its owner, in that folder: node install.js --omit=dev\n',
  );
});
