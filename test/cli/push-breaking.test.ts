import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Slipway, Upload } from '#control/slipway.ts';
import { push } from '../../src/cli/push.ts';
import { identityModel } from '../support/models/onnx.ts';

const QUIET = {
  line: () => undefined,
  busy: () => () => undefined,
  data: () => undefined,
};

/** A Slipway that keeps what is uploaded, and answers that it went live; `live` is the version of `iris` that is live. */
function stub(live: number | null, inBucket: readonly string[] = []) {
  const sent: { key: string; text: string }[] = [];
  const removed: string[] = [];
  const slipway = {
    listModels: async () => ({
      models: [{ name: 'iris', live: live === null ? null : { version: live } }],
    }),
    listObjects: async ({ prefix }: { prefix: string }) => ({
      keys: inBucket.filter((key) => key.startsWith(prefix)),
    }),
    removeObject: async ({ key }: { key: string }) => void removed.push(key),
    upload: async ({ key, file }: Upload) => {
      sent.push({ key, text: file === null ? '' : readFileSync(file, 'latin1') });
      return { sizeBytes: 1, deploymentId: 'd'.repeat(32) };
    },
    listBuilds: async () => ({ builds: [] }),
    readEvents: async () =>
      (async function* events() {
        const detail = { state: 'Live', model: 'iris', version: 2, reason: '', fix: '', data: {} };
        yield { cursor: '1', event: { 'detail-type': 'Deployment State Change', detail } };
      })(),
  };
  return { slipway: slipway as unknown as Slipway, sent, removed };
}

describe('a push that may break the clients of the live version', () => {
  let folder = '';
  let model = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'push-'));
    model = join(folder, 'iris.onnx');
    writeFileSync(model, identityModel({ datatype: 'FP32' }));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const pushed = async (to: ReturnType<typeof stub>, path = model) => {
    const options = { name: 'iris', output: QUIET, allowBreaking: true };
    await push(path, options as never, async () => to.slipway);
    return to.sent.map(({ key, text }) => (key.endsWith('.yaml') ? { key, text } : key));
  };

  it('uploads a manifest that names the live version first, and leaves none in the bucket', async () => {
    const to = stub(3);

    expect(await pushed(to)).toEqual([
      { key: 'models/iris/iris.onnx.yaml', text: 'gate:\n  replaces: 3\n' },
      'models/iris/iris.onnx',
    ]);
    expect(to.removed).toEqual(['models/iris/iris.onnx.yaml']);
  });

  it('adds it to the manifest beside the model, whose comments and keys stay', async () => {
    const manifest = '# ours\nteam: vision # pays\ngate: { changed: block }\n';
    writeFileSync(`${model}.yaml`, manifest);
    const to = stub(3);

    expect(await pushed(to)).toEqual([
      {
        key: 'models/iris/iris.onnx.yaml',
        text: '# ours\nteam: vision # pays\ngate: { changed: block, replaces: 3 }\n',
      },
      'models/iris/iris.onnx',
    ]);
    expect(readFileSync(`${model}.yaml`, 'utf8')).toBe(manifest);
    expect(to.removed).toEqual([]);
  });

  it('adds it to the manifest of a folder, which comes last', async () => {
    const to = stub(3);

    const sent = await pushed(to, folder);

    expect(sent.at(-1)).toEqual({
      key: expect.stringMatching(/^models\/iris\/.*\/model\.yaml$/),
      text: 'gate:\n  replaces: 3\n',
    });
  });

  it('uploads the model alone where nothing is live', async () => {
    expect(await pushed(stub(null))).toEqual(['models/iris/iris.onnx']);
  });

  it('is refused where it would write over a manifest that is in the bucket alone', async () => {
    const to = stub(3, ['models/iris/iris.onnx.yaml']);

    await expect(pushed(to)).rejects.toMatchObject({
      name: 'InputInvalid',
      message: 'models/iris/iris.onnx.yaml is in the bucket, and would be written over',
    });
    expect(to.sent).toEqual([]);
  });

  it('is refused where the manifest is no map', async () => {
    writeFileSync(`${model}.yaml`, '- a list\n');

    await expect(pushed(stub(3))).rejects.toMatchObject({ name: 'InputInvalid' });
  });
});
