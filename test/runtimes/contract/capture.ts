import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keptRequests } from '#adapters/capture/kept-requests.ts';
import { newRing, privateKeys, publicKeys } from '#adapters/capture/key-rings.ts';
import { systemClock } from '#adapters/clocks.ts';
import type { KeptRequest } from '#domain/capture/kept-request.ts';
import { captureVariable, dayOf } from '#domain/capture/plan.ts';
import { countsOf, sealedLine } from '#domain/capture/sealed-line.ts';
import { memoryKeptLines } from '../../support/memory/capture.ts';
import { type ModelServer, startModel, type Wanted } from '../model-server.ts';
import type { Env, Runtime } from '../runtime.ts';

/** A request, padded with so many spaces, and the body that is kept of it; null where none is. */
type Asked = {
  readonly says: string;
  readonly path: string;
  readonly headers?: Env;
  readonly body: string;
  readonly repeat?: number;
  readonly status?: number;
  readonly kept: string | null;
};

type Group = {
  readonly model: Wanted;
  readonly private: readonly string[];
  readonly asked: readonly Asked[];
  readonly counts: object;
};

const RING = newRing();
const REVISION = 'm-v3';

/** In each line of `kept.jsonl` a model and the fields that are private, a request to it, or what it has counted at the end. */
function groups(): readonly Group[] {
  const found: (Omit<Group, 'asked'> & { asked: Asked[]; counts: object })[] = [];
  const text = readFileSync(join(import.meta.dirname, 'kept.jsonl'), 'utf8');
  for (const line of text.trim().split('\n')) {
    const said = JSON.parse(line);
    const last = found.at(-1);
    if ('model' in said) found.push({ ...said, asked: [], counts: {} });
    else if ('counts' in said && last) last.counts = said.counts;
    else last?.asked.push(said);
  }
  return found;
}

/** The requests that servers keep: one corpus for all, and nothing of it can be read without the key. */
export function describeCapture(runtime: Runtime): void {
  const all = groups().map((group) => ({ ...group, of: JSON.stringify(group.model) }));

  it.each(all)('keeps of the requests to $of what is theirs, private $private', async (group) => {
    const server = await capturing(runtime, group.model, { private: group.private });
    const answers: string[] = [];
    for (const [index, asked] of group.asked.entries()) {
      const { says, path, headers = {}, body, repeat = 0, status = 200 } = asked;
      const id = { 'x-request-id': `r${index}` };
      const answer = await server.post(path, body + ' '.repeat(repeat), { ...id, ...headers });

      expect({ says, status: answer.status }).toEqual({ says, status });
      answers.push(answer.text);
    }

    const { requests, counts } = await server.end();
    expect(requests).toHaveLength(group.asked.filter(({ kept }) => kept !== null).length);
    for (const [index, { says, path, headers, kept }] of group.asked.entries()) {
      const found = requests.find(({ id }) => id === `r${index}`);
      const whole = kept === null ? undefined : plain(kept);
      expect({ says, body: found && plain(String(found.body)) }).toEqual({ says, body: whole });
      if (!found) continue;
      const contentType = headers?.['content-type'] ?? 'application/json';
      expect(found).toMatchObject({ path, contentType, version: 3 });
      expect(String(found.answer)).toBe(answers[index]);
    }
    expect(counts).toMatchObject(group.counts);
  });

  it('names the request in its answer, whether its client did or not', async () => {
    const server = await capturing(runtime, ['addConstant', { constant: 1 }]);

    const named = await server.post('/invocations', { inputs: [1] }, { 'x-request-id': 'mine' });
    const unnamed = await server.post('/invocations', { inputs: [2] });

    const ids = [named, unnamed].map(({ headers }) => headers.get('x-request-id'));
    const { requests } = await server.end();
    expect(ids[0]).toBe('mine');
    expect(requests.map(({ id }) => id).sort()).toEqual([...ids].sort());
  });

  it('tells one client from another by a fingerprint, in which nobody reads who it is', async () => {
    const server = await capturing(runtime, ['addConstant', { constant: 1 }]);
    const from = async (index: number, headers: Env) => {
      await server.post(
        '/invocations',
        { inputs: [index] },
        { 'x-request-id': `r${index}`, ...headers },
      );
    };

    await from(0, { 'x-forwarded-for': '203.0.113.7' });
    await from(1, { 'x-forwarded-for': '203.0.113.7' });
    await from(2, { 'x-forwarded-for': '203.0.113.8' });
    await from(3, { 'x-forwarded-for': '203.0.113.8', 'x-slipway-key-id': 'key-7' });
    await from(4, {});

    const { requests } = await server.end();
    const callers = [0, 1, 2, 3, 4].map(
      (index) => requests.find(({ id }) => id === `r${index}`)?.caller,
    );
    // sha256 of `slipway-caller`, a line end and who sent it.
    expect(callers).toEqual(['419ad1dd', '419ad1dd', '3f25d797', 'b5f61351', undefined]);
  });

  it('keeps as many of an hour as its budget says, and counts all', async () => {
    const server = await capturing(runtime, ['addConstant', { constant: 1 }], {
      requestsPerHour: 5,
    });

    for (let index = 0; index < 60; index += 1) {
      await server.post('/invocations', { inputs: [index] });
    }

    const { requests, counts } = await server.end();
    expect(counts.seen).toBe(60);
    // An hour may end between them.
    expect([5, 10]).toContain(requests.length);
  });

  it('writes nothing of a request that can be read', async () => {
    const server = await capturing(runtime, ['columns'], { private: ['card'] });
    const secrets = Array.from({ length: 20 }, (_, index) => `s3cret-${index}-${'x'.repeat(20)}`);

    for (const secret of secrets) {
      const row = { weight: 1, pieces: 2, name: secret };
      const keys = { authorization: `Bearer ${secret}`, 'x-other': secret, cookie: secret };
      await server.post('/invocations', { dataframe_records: [row] }, keys);
      await server.post('/invocations', { dataframe_records: [{ ...row, card: secret }] }, keys);
    }

    const { requests, counts, output } = await server.end();
    expect(counts).toMatchObject({ seen: 40, private: 20 });
    expect(requests).toHaveLength(20);
    expect(secrets.filter((secret) => foundIn(output, secret))).toEqual([]);
    expect(requests.filter((each) => String(each.body).includes('Bearer'))).toEqual([]);
  });
}

type Capturing = ModelServer & {
  /** Ends it, and opens what it has written. */
  end(): Promise<{
    readonly requests: readonly KeptRequest[];
    readonly counts: ReturnType<typeof countsOf>;
    readonly output: string;
  }>;
};

async function capturing(
  runtime: Runtime,
  [name, ...given]: Wanted,
  { private: secret = [] as readonly string[], requestsPerHour = 100 } = {},
): Promise<Capturing> {
  const make = runtime.models[name] as (...given: readonly unknown[]) => Promise<Env>;
  const server = await startModel(runtime, make(...given), {
    SLIPWAY_REVISION: REVISION,
    CAPTURE: captureVariable({
      keys: publicKeys(RING),
      requestsPerHour,
      megabytes: 1000,
      days: 1,
      private: [...secret],
    }),
  });
  let output = '';
  server.child.stdout?.on('data', (bytes) => {
    output += bytes;
  });
  return {
    ...server,
    async end() {
      server.child.kill('SIGTERM');
      await once(server.child, 'close');
      const texts = output.split('\n');
      const lines = memoryKeptLines();
      for (const text of texts) await lines.add('m', dayOf(systemClock.now()), text);
      const keys = {
        publish: async () => publicKeys(RING),
        open: async () => privateKeys({ [REVISION]: RING }),
        drop: async () => undefined,
        keepOnly: async () => undefined,
      };
      const requests = await all(keptRequests({ lines, keys, clock: systemClock }).of('m'));
      const counts = countsOf(texts.flatMap((text) => sealedLine(text) ?? []));
      return { requests, counts, output };
    },
  };
}

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const found: Item[] = [];
  for await (const each of items) found.push(each);
  return found;
}

/** Numbers may be spelled as each language writes them. */
function plain(text: string): string {
  return text.replaceAll(/\d+\.\d+/g, (number) => String(Number(number)));
}

/** As it is, and as others write it. */
function foundIn(text: string, secret: string): boolean {
  const bytes = Buffer.from(secret);
  const ways = [secret, bytes.toString('hex'), bytes.toString('base64').slice(4, -4)];
  return ways.some((way) => text.includes(way));
}
