import { Readable } from 'node:stream';
import { listen } from '#adapters/local/http/listen.ts';
import type { S3Answer } from '#adapters/local/s3/bucket.ts';
import { s3Server } from '#adapters/local/s3/server.ts';
import { s3Document } from '#adapters/local/s3/xml.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';

const PATIENCE_MS = 20_000;
const DONE: S3Answer = {
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: s3Document(['Done', [['ETag', 'x']]]),
};

const timers = fakeTimers();
let answers: PromiseWithResolvers<S3Answer>;
const server = s3Server(() => answers.promise, timers);
let origin: string;
beforeAll(async () => {
  await server.ready();
  origin = `http://127.0.0.1:${await listen(server.server, { host: '127.0.0.1', port: 0 })}`;
});
beforeEach(() => {
  answers = Promise.withResolvers();
});
afterAll(() => server.close());

const COMPLETION = '/bucket/a?uploadId=1';

it('answers a quick completion as it is', async () => {
  answers.resolve({ ...DONE, status: 400 });

  const response = await fetch(origin + COMPLETION, { method: 'POST' });

  expect(response.status).toBe(400);
  expect(await response.text()).toBe(DONE.body);
  expect(timers.leftMs()).toEqual([]);
});

it('keeps the client of a slow completion waiting, and then says how it ended, in one document', async () => {
  const asked = fetch(origin + COMPLETION, { method: 'POST' });
  await eventually(() => timers.leftMs().length > 0);
  timers.advance(PATIENCE_MS);
  const response = await asked;
  timers.advance(PATIENCE_MS);
  answers.resolve({ ...DONE, status: 503 });

  const text = await response.text();

  expect(response.status).toBe(200);
  expect(text).toMatch(/^<\?xml [^>]+\?>\n {2}<Done /);
  expect(text.replace(/\n {2}/, '\n')).toBe(DONE.body);
  expect(timers.leftMs()).toEqual([]);
});

it('closes the body of an answer that cannot be sent', async () => {
  const body = Readable.from(['x']);
  answers.resolve({ status: 200, headers: { a: '日本' }, body });

  await expect(fetch(`${origin}/bucket/a`)).rejects.toThrow();
  expect(body.destroyed).toBe(true);
});

it('begins no answer of another kind before its end, since its status could not be taken back', async () => {
  const before = timers.calls();
  const asked = fetch(`${origin}/bucket/a`, { method: 'PUT', body: 'x' });
  answers.resolve({ status: 507 });

  expect((await asked).status).toBe(507);
  expect(timers.calls()).toBe(before);
});
