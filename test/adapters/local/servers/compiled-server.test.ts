import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledFolder, compileServer } from '#adapters/local/servers/compiled-server.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const ENTRY = fileURLToPath(new URL('../../../../runtimes/onnx/main.ts', import.meta.url));

it('compiles all that a start of the ONNX server loads, what loads the model too', async () => {
  await using folder = await temporaryFolder();
  const compiled = join(folder.path, 'compiled');

  await compileServer(ENTRY, compiled);

  expect(existsSync(compiled)).toBe(true);
  expect(notFound(compiled)).toEqual([]);
});

it('takes no half of a compilation for a whole one: of a start that was killed nothing stays', async () => {
  await using folder = await temporaryFolder();
  const killed = join(folder.path, 'killed.mjs');
  writeFileSync(killed, 'process.kill(process.pid, "SIGKILL");');
  const compiled = join(folder.path, 'served/compiled');

  await compileServer(killed, compiled);

  expect(existsSync(compiled)).toBe(false);
  expect(readdirSync(join(folder.path, 'served'))).toEqual([]);
});

it('removes what no start has wanted for a month, and keeps what this one wants', async () => {
  await using folder = await temporaryFolder();
  for (const name of ['wanted', 'old', 'recent']) mkdirSync(join(folder.path, name));
  for (const name of ['wanted', 'old']) utimesSync(join(folder.path, name), 1, 1);
  const ends = join(folder.path, 'ends.mjs');
  writeFileSync(ends, 'process.exit(1);');

  await compileServer(ends, join(folder.path, 'wanted'));
  await compileServer(ends, join(folder.path, 'new'));

  expect(readdirSync(folder.path)).toEqual(['ends.mjs', 'new', 'recent', 'wanted']);
});

it('is compiled into a folder for each server and each place where it lies, under that of all caches', () => {
  const environment = { XDG_CACHE_HOME: '/caches' };
  const folders = [
    compiledFolder(environment, '/slipway/main.js', 'one'),
    compiledFolder(environment, '/slipway/main.js', 'another'),
    compiledFolder(environment, '/elsewhere/main.js', 'one'),
  ];

  expect(new Set(folders).size).toBe(folders.length);
  expect(folders.every((folder) => folder.startsWith('/caches/slipway/served/'))).toBe(true);
});

/** The modules that a start looks for in a compile cache and does not find there. */
function notFound(folder: string): readonly string[] {
  const env = {
    NODE_COMPILE_CACHE: folder,
    NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
    ...{ HOST: '127.0.0.1', PORT: '0', MODEL_NAME: 'none', MODEL_PATH: import.meta.filename },
  };
  const { stderr } = spawnSync(process.execPath, [ENTRY], { env, encoding: 'utf8' });
  const looked = stderr.split('\n').filter((line) => line.includes('reading cache from'));
  expect(looked.length).toBeGreaterThan(100);
  return looked.filter((line) => line.endsWith('no such file or directory'));
}
