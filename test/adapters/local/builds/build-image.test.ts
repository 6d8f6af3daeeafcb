import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildBoard } from '#adapters/local/builds/build-board.ts';
import { fileBuildLog } from '#adapters/local/builds/file-build-log.ts';
import { grants } from '#adapters/local/builds/grants.ts';
import { fairlyAtOnce } from '#adapters/local/concurrency/at-once.ts';
import type { BuildOrder } from '#domain/build/order.ts';
import { eventually, unlessHung } from '../../../support/clock/eventually.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';
import {
  type BuildFolder,
  buildFolder,
  failureOf,
  startBuild,
} from '../../../support/local/build-folder.ts';

describe('a build on one machine', () => {
  let folder: BuildFolder;
  beforeEach(() => {
    folder = buildFolder();
  });
  afterEach(() => folder.close());

  it('answers as CodeBuild does, with what the commands exported', async () => {
    const { run } = folder.builds({
      pre_build: ['export FIRST="$IMAGE_TAG of $REPOSITORY"', 'unexported=1'],
      build: ['SECOND=$(printf "two\\nlines")', 'export SECOND'],
    });

    const { Build } = await run(startBuild('t', { IMAGE_TAG: 'digits-1' }));

    expect(Build).toEqual({
      Id: expect.stringMatching(/^slipway-image:[0-9a-f-]{36}$/),
      BuildStatus: 'SUCCEEDED',
      Phases: [
        { PhaseType: 'PRE_BUILD', PhaseStatus: 'SUCCEEDED', Contexts: [] },
        { PhaseType: 'BUILD', PhaseStatus: 'SUCCEEDED', Contexts: [] },
      ],
      Logs: { GroupName: folder.directory, StreamName: expect.stringMatching(/\.log$/) },
      ExportedEnvironmentVariables: [
        { Name: 'FIRST', Value: 'digits-1 of registry/models' },
        { Name: 'SECOND', Value: 'two\nlines' },
      ],
    });
  });

  it('tells what a model’s build is about once it has its turn, until it ends', async () => {
    const told: unknown[] = [];
    const order = { environmentHash: 'e1', runtime: 'python' } as BuildOrder;
    const { run } = folder.builds(
      { build: ['cat "$TOLD"'] },
      {
        onModel(about) {
          told.push(about);
          writeFileSync(folder.path('told'), 'told\n');
          return { [Symbol.dispose]: () => void told.push('over') };
        },
      },
    );
    const url = await grants(folder.path('grants'))('d1', [], order);
    const TOLD = folder.path('told');

    const { Build } = await run(startBuild('model', { ARTIFACT_URL: url, TOLD }));
    await run(startBuild('environment', { TOLD }));

    expect(await folder.written(Build)).toEqual(['told']);
    expect(told).toEqual([order, 'over']);
  });

  it('takes the place of the oldest log where there are a thousand', async () => {
    const { run } = folder.builds({ build: ['true'] });
    for (let each = 0; each < 1_001; each += 1) {
      const path = join(folder.directory, `old-${each}.log`);
      writeFileSync(path, '');
      utimesSync(path, each, each);
    }

    await run(startBuild());

    const logs = readdirSync(folder.directory).filter((name) => name.endsWith('.log'));
    expect(logs).not.toContain('old-0.log');
    expect(logs).toContain('old-1.log');
  });

  it('writes when each line of its log was written', async () => {
    const { run } = folder.builds({ build: ['echo out; echo err >&2; printf "no end"'] });

    const { Build } = await run(startBuild());

    const { GroupName: group, StreamName: stream } = Build.Logs;
    const lines = await fileBuildLog(folder.directory).tail({ group, stream }, { lines: 9 });
    expect(lines.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^\[Container\] Running command echo out/),
      ...['out', 'err', 'no end'],
      '[Container] Phase complete: BUILD State: SUCCEEDED',
    ]);
    expect(lines.map(({ timeMs }) => timeMs)).toEqual(lines.map(() => expect.any(Number)));
  });

  it('writes all that it said at once before it ended', async () => {
    const { run } = folder.builds({
      build: ['for ((line = 1; line <= 20000; line += 1)); do echo "$line"; done'],
    });

    const { Build } = await run(startBuild());

    expect((await folder.log(Build)).slice(-2)).toEqual([
      '20000',
      '[Container] Phase complete: BUILD State: SUCCEEDED',
    ]);
  });

  it('exports nothing that was never set', async () => {
    const { Build } = await folder.builds({ build: ['export FIRST=1'] }).run(startBuild());

    expect(Build.ExportedEnvironmentVariables).toEqual([{ Name: 'FIRST', Value: '1' }]);
  });

  it('runs the commands of a phase in one shell, the phases in their order', async () => {
    const { run } = folder.builds({
      post_build: ['echo post'],
      install: ['word=install', 'echo "$word"'],
      build: [`echo 'build "it'"'"'s"'`],
      pre_build: ['cd /', 'pwd'],
    });

    const { Build } = await run(startBuild());

    const written = await folder.written(Build);
    expect(written).toEqual(['install', '/', 'build "it\'s"', 'post']);
  });

  it('tells of a failed command in CodeBuild’s words, and in its log', async () => {
    const { run } = folder.builds({
      build: ['echo before', 'echo broken >&2; (exit 3)', 'echo never'],
    });

    const failure = await failureOf(run(startBuild()));

    const Message =
      'Error while executing command: echo broken >&2; (exit 3). Reason: exit status 3';
    expect(failure.name).toBe('States.TaskFailed');
    expect(failure.build.BuildStatus).toBe('FAILED');
    expect(failure.build.Phases).toEqual([
      {
        PhaseType: 'BUILD',
        PhaseStatus: 'FAILED',
        Contexts: [{ StatusCode: 'COMMAND_EXECUTION_ERROR', Message }],
      },
    ]);
    expect(await folder.log(failure.build)).toEqual([
      '[Container] Running command echo before',
      'before',
      '[Container] Running command echo broken >&2; (exit 3)',
      'broken',
      '[Container] Phase complete: BUILD State: FAILED',
      `[Container] Phase context status code: COMMAND_EXECUTION_ERROR Message: ${Message}`,
    ]);
  });

  it.each([
    ['install', []],
    ['pre_build', []],
    ['build', ['post 0']],
  ])('after a failed %s writes %j', async (phase, expected) => {
    const post = ['echo "post $CODEBUILD_BUILD_SUCCEEDING"'];
    const { run } = folder.builds({ pre_build: ['true'], [phase]: ['exit 9'], post_build: post });

    const { build } = await failureOf(run(startBuild()));

    const written = await folder.written(build);
    expect(written).toEqual(expected);
    expect(build.BuildStatus).toBe('FAILED');
  });

  it('tells a post_build that the build succeeded', async () => {
    const { run } = folder.builds({
      build: ['true'],
      post_build: ['export FIRST=$CODEBUILD_BUILD_SUCCEEDING'],
    });

    const { Build } = await run(startBuild());

    expect(Build.ExportedEnvironmentVariables).toEqual([{ Name: 'FIRST', Value: '1' }]);
  });

  it('gives a build nothing of Slipway’s environment but what it needs', async () => {
    const own = { ...process.env, HOME: '/home', AWS_SECRET_ACCESS_KEY: 'secret' };
    const { run } = folder.builds(
      { build: ['export FIRST=$(env -0 | cut -z -d= -f1 | tr "\\0" " ")'] },
      { own },
    );

    const { Build } = await run(startBuild('t', { IMAGE_TAG: 'digits-1' }));

    const names = Build.ExportedEnvironmentVariables[0]?.Value.trim().split(' ').toSorted();
    const shells = ['PWD', 'SHLVL', '_', 'OLDPWD'];
    // Node hands the last one to every child of a process whose coverage is measured.
    const optional = ['DOCKER_HOST', 'SSL_CERT_FILE', 'NODE_V8_COVERAGE'];
    expect(names?.filter((name) => ![...shells, ...optional].includes(name))).toEqual([
      'CODEBUILD_BUILD_SUCCEEDING',
      'HOME',
      'IMAGE_TAG',
      'PATH',
      'REPOSITORY',
      'TMPDIR',
    ]);
  });

  it('is the same build when it is asked for again while it runs, and a new one after', async () => {
    const count = folder.path('count');
    const { run } = folder.builds({ build: [`echo run >> ${count}`] });

    const [first, second] = await Promise.all([run(startBuild()), run(startBuild())]);
    const later = await run(startBuild());

    expect(second.Build.Id).toBe(first.Build.Id);
    expect(later.Build.Id).not.toBe(first.Build.Id);
    expect(readFileSync(count, 'utf8')).toBe('run\nrun\n');
  });

  it('runs the builds of two deployments side by side', async () => {
    const { run } = folder.builds({
      build: ['touch "$MINE"', 'until [ -e "$OTHERS" ]; do read -rt 0.01 <> <(:) || :; done'],
    });
    const [a, b] = [folder.path('a'), folder.path('b')];

    const both = await Promise.all([
      run(startBuild('1', { MINE: a, OTHERS: b })),
      run(startBuild('2', { MINE: b, OTHERS: a })),
    ]);

    expect(both.map(({ Build }) => Build.BuildStatus)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  });

  it('of a live model’s next version goes before those of other models, and a new model before one that has had its turn', async () => {
    const [begun, gate] = [folder.path('begun'), folder.path('gate')];
    const board = buildBoard(folder.directory);
    const { run } = folder.builds(
      {
        build: [
          `[ -z "$WAITS" ] || { touch ${begun}; until [ -e ${gate} ]; do sleep 0.05; done; }`,
        ],
      },
      {
        board,
        inTurn: fairlyAtOnce(1),
        applicantOf: async (id) => ({ model: id.split('/')[0] ?? '', isUpgrade: id === 'live/2' }),
      },
    );
    const order: string[] = [];
    const build = (id: string, variables = {}) =>
      run(startBuild(id, { DEPLOYMENT_ID: id, ...variables })).then(() => void order.push(id));

    const first = build('broken/1', { WAITS: 'yes' });
    await eventually(() => existsSync(begun));
    const ids = ['broken/2', 'broken/3', 'broken/4', 'new/1', 'live/2'];
    const rest: Promise<void>[] = [];
    for (const id of ids) {
      rest.push(build(id));
      await eventually(async () => (await board.list()).at(-1)?.place);
    }
    writeFileSync(gate, '');
    await Promise.all([first, ...rest]);

    expect(order.slice(0, 2)).toEqual(['broken/1', 'live/2']);
    expect(order.indexOf('new/1')).toBeLessThan(4);
  });

  it('gives its place to the next when it waits without computing, not while it computes', async () => {
    const timers = fakeTimers();
    const begun = folder.path('begun');
    let cpuSeconds = 0;
    const { run } = folder.builds(
      { build: [`[ -z "$ENDLESS" ] || { touch ${begun}; sleep 1000; }`] },
      { timers, inTurn: fairlyAtOnce(1), timeoutSeconds: 300, cpuSeconds: () => cpuSeconds },
    );
    const first = failureOf(run(startBuild('1', { ENDLESS: 'yes' })));
    await eventually(() => existsSync(begun));
    const ended: string[] = [];
    const second = run(startBuild('2')).then(() => ended.push('second'));
    await eventually(() => timers.leftMs().filter((ms) => ms === 3_600_000).length === 2);

    for (let looks = 0; looks < 3; looks += 1) {
      cpuSeconds += 1;
      timers.advance(30_000);
    }
    const whileItComputed = [...ended];
    timers.advance(30_000);
    await unlessHung('the next build', second);
    timers.advance(300_000);

    expect(whileItComputed).toEqual([]);
    expect(ended).toEqual(['second']);
    expect((await first).build.BuildStatus).toBe('TIMED_OUT');
  });

  it('waits for its turn, and its time counts from then on', async () => {
    const timers = fakeTimers();
    const begun = folder.path('begun');
    const { run } = folder.builds(
      { build: [`[ -z "$ENDLESS" ] || { touch ${begun}; sleep 1000; }`] },
      { timers, inTurn: fairlyAtOnce(1), queuedTimeoutSeconds: 600, timeoutSeconds: 60 },
    );
    const first = run(startBuild('1', { ENDLESS: 'yes' })).catch(() => undefined);
    await eventually(() => existsSync(begun));
    const order: string[] = [];

    const others = ['2', '3', '4'].map((token) =>
      run(startBuild(token)).then(({ Build }) => {
        order.push(token);
        return Build.BuildStatus;
      }),
    );
    await eventually(() => timers.leftMs().filter((ms) => ms === 600_000).length === 4);
    timers.advance(60_000);
    await first;

    expect(await Promise.all(others)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    expect(order).toEqual(['4', '2', '3']);
  });

  it('says that there is no bash', async () => {
    const { run } = folder.builds({ build: ['true'] }, { own: { PATH: '/nowhere' } });

    await expect(run(startBuild())).rejects.toThrow('bash could not be started');
  });
});
