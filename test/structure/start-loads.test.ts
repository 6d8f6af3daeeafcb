import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const LISTED = `
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({ load: (url, context, next) => { loaded.add(url); return next(url, context); } });
  await import('${new URL('../../src/cli/start.ts', import.meta.url)}');
  console.log(JSON.stringify([...loaded]));
`;

it('a start loads what speaks HTTP after it has started what was live, and what only an inspection, an execution or the demo needs after that', async () => {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', LISTED]);

  const loaded: readonly string[] = JSON.parse(stdout);

  expect(loaded.some((url) => url.endsWith('src/compose/local.ts'))).toBe(true);
  const late =
    /\/src\/formats\/(?!index\.ts|[a-z]+\/format\.ts)|\/node_modules\/(undici|fastify|aws-local-stepfunctions|@aws-sdk|@napi-rs)\//;
  expect(loaded.filter((url) => late.test(url))).toEqual([]);
});
