import { readFile } from 'node:fs/promises';
import { serveAccountConsole } from '#compose/account-console.ts';
import { everywhere } from '#control/operations.ts';
import type { Slipway, Upload } from '#control/slipway.ts';

/** An account with the model shapes; what is uploaded to it is kept. */
function account() {
  const sent: { key: string; text: string | null }[] = [];
  const slipway = {
    listModels: async () => ({ models: [{ name: 'shapes' }] }),
    endpoint: (model: string) => `https://api.example/prod/models/${model}`,
    async upload({ key, file }: Upload) {
      sent.push({ key, text: file && (await readFile(file, 'utf8')) });
      return { key, versionId: 'v', sizeBytes: 5, deploymentId: null };
    },
  };
  // The operations that a test does not ask for do nothing.
  const all = new Proxy(slipway, {
    ownKeys: () => [...new Set([...Object.keys(slipway), ...OTHERS])],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get: (target, name) => Reflect.get(target, name) ?? (async () => ({})),
  });
  return { slipway: all as unknown as Slipway, sent };
}

const OTHERS = Object.keys(everywhere);

async function opened() {
  const { slipway, sent } = account();
  const { link, close } = await serveAccountConsole(slipway, 0);
  const { origin, hash } = new URL(link);
  const open = () =>
    fetch(`${origin}/console/sessions?code=${hash.replace('#open=', '')}`, { method: 'POST' });
  const { token } = (await (await open()).json()) as { token: string };
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${origin}${path}`, { ...init, headers: { authorization: `Bearer ${token}` } });
  return { origin, open, ask, sent, [Symbol.asyncDispose]: close };
}

describe('the console of an account, on a loopback port', () => {
  it('is opened by its link, once, and asks the account', async () => {
    await using at = await opened();

    expect(await (await at.ask('/models')).json()).toEqual({ models: [{ name: 'shapes' }] });
    expect((await at.open()).status).toBe(400);
    expect((await fetch(`${at.origin}/models`)).status).toBe(401);
  });

  it('sends what is dropped to the bucket, and answers with its digest', async () => {
    await using at = await opened();
    const response = await at.ask('/objects/models/a/a.onnx', { method: 'PUT', body: 'bytes' });

    expect(await response.json()).toMatchObject({
      key: 'models/a/a.onnx',
      sha256: '277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9',
    });
    expect(at.sent).toEqual([{ key: 'models/a/a.onnx', text: 'bytes' }]);
  });

  it('sends what was dropped in pieces once all of it has arrived', async () => {
    await using at = await opened();
    const id = crypto.randomUUID();
    const piece = (offset: number, body: string) =>
      at.ask(`/uploads/${id}?key=models/a/a.onnx&totalBytes=5&offset=${offset}`, {
        method: 'PUT',
        body,
      });
    await piece(0, 'by');

    expect(await (await at.ask(`/uploads/${id}`)).json()).toEqual({ offset: 2, uploaded: null });
    expect(await (await piece(2, 'tes')).json()).toMatchObject({
      uploaded: { sha256: '277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9' },
    });
    expect(at.sent).toEqual([{ key: 'models/a/a.onnx', text: 'bytes' }]);
  });

  it('lets its page ask the models of the account, and has nothing that only one machine has', async () => {
    await using at = await opened();
    const page = await fetch(at.origin, { headers: { accept: 'text/html' } });

    expect(page.headers.get('content-security-policy')).toContain(
      "connect-src 'self' https://api.example;",
    );
    expect((await at.ask('/scrub', { method: 'POST' })).status).toBe(404);
  });
});
