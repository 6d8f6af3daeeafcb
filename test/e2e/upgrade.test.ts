import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../cli/run-cli.ts';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { needing } from '../support/needs.ts';
import { layDataFolder, RELEASED, releases } from '../support/releases/releases.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const { key, request, constants } = RELEASED;
const [first, second] = constants;
const xs = request.inputs[0].data;

async function answer(slipway: RunningSlipway): Promise<readonly number[]> {
  const response = await slipway.infer('shapes', request);
  const { outputs } = (await response.json()) as { outputs: [{ data: number[] }] };
  return outputs[0].data;
}
const plus = (constant: number) => xs.map((x) => x + constant);

describe.each(releases)('the data folder of %s', (release) => {
  it('is served, rolled back and deployed to by this version', async () => {
    await using folder = await temporaryFolder();
    await layDataFolder(release, folder.path);
    await using slipway = await startSlipway(folder.path);

    expect(await answer(slipway)).toEqual(plus(second));
    await slipway.ask('shapes', 'rollback');
    await slipway.settled('shapes');
    expect(await answer(slipway)).toEqual(plus(first));
    const known = (await slipway.endings('shapes')).length;
    slipway.drop(key, addConstantModel({ constant: 30 }));
    const { detail } = await slipway.ending('shapes', known + 1);

    expect(detail).toMatchObject({ state: 'Live', version: 3 });
    expect(await answer(slipway)).toEqual(plus(30));
  });

  it('still tells what it refused', async () => {
    await using folder = await temporaryFolder();
    await layDataFolder(release, folder.path);
    await using slipway = await startSlipway(folder.path);

    expect((await slipway.endings('refused')).map(({ state }) => state)).toEqual(['Rejected']);
  });
});

const ROOT = join(import.meta.dirname, '../..');

/** The commit of a release; empty where this clone does not have it. */
function commitOf(release: string): string {
  const asked = ['log', '--format=%H', '--max-count=1', '--grep', `^release: ${release}$`];
  try {
    return execFileSync('git', asked, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}

describe.each(releases)('a downgrade to %s', (release) => {
  const commit = commitOf(release);
  const missing = commit ? undefined : `this clone has no commit of the release ${release}`;
  needing(missing, () => {
    it('serves, rolls back and deploys what this version left, and this version what that left', async () => {
      await using folder = await temporaryFolder();
      await using source = await temporaryFolder();
      const main = join(source.path, 'slipway.js');
      execFileSync('sh', ['-c', 'git archive "$1" | tar x -C "$2"', 'sh', commit, source.path], {
        cwd: ROOT,
      });
      // Its own would have to be fetched; the data folder is what is tried.
      symlinkSync(join(ROOT, 'node_modules'), join(source.path, 'node_modules'));
      await layDataFolder(release, folder.path);
      const place = ['--data', folder.path];
      {
        await using slipway = await startSlipway(folder.path);
        await slipway.command('keys', 'create', 'alice', '--models', 'team-a-*', '--role', 'drop');
        slipway.drop(key, addConstantModel({ constant: 30 }));
        await slipway.told('shapes', ({ state, version }) => state === 'Live' && version === 3);
      }

      const ports = ['--port', '0', '--control-port', '0'];
      const old = runCli(['start', ...place, ...ports], process.env, '.', main);
      await eventually(() => old.output().includes('serving until'));
      const { gateway } = JSON.parse(readFileSync(join(folder.path, 'instance.json'), 'utf8'));
      const call = async () => {
        const body = JSON.stringify(request);
        const url = `${gateway}/models/shapes/v2/models/shapes/infer`;
        const headers = { 'content-type': 'application/json' };
        const answered = await fetch(url, { method: 'POST', headers, body });
        return ((await answered.json()) as { outputs: [{ data: number[] }] }).outputs[0].data;
      };

      expect(await call()).toEqual(plus(30));
      const back = await runCli(['rollback', 'shapes', ...place], process.env, '.', main).result;
      expect(back).toMatchObject({ code: 0 });
      expect(await call()).toEqual(plus(second));
      old.interrupt();
      expect(await old.result).toMatchObject({ code: 0 });

      await using slipway = await startSlipway(folder.path);
      expect(await answer(slipway)).toEqual(plus(second));
      slipway.drop(key, addConstantModel({ constant: 40 }));
      await slipway.told('shapes', ({ state, version }) => state === 'Live' && version === 4);
      expect(await answer(slipway)).toEqual(plus(40));
      const keys = await slipway.command('keys', 'list');
      expect(keys.out).toMatch(/alice .* drop +team-a-\*/);
    });
  });
});
