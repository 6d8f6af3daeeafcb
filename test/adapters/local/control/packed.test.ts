import { gunzipSync } from 'node:zlib';
import { packed } from '#adapters/local/control/packed.ts';
import { jsonResponse } from '#control/json-response.ts';

const asking = (encodings?: string) =>
  new Request('http://127.0.0.1/models', {
    headers: encodings === undefined ? {} : { 'accept-encoding': encodings },
  });
const LARGE = { models: Array.from({ length: 200 }, (_, at) => ({ name: `model-${at}` })) };

it('a large answer in JSON is packed for who takes gzip', async () => {
  const answer = await packed(asking('gzip, br'), jsonResponse(LARGE, { status: 200 }));

  expect(answer.headers.get('content-encoding')).toBe('gzip');
  expect(answer.headers.get('vary')).toBe('accept-encoding');
  expect(answer.headers.get('content-type')).toContain('application/json');
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(bytes.length).toBeLessThan(1000);
  expect(JSON.parse(gunzipSync(bytes).toString())).toEqual(LARGE);
});

it.each([
  ['for who takes no gzip', 'br', jsonResponse(LARGE, { status: 200 })],
  ['for who says nothing', undefined, jsonResponse(LARGE, { status: 200 })],
  ['where it is small', 'gzip', jsonResponse({ models: [] }, { status: 200 })],
  [
    'where it is a stream of events',
    'gzip',
    new Response('data: {}\n\n'.repeat(1000), { headers: { 'content-type': 'text/event-stream' } }),
  ],
])('an answer stays as it is %s', async (_what, encodings, response) => {
  const text = await response.clone().text();

  const answer = await packed(asking(encodings), response);

  expect(answer.headers.get('content-encoding')).toBeNull();
  expect(await answer.text()).toBe(text);
});
