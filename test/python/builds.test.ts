import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BUILDS_AT_ONCE } from '#compose/local-engine.ts';
import { eventually } from '../support/clock/eventually.ts';
import { fixtureOf } from '../support/models/dropped.ts';
import {
  processesOf,
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../support/slipway/running.ts';
import { MACHINE } from '../support/walls/canaries.ts';

// One more than are built at once.
const NAMES = Array.from({ length: 1 + BUILDS_AT_ONCE }, (_, i) => `m${i}`);

type Told = { readonly told: string; readonly pid: number };
type Build = { readonly stage: string | null };
type Status = { readonly newest: { readonly phase: string } };

/** Resolves when all are being built, and a build has begun. */
async function allAreBuilding(slipway: RunningSlipway): Promise<void> {
  const { path } = fixtureOf('python', 'function.zip');
  for (const name of NAMES) slipway.drop(`models/${name}/model.zip`, readFileSync(path));
  await eventually(async () => {
    const { models } = (await slipway.get('/models')) as { models: readonly Status[] };
    const building = models.filter(({ newest }) => newest.phase === 'Building');
    return building.length === NAMES.length;
  });
  const logs = join(slipway.dataDir, 'builds');
  const hasBegun = (log: string) => log.endsWith('.log') && statSync(join(logs, log)).size > 0;
  await eventually(() => readdirSync(logs).some(hasBegun));
}

/** How many processes of this machine run this command. */
function running(...command: readonly string[]): number {
  const whole = `${command.join('\0')}\0`;
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === whole;
    } catch {
      return false;
    }
  }).length;
}

describe('a build of code that starts processes of its own', () => {
  it('does not wait for them, and leaves none', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    const seconds = `600.${process.pid}`;
    const code = `import subprocess
subprocess.Popen(["sleep", "${seconds}"])

def predict(x):
    return x
`;

    slipway.drop('models/m/code/predict.py', code);
    slipway.drop('models/m/code/requirements.txt', '');
    slipway.drop('models/m/code/model.yaml', '');
    expect((await slipway.ending('m', 1)).detail).toMatchObject({ state: 'Live' });

    // The build has loaded it too.
    await eventually(() => running('sleep', seconds) === 1);

    await slipway.ask('m', 'undeploy');
    await eventually(() => running('sleep', seconds) === 0);
  });
});

describe('a build of code that does not load', () => {
  it('tells its stages as it runs, and ends with the error, its file and line; the log has all of it', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    const stages = new Set<string | null>();

    slipway.drop(
      'models/m/code/predict.py',
      'import os\n\nimport mytrans\ndef predict(x): return x',
    );
    slipway.drop('models/m/code/requirements.txt', '');
    slipway.drop('models/m/code/model.yaml', '');
    await eventually(async () => {
      const { builds } = (await slipway.get('/builds')) as { builds: readonly Build[] };
      for (const { stage } of builds) stages.add(stage);
      const { models } = (await slipway.get('/models')) as { models: readonly Status[] };
      return ['Failed', 'Rejected'].includes(models[0]?.newest.phase ?? '');
    });
    const { detail } = await slipway.ending('m', 1);
    const { lines } = (await slipway.get('/models/m/logs')) as { lines: readonly string[] };

    expect(detail.reason).toBe("ModuleNotFoundError: No module named 'mytrans' (predict.py:3)");
    expect([...stages]).toContain('loading the model');
    expect(lines.map((line) => line.replace(/^\S+Z /, ''))).toContain(
      `build-folder: ${detail.reason}`,
    );
  });
});

describe('code that yields', () => {
  it('is proven by its example, and streams through the gateway', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    const example = '{ request: { words: [a, b] }, expect: [{ word: a }, { word: b }] }';

    slipway.drop(
      'models/m/code/predict.py',
      'def predict(words):\n  for word in words: yield {"word": word}',
    );
    slipway.drop('models/m/code/requirements.txt', '');
    slipway.drop('models/m/code/model.yaml', `examples: [${example}]`);
    const { detail } = await slipway.ending('m', 1);
    const answer = await fetch(`${slipway.gateway}/models/m/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: '{"words":["a","b"]}',
    });

    expect(detail).toMatchObject({ state: 'Live' });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(await answer.text()).toBe('data: {"word":"a"}\n\ndata: {"word":"b"}\n\n');
  });
});

(MACHINE.landlock > 0 && MACHINE.seccomp ? describe : describe.skip)(
  'code that would not load where it can do more than answer',
  () => {
    it('is built and served: neither its build nor its server reads a file of Slipway or connects', async () => {
      await using folder = await temporaryFolder();
      await using slipway = await startSlipway(folder.path);
      const code = `import socket
for attempt in (lambda: open("${folder.path}/registry.db"), lambda: socket.create_connection(("127.0.0.1", ${new URL(slipway.control).port}))):
    try:
        attempt()
    except PermissionError:
        continue
    raise SystemError("nothing refused it")

def predict(x):
    return x
`;

      slipway.drop('models/m/code/predict.py', code);
      slipway.drop('models/m/code/requirements.txt', '');
      slipway.drop('models/m/code/model.yaml', '');

      expect((await slipway.ending('m', 1)).detail).toMatchObject({ state: 'Live' });
    });
  },
);

(MACHINE.landlock > 0 && MACHINE.seccomp ? describe : describe.skip)(
  'the server of a model of code',
  () => {
    it.each([
      { network: 'none', answer: 'PermissionError' },
      { network: 'open', answer: 'connected' },
    ])(
      'starts while the model is proven, with the network $network',
      async ({ network, answer }) => {
        await using folder = await temporaryFolder();
        await using slipway = await startSlipway(folder.path);
        const code = `import os, socket
def predict(x):
    try:
        socket.create_connection(("127.0.0.1", ${new URL(slipway.control).port})).close()
        return {"told": "connected", "pid": os.getpid()}
    except OSError as error:
        return {"told": type(error).__name__, "pid": os.getpid()}
`;
        slipway.drop('models/m/code/predict.py', code);
        slipway.drop('models/m/code/requirements.txt', '');
        slipway.drop('models/m/code/model.yaml', `runtime: { network: ${network} }`);
        expect((await slipway.ending('m', 1)).detail).toMatchObject({ state: 'Live' });

        const answered = await fetch(`${slipway.gateway}/models/m/invocations`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"x": 1}',
        });

        const { predictions } = (await answered.json()) as { predictions: Told };
        expect(predictions.told).toBe(answer);
        expect(processesOf(join(folder.path, 'spares/python'))).toContain(predictions.pid);
      },
    );
  },
);

describe('builds that run, and one that waits for its turn', () => {
  it.each([
    { how: 'stopped', end: (slipway: RunningSlipway) => slipway.stop() },
    { how: 'killed', end: (slipway: RunningSlipway) => slipway.kill() },
  ])('are taken up after Slipway was $how', async ({ end }) => {
    await using folder = await temporaryFolder();
    await using first = await startSlipway(folder.path);
    await allAreBuilding(first);

    await end(first);

    await using slipway = await startSlipway(folder.path);
    for (const name of NAMES) {
      expect((await slipway.ending(name, 1)).detail).toMatchObject({ state: 'Live' });
    }
  });

  it('are given up by an abort at once, each by its own', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    await allAreBuilding(slipway);
    const [stays = '', ...others] = NAMES;

    for (const name of others.toReversed()) await slipway.ask(name, 'abort');

    for (const name of others) {
      expect((await slipway.ending(name, 1)).detail).toMatchObject({ state: 'Aborted' });
    }
    expect((await slipway.ending(stays, 1)).detail).toMatchObject({ state: 'Live' });
  });
});
