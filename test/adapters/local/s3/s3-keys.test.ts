import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderS3Keys } from '#adapters/local/s3/s3-keys.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

let root: string;
let problems: unknown[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-s3-keys-'));
  problems = [];
});
afterEach(() => rm(root, { recursive: true }));

const directory = () => join(root, 'keys');
const clock = fakeClock(Date.parse('2026-01-02T03:04:05Z'));
const opened = () =>
  folderS3Keys({ directory: directory(), clock, onProblem: (problem) => problems.push(problem) });

it('keeps a key over a restart, with its secret', async () => {
  const made = await opened().create('laptop', ['digits']);

  expect(opened().find(made.id)).toEqual(made);
  expect(made.secret).toMatch(/^slw_[\w-]{43}$/);
  expect(made.id).toMatch(/^[0-9a-f]{16}$/);
});

it('takes a key of an earlier version for one that reads and writes', async () => {
  const { id, secret } = await opened().create('old', 'all');
  const kept = { id, name: 'old', models: 'all', createdAtMs: clock.now(), secret };
  await writeFile(join(directory(), `${id}.json`), JSON.stringify(kept));

  expect(opened().find(id)).toEqual({ ...kept, roles: ['see', 'drop'] });
});

it('makes no key for a role that the S3 API has not', async () => {
  await expect(opened().create('ci', 'all', { roles: ['drop', 'promote'] })).rejects.toMatchObject({
    name: 'InputInvalid',
    message: 'a key of the S3 API cannot have the role promote',
  });
});

it('lets its owner alone read the file, and the folder', async () => {
  const { id } = await opened().create('laptop', 'all');

  expect((await stat(directory())).mode & 0o777).toBe(0o700);
  expect((await stat(join(directory(), `${id}.json`))).mode & 0o777).toBe(0o600);
});

it('lists keys without their secrets, oldest first', async () => {
  const keys = opened();
  const one = await keys.create('one', 'all');
  clock.advance(1000);
  const other = await keys.create('other', ['digits']);

  expect(opened().list()).toEqual([one, other].map(({ secret: _, ...record }) => record));
});

it('leaves no copy of a secret that is revoked', async () => {
  const keys = opened();
  const { id } = await keys.create('laptop', 'all');

  expect([await keys.revoke(id), await keys.revoke(id)]).toEqual([true, false]);

  expect(keys.find(id)).toBeUndefined();
  expect(await readdir(directory())).toEqual([]);
});

it('opens nothing with a key whose file cannot be removed, and removes it at the next try', async () => {
  const keys = opened();
  const { id } = await keys.create('laptop', 'all');
  const file = join(directory(), `${id}.json`);
  const text = await readFile(file);
  await rm(file);
  await mkdir(file);

  await expect(keys.revoke(id)).rejects.toThrow();
  expect(keys.find(id)).toBeUndefined();
  expect(keys.list().map((key) => key.id)).toEqual([id]);
  await rm(file, { recursive: true });
  await writeFile(file, text);

  expect(await keys.revoke(id)).toBe(true);
  expect(keys.list()).toEqual([]);
  expect(opened().find(id)).toBeUndefined();
});

it.each(['{}', 'no JSON', '{"id":"a","name":"a","models":"all","createdAtMs":0,"secret":1}'])(
  'reports a file that is no key, %s, and goes on with the others',
  async (text) => {
    const { id } = await opened().create('laptop', 'all');
    await writeFile(join(directory(), 'broken.json'), text);

    const keys = opened();

    expect(keys.list().map((key) => key.id)).toEqual([id]);
    expect(problems).toMatchObject([{ message: expect.stringContaining('broken.json') }]);
  },
);

it('makes nothing in the folder before there is a key', async () => {
  expect(opened().list()).toEqual([]);
  await expect(opened().create('', 'all')).rejects.toMatchObject({ name: 'InputInvalid' });

  expect(await readdir(root)).toEqual([]);
});
