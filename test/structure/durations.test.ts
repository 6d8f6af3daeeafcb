import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wallUses } from '../support/clock/wall-uses.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['src', 'functions', 'runtimes', 'buildspecs', 'bench', 'infra'];

/** Files that may read the wall clock, or count with it, and why no step of it does harm there. */
const ALLOWED: Readonly<Record<string, string>> = {
  'src/adapters/clocks.ts': 'hands it on as the port Clock',
  'src/cli/start.ts': 'compares with the times of events, to show only what is new',
  'src/cli/log-query.ts': 'compares with the times of log lines',
  'src/operations/watch/live-watch.ts': 'asks for what the gateway has counted by the same clock',
  'src/operations/watch/machine-meters.ts': 'compares with the times of records and events',
  'src/cli/watch.ts': 'shows since when a deployment runs, which an event says',
  'src/adapters/local/control/console-sessions.ts':
    'ends a session by a date, which outlives its process',
  'src/adapters/local/control/partial-uploads.ts': 'compares with the times of files on the disk',
  'src/adapters/local/s3/multipart-uploads.ts': 'compares with the times of files on the disk',
  'src/adapters/local/views/traffic-history.ts': 'asks for what it has recorded by the same clock',
  'src/adapters/local/servers/compiled-server.ts': 'compares with the times of files on the disk',
  'src/adapters/local/images/docker-images.ts': 'compares with the time at which Docker tagged',
  'runtimes/onnx/serving/server-errors.ts': 'writes the time of a log line',
  'runtimes/onnx/capture/capture.ts': 'says when a request was answered',
  'runtimes/python/slipway_server/capture/capture.py': 'says when a request was answered',
  'runtimes/python/slipway_server/serving/generations.py': 'writes the time of a log line',
  'runtimes/python/slipway_server/serving/server_errors.py': 'writes the time of a log line',
  'runtimes/python/slipway_server/language/transformers_engine.py':
    'writes `created`, as the API of OpenAI has it',
  'src/cli/commands/data-commands.ts': 'says when a backup was made',
  'src/operations/data-folder/keeper.ts': 'says when a backup was made',
  'src/operations/data-folder/restore.ts': 'says when a registry was migrated',
  'runtimes/python/slipway_server/protocols/response_events.py': 'says when an answer was made',
  'buildspecs/commands/compile-imported.py': 'compares with the times of files on the disk',
  'buildspecs/commands/kept-environments.mjs': 'compares with the times of files on the disk',
  'bench/first-answer.ts': 'compares with the times of events',
  'bench/fuzz-pickles.ts': 'takes it for a seed',
  'bench/placement-traces.ts': 'moves a clock of its own through thirty virtual days',
};

/** Folders whose durations begin and end in different processes, so only records know both. */
const BY_RECORDS: Readonly<Record<string, string>> = {
  'src/steps/': 'counts from what the registry has recorded',
  'src/adapters/aws/': 'counts from what AWS or the registry has recorded',
};

const isReadHere = (name: string) =>
  /\.(ts|mjs|cjs|js|py)$/.test(name) && !/(^|\/)node_modules\//.test(name);
const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(
    (name) => `${folder}/${name}`,
  ),
).filter(isReadHere);

const PYTHON_WALL = /\btime\.time\(|\btime_ns\(|\bdatetime\.(now|utcnow|today)\(/;

function usesIn(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  if (path.endsWith('.py')) {
    return text
      .split('\n')
      .flatMap((line, index) =>
        PYTHON_WALL.test(line) ? `${path}:${index + 1}: ${line.trim()}` : [],
      );
  }
  return wallUses(path, text)
    .filter(({ what }) => !countsByRecords(path, what))
    .map(({ line, what }) => `${path}:${line}: ${what}`);
}

function countsByRecords(path: string, what: string): boolean {
  return what.includes('clock.now()') && Object.keys(BY_RECORDS).some((it) => path.startsWith(it));
}

it('nothing measures a time by the wall clock, which people and NTP set', () => {
  const found = files.filter((path) => !(path in ALLOWED)).flatMap(usesIn);

  expect(found).toEqual([]);
});

it.each(Object.entries(ALLOWED))('%s may read it, as it %s', (path) => {
  expect(usesIn(path)).not.toEqual([]);
});

describe('in the product is found', () => {
  it.each([
    'const endMs = Date.now() + 5_000;',
    'const today = new Date();',
    'const clock = { now: Date.now };',
    'if (clock.now() >= dueAtMs) look();',
    'const dueAtMs = deps.clock.now() + PERIOD_MS;',
    'const tookMs = clock.now() - startedMs;',
  ])('%s', (planted) => {
    expect(wallUses('src/planted.ts', planted)).toHaveLength(1);
  });
});

describe('in the product is taken', () => {
  it.each([
    'const endMs = performance.now() + 5_000;',
    'const dueAtMs = clock.monotonicMs() + PERIOD_MS;',
    'const record = { admittedAtMs: clock.now() };',
    'const day = new Date(atMs);',
  ])('%s', (planted) => {
    expect(wallUses('src/planted.ts', planted)).toEqual([]);
  });
});
