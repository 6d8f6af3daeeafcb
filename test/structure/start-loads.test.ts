import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const listed = (file: string) => `
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({ load: (url, context, next) => { loaded.add(url); return next(url, context); } });
  await import('${new URL(`../../src/cli/${file}`, import.meta.url)}');
  console.log(JSON.stringify([...loaded]));
`;

async function loadedBy(file: string): Promise<readonly string[]> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', listed(file)]);
  return JSON.parse(stdout);
}

it('a start loads what speaks HTTP after it has started what was live, and what only an inspection, an execution or the demo needs after that', async () => {
  const loaded = await loadedBy('start.ts');

  expect(loaded.some((url) => url.endsWith('src/compose/local.ts'))).toBe(true);
  const late =
    /\/src\/formats\/(?!index\.ts|[a-z]+\/format\.ts)|\/node_modules\/(undici|fastify|aws-local-stepfunctions|@aws-sdk|@napi-rs)\//;
  expect(loaded.filter((url) => late.test(url))).toEqual([]);
});

it('a command loads nothing that only another command needs, or only one that draws', async () => {
  const loaded = await loadedBy('program.ts');

  expect(loaded.some((url) => url.endsWith('src/cli/commands/git-commands.ts'))).toBe(true);
  const others =
    /\/src\/(cli\/(git|push|prove|diff|invoke|inspect)\b|domain\/comparison\/)|\/node_modules\/(yaml|log-update|string-width|undici|@aws-sdk)\//;
  expect(loaded.filter((url) => others.test(url))).toEqual([]);
});
