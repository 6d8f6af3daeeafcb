import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/clock/eventually.ts';
import { type Message, model } from '../support/models/onnx-graph.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const SECRETS = 500;
// Each secret goes where this says: in headers, keys, private fields, fields of nobody, and in what is kept.
const PLACES = ['header', 'key', 'private', 'other', 'kept'] as const;

const MANIFEST = `
capture: { requestsPerHour: 1000, private: [card] }
rollout: { bakeSeconds: 0 }
`;

/** Answers a text as it is, as many times as this. */
function echo(times = 1): Uint8Array {
  const axis: Message = [
    [1, 'axis'],
    [3, 0],
    [20, 2],
  ];
  return model({
    inputs: [{ name: 'text', datatype: 'BYTES', shape: ['n'] }],
    outputs: [{ name: 'label', datatype: 'BYTES', shape: ['m'] }],
    nodes: [
      { op: 'Concat', inputs: Array(times).fill('text'), outputs: ['label'], attributes: [axis] },
    ],
  });
}

const secretOf = (index: number) => `secret-${index}-${'abcdef0123456789'.repeat(2)}`;
const placeOf = (index: number) => PLACES[index % PLACES.length];

async function sendSecret(slipway: RunningSlipway, index: number): Promise<string> {
  const secret = secretOf(index);
  const place = placeOf(index);
  const row = {
    text: place === 'kept' ? secret : 'plain',
    ...(place === 'private' && { card: secret }),
    ...(place === 'other' && { note: secret }),
  };
  const response = await fetch(`${slipway.gateway}/models/echo/invocations`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(place === 'header' && { 'x-customer': secret, cookie: `session=${secret}` }),
      ...(place === 'key' && { authorization: `Bearer ${secret}`, 'x-api-key': secret }),
    },
    body: JSON.stringify({ dataframe_records: [row] }),
  });
  expect(response.status).toBe(200);
  return response.headers.get('x-request-id') ?? '';
}

/** All that Slipway has written, and the memory of nobody. */
function written(folder: string): readonly { readonly path: string; readonly bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .flatMap((path) => {
      try {
        return [{ path, bytes: readFileSync(path) }];
      } catch (error) {
        // Slipway goes on meanwhile, and removes what it no longer needs.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    });
}

/** The secrets that are found in any of the ways in which others write them. */
function foundIn(files: ReturnType<typeof written>): readonly string[] {
  return Array.from({ length: SECRETS }, (_, index) => secretOf(index)).filter((secret) => {
    const bytes = Buffer.from(secret);
    const ways = [secret, bytes.toString('hex'), bytes.toString('base64').slice(4, -4)];
    return files.some(({ bytes: content }) => ways.some((way) => content.includes(way)));
  });
}

type Exported = { readonly id: string; readonly body: { readonly text: string } };

async function exported(slipway: RunningSlipway): Promise<readonly Exported[]> {
  const text = await (await slipway.api('/models/echo/capture/requests')).text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

it('500 secrets of clients are found nowhere as they were, and after a forget none can be restored', async () => {
  await using folder = await temporaryFolder();
  let copied: ReturnType<typeof written>;
  {
    await using slipway = await startSlipway(folder.path, { config: { requestLog: true } });
    slipway.drop('models/echo/echo.onnx.yaml', MANIFEST);
    slipway.drop('models/echo/echo.onnx', echo());
    expect((await slipway.ending('echo', 1)).detail).toMatchObject({ state: 'Live' });

    const ids: string[] = [];
    for (let index = 0; index < SECRETS; index += 1) ids.push(await sendSecret(slipway, index));
    const wanted = ids.filter((_, index) => placeOf(index) !== 'private');
    await eventually(async () => (await exported(slipway)).length >= wanted.length);

    const kept = await exported(slipway);
    expect(kept.map(({ id }) => id).sort()).toEqual(wanted.toSorted());
    const texts = kept.map(({ body }) => body.text).join('\n');
    const seen = Array.from({ length: SECRETS }, (_, index) => index).filter((index) =>
      texts.includes(secretOf(index)),
    );
    // The signature has this field alone, and it is kept whole.
    expect(seen.map(placeOf)).toEqual(seen.map(() => 'kept'));
    expect(seen).toHaveLength(SECRETS / PLACES.length);

    await slipway.api('/models/echo/feedback', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: ids.map((id, index) => JSON.stringify({ id, truth: secretOf(index) })).join('\n'),
    });
    // The gate opens what was kept, sends it to both versions, and says what it found.
    slipway.drop('models/echo/echo.onnx', echo(2));
    expect((await slipway.ending('echo', 2)).detail).toMatchObject({ state: 'Live' });
    const diff = await slipway.api('/models/echo/diff?from=1&to=2');
    expect(await diff.json()).toMatchObject({
      comparison: { verdict: 'changed', answers: { kept: { asked: SECRETS / PLACES.length + 1 } } },
    });
    copied = written(folder.path);
    expect(foundIn(copied)).toEqual([]);
    expect(slipway.output()).not.toContain('secret-');

    const forgotten = await slipway.api('/models/echo/capture', { method: 'DELETE' });
    expect(forgotten.status).toBe(200);
    expect(await exported(slipway)).toEqual([]);
  }
  // A copy of the sealed lines from before, put back beside the keys that are left.
  await using slipway = await startSlipway(folder.path, {});
  const lines = copied.filter(({ path }) => path.endsWith('.ndjson') && path.includes('capture'));
  expect(lines.length).toBeGreaterThan(0);
  for (const { path, bytes } of lines) writeFileSync(path, bytes);
  expect(await exported(slipway)).toEqual([]);
  expect(foundIn(written(folder.path))).toEqual([]);
});
