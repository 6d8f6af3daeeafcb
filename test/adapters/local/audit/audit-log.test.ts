import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditLog } from '#adapters/local/audit/audit-log.ts';
import { LOCAL } from '#domain/audit-entry.ts';
import { readAudit } from '#operations/access/read-audit.ts';
import { auditLines } from '../../../../src/cli/views/audit-lines.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-audit-'));
});
afterEach(() => rm(folder, { recursive: true }));

const path = () => join(folder, 'audit.ndjson');
const ALICE = { by: 'alice', key: '0123', door: 's3', address: '10.0.0.7' } as const;
const act = (action: string, outcome = 'done') => ({
  action,
  model: 'digits',
  object: null,
  outcome,
});

function opened() {
  const problems: unknown[] = [];
  const clock = fakeClock(Date.parse('2026-01-02T03:04:05Z'));
  const log = auditLog({ path: path(), clock, onProblem: (error) => problems.push(error) });
  return { log, clock, problems };
}

it('appends a line for each act, in their order, over restarts, for its owner alone', async () => {
  const { log, clock } = opened();
  log.add(LOCAL, act('rollBack'));
  clock.advance(1000);
  log.add(ALICE, act('putObject', 'PlatformDenied'));
  await log.written();
  const again = opened();
  again.log.add(LOCAL, act('abort'));
  await again.log.written();

  const lines = (await readFile(path(), 'utf8')).trim().split('\n');

  expect(lines.map((line) => JSON.parse(line).action)).toEqual(['rollBack', 'putObject', 'abort']);
  expect(JSON.parse(lines[1] ?? '')).toEqual({
    time: '2026-01-02T03:04:06.000Z',
    ...ALICE,
    ...act('putObject', 'PlatformDenied'),
  });
  expect((await stat(path())).mode & 0o777).toBe(0o600);
});

it('is read from a time on, though a line was cut off and a file moved away', async () => {
  const { log, clock } = opened();
  log.add(LOCAL, act('rollBack'));
  await log.written();
  await rename(path(), `${path()}.old`);
  expect(await readAudit(folder, 0)).toEqual([]);
  log.add(LOCAL, { ...act('abort'), object: '"\n{' });
  clock.advance(1000);
  log.add(ALICE, act('putObject'));
  await log.written();

  expect(await readAudit(folder, 0)).toHaveLength(2);
  const found = await readAudit(folder, clock.now());

  expect(auditLines(found)).toEqual([
    'TIME                      BY            ADDRESS   ACTION     MODEL   OBJECT  OUTCOME',
    '2026-01-02T03:04:06.000Z  alice (0123)  10.0.0.7  putObject  digits          done',
  ]);
});

it('reports what it cannot write, and goes on', async () => {
  const { log, problems } = opened();
  await rm(folder, { recursive: true });
  log.add(LOCAL, act('rollBack'));
  await log.written();

  expect(problems).toMatchObject([{ name: 'PlatformUnavailable' }]);
  await mkdir(folder);
  log.add(LOCAL, act('abort'));
  await log.written();
  expect(await readAudit(folder, 0)).toMatchObject([{ action: 'abort' }]);
});
