import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  type BuildFolder,
  buildFolder,
  failureOf,
  startBuild,
} from '../../support/build-folder.ts';
import { eventually } from '../../support/eventually.ts';
import { isAlive } from '../../support/processes.ts';

describe('the end of a build', () => {
  let folder: BuildFolder;
  beforeEach(() => {
    folder = buildFolder();
  });
  afterEach(() => folder.close());

  const endless = () => [`sleep 1000 & echo $! $$ > ${folder.path('pids')}; wait`];
  const pids = () => {
    const path = folder.path('pids');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ').map(Number) : [];
  };

  it('leaves only its log behind', async () => {
    const { run } = folder.builds({ build: ['touch "$TMPDIR/file" "$(mktemp)"'] });

    const { Build } = await run(startBuild());

    expect(folder.files()).toEqual([Build.Logs.StreamName]);
  });

  it('removes what a build left whose Slipway was killed', async () => {
    const left = folder.path('builds/scratch/buildspec.yml/left');
    mkdirSync(left, { recursive: true });
    writeFileSync(`${left}/model.onnx`, 'weights');

    const { Build } = await folder.builds({ build: ['true'] }).run(startBuild());

    expect(folder.files()).toEqual([Build.Logs.StreamName]);
  });

  it('leaves alone what another buildspec has begun', async () => {
    const begun = folder.path('builds/scratch/other.yml/begun');
    mkdirSync(begun, { recursive: true });

    await folder.builds({ build: ['true'] }).run(startBuild());

    expect(existsSync(begun)).toBe(true);
  });

  it('is killed with all that it started when Slipway stops', async () => {
    const { run, stop } = folder.builds({ build: endless(), post_build: ['echo post'] });
    const failed = failureOf(run(startBuild()));
    const started = await eventually(() => pids().length === 2 && pids());

    await stop();

    const { build } = await failed;
    expect(build.BuildStatus).toBe('STOPPED');
    expect(await folder.log(build)).not.toContain('post');
    await eventually(() => !started.some(isAlive));
  });

  it('is killed when its time is up', async () => {
    const { run } = folder.builds({ build: endless() }, { timeoutSeconds: 0.5 });

    const { name, build } = await failureOf(run(startBuild()));

    expect(name).toBe('States.TaskFailed');
    expect(build.BuildStatus).toBe('TIMED_OUT');
    expect((await folder.log(build)).at(-1)).toMatch(/Build has timed out/);
    await eventually(() => !pids().some(isAlive));
  });

  it('leaves no process behind when its commands have ended', async () => {
    const { run } = folder.builds({ build: [`sleep 1000 & echo $! > ${folder.path('pids')}`] });

    await run(startBuild());

    await eventually(() => !pids().some(isAlive));
  });
});
