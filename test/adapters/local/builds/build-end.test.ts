import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fairlyAtOnce } from '#adapters/local/concurrency/at-once.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';
import {
  type BuildFolder,
  buildFolder,
  failureOf,
  startBuild,
} from '../../../support/local/build-folder.ts';
import { isAlive } from '../../../support/local/processes.ts';

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

  it('comes when its processes together hold more memory than it may', async () => {
    const holds =
      "import os,time\nfor _ in range(5):\n  if os.fork() == 0: break\nheld = bytearray(b'x' * (60 << 20))\ntime.sleep(30)";
    const commands = [`/usr/bin/python3 -c '${holds.replaceAll("'", `'"'"'`)}'`];
    const { run } = folder.builds({ build: commands }, { mostMemoryMiB: 250 });

    const { build } = await failureOf(run(startBuild()));

    expect(build.BuildStatus).toBe('FAILED');
    expect((await folder.log(build)).join('\n')).toMatch(
      /out of memory: the build used \d+ MiB; the limit is 250 MiB/,
    );
  });

  it('is killed when its time is up', async () => {
    const timers = fakeTimers();
    const { run } = folder.builds({ build: endless() }, { timers, timeoutSeconds: 60 });
    const failed = failureOf(run(startBuild()));
    const started = await eventually(() => pids().length === 2 && pids());

    timers.advance(60_000);

    const { name, build } = await failed;
    expect(name).toBe('States.TaskFailed');
    expect(build.BuildStatus).toBe('TIMED_OUT');
    expect((await folder.log(build)).at(-1)).toMatch(/Build has timed out/);
    await eventually(() => !started.some(isAlive));
  });

  it('is that of who asked for it: it is killed with all that it started', async () => {
    const { run } = folder.builds({ build: endless() });
    const asker = new AbortController();
    const failed = failureOf(run(startBuild(), asker.signal));
    const started = await eventually(() => pids().length === 2 && pids());

    asker.abort();

    expect((await failed).build.BuildStatus).toBe('STOPPED');
    await eventually(() => !started.some(isAlive));
  });

  it('comes before it has begun when who asked for it is gone, and frees the turn of the next', async () => {
    const { run } = folder.builds(
      { build: ['[ -z "$ENDLESS" ] || sleep 1000'] },
      { inTurn: fairlyAtOnce(1) },
    );
    const [first, second] = [new AbortController(), new AbortController()];
    const running = failureOf(run(startBuild('1', { ENDLESS: 'yes' }), first.signal));
    const waiting = failureOf(run(startBuild('2', { ENDLESS: 'yes' }), second.signal));
    const last = run(startBuild('3'));

    second.abort();

    const { name, build } = await waiting;
    expect(name).toBe('States.TaskFailed');
    expect(build.BuildStatus).toBe('STOPPED');
    expect(build.Phases).toEqual([
      expect.objectContaining({ PhaseType: 'QUEUED', PhaseStatus: 'STOPPED' }),
    ]);
    expect(await folder.log(build)).toEqual([]);
    first.abort();
    expect((await running).build.BuildStatus).toBe('STOPPED');
    expect((await last).Build.BuildStatus).toBe('SUCCEEDED');
  });

  it('comes when it has waited for its turn too long', async () => {
    const timers = fakeTimers();
    const limits = { timers, inTurn: fairlyAtOnce(1), queuedTimeoutSeconds: 60 };
    const { run, stop } = folder.builds({ build: endless() }, limits);
    const running = failureOf(run(startBuild('1')));
    await eventually(() => pids().length === 2);
    const waiting = failureOf(run(startBuild('2')));
    await eventually(() => timers.leftMs().filter((ms) => ms === 60_000).length === 2);

    timers.advance(60_000);

    const { build } = await waiting;

    expect(build.BuildStatus).toBe('TIMED_OUT');
    expect(build.Phases).toEqual([
      expect.objectContaining({ PhaseType: 'QUEUED', PhaseStatus: 'TIMED_OUT' }),
    ]);
    await stop();
    await running;
  });

  it('is that of those that wait too when Slipway stops', async () => {
    const { run, stop } = folder.builds({ build: ['sleep 1000'] }, { inTurn: fairlyAtOnce(1) });
    const all = ['1', '2', '3'].map((token) => failureOf(run(startBuild(token))));

    await stop();

    const ends = (await Promise.all(all)).map(({ build }) => build.BuildStatus);
    expect(ends).toEqual(['STOPPED', 'STOPPED', 'STOPPED']);
  });

  it('is no answer for who asks again: that is another build', async () => {
    const { run } = folder.builds({ build: ['[ -e "$GATE" ] || sleep 1000'] });
    const gone = new AbortController();
    const asked = startBuild('1', { GATE: folder.path('gate') });
    const first = failureOf(run(asked, gone.signal));
    await eventually(() => folder.files().length === 1);
    writeFileSync(folder.path('gate'), '');

    gone.abort();
    const { Build } = await run(asked);

    expect(Build.BuildStatus).toBe('SUCCEEDED');
    expect((await first).build.BuildStatus).toBe('STOPPED');
  });

  it('leaves no process behind when its commands have ended', async () => {
    const { run } = folder.builds({ build: [`sleep 1000 & echo $! > ${folder.path('pids')}`] });

    await run(startBuild());

    await eventually(() => !pids().some(isAlive));
  });
});
