import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildBoard, buildBoard } from '#adapters/local/builds/build-board.ts';
import { fairlyAtOnce } from '#adapters/local/concurrency/at-once.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { type FakeTimers, fakeTimers } from '../../../support/clock/fake-timers.ts';
import { type BuildFolder, buildFolder, startBuild } from '../../../support/local/build-folder.ts';

const UNTIL = 'until [ -e "$GO" ]; do read -rt 0.01 <> <(:) || :; done';

describe('the builds of one machine', () => {
  let folder: BuildFolder;
  let timers: FakeTimers;
  let board: BuildBoard;
  beforeEach(() => {
    folder = buildFolder();
    timers = fakeTimers();
    board = buildBoard(folder.directory, timers);
  });
  afterEach(() => folder.close());

  /** The URL of the files granted to a deployment's build. */
  function grant(deployment: string, order: object): string {
    const path = folder.path(`${deployment}.json`);
    writeFileSync(path, JSON.stringify({ order, files: [] }));
    return String(pathToFileURL(path));
  }

  const open = (name: string) => writeFileSync(folder.path(name), '');

  it('say what each is doing by the last stage in its log, and their place to those that wait', async () => {
    const builds = folder.builds(
      { build: ['echo it warns; echo "progress: loading the model"', UNTIL] },
      { board, inTurn: fairlyAtOnce(1) },
    );
    const begin = (deployment: string) =>
      builds.run(
        startBuild(deployment, {
          DEPLOYMENT_ID: deployment,
          GO: folder.path('go'),
        }),
      );

    const all = [begin('d1')];
    await eventually(async () => (await board.list())[0]?.stage);
    all.push(begin('d2'));
    await eventually(async () => (await board.list())[1]?.place);
    all.push(begin('d3'));
    await eventually(async () => (await board.list())[2]?.place);
    const seen = await board.list();
    open('go');
    await Promise.all(all);

    expect(seen).toEqual([
      {
        deploymentId: 'd1',
        place: null,
        stage: 'loading the model',
        leftMs: null,
        lines: ['it warns'],
      },
      { deploymentId: 'd2', place: 2, stage: null, leftMs: null, lines: [] },
      { deploymentId: 'd3', place: 1, stage: null, leftMs: null, lines: [] },
    ]);
    expect(await board.list()).toEqual([]);
  });

  it('say how long one still takes by the last that succeeded in the same environment', async () => {
    const builds = folder.builds(
      {
        pre_build: [
          'touch "$GO.made"',
          'until [ -e "$GO.1" ]; do read -rt 0.01 <> <(:) || :; done',
        ],
        build: ['touch "$GO.proving"', UNTIL, '[ -z "$FAILS" ]'],
      },
      { board },
    );
    /** A build that makes its environment for 60 s, and proves its model for so long. */
    async function build(name: string, environmentHash: string, provesMs: number, fails = '') {
      const go = folder.path(name);
      const variables = { ARTIFACT_URL: grant(name, { environmentHash }), GO: go, FAILS: fails };
      const ended = builds.run(startBuild(name, variables)).catch(() => undefined);
      await eventually(() => existsSync(`${go}.made`));
      timers.advance(60_000);
      open(`${name}.1`);
      await eventually(() => existsSync(`${go}.proving`));
      timers.advance(provesMs);
      const [seen] = await board.list();
      open(name);
      await ended;
      return seen?.leftMs;
    }

    expect(await build('first', 'e1', 9_000)).toBeNull();
    expect(await build('failed', 'e1', 2_000, 'yes')).toBe(7_000);
    expect(await build('second', 'e1', 4_000)).toBe(5_000);
    expect(await build('third', 'e1', 6_000)).toBe(0);
    expect(await build('other', 'e2', 6_000)).toBeNull();
  });

  it('keep what they took over a restart, and do without it where that file is broken', async () => {
    const entry = { deploymentId: 'd1', environment: 'e1', log: join(folder.directory, 'a.log') };
    const first = board.add(entry);
    first.onPhase('build');
    timers.advance(8_000);
    first.succeeded();
    const left = async () => {
      const next = buildBoard(folder.directory, timers);
      next.add(entry).onPhase('build');
      return (await next.list())[0]?.leftMs;
    };

    expect(await left()).toBe(8_000);
    writeFileSync(join(folder.directory, 'took.json'), '{');
    expect(await left()).toBeNull();
  });
});
