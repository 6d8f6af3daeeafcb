import { createHash } from 'node:crypto';
import { unzipSync } from 'fflate';
import { pythonClient } from '#adapters/python-client.ts';

const client = pythonClient('1.2.3');
const asked = (path: string, method = 'GET') =>
  client(new Request(`http://127.0.0.1:8081${path}`, { method }));
const WHEEL = 'slipway_client-1.2.3-py3-none-any.whl';

async function wheel(): Promise<Uint8Array> {
  return new Uint8Array(await (await asked(`/python/${WHEEL}`))!.arrayBuffer());
}

describe('the wheel of the Python client', () => {
  it('is linked by its page, with the hash of its bytes', async () => {
    const page = await (await asked('/python/'))?.text();

    const hash = createHash('sha256')
      .update(await wheel())
      .digest('hex');
    expect(page).toContain(`href="${WHEEL}#sha256=${hash}"`);
  });

  it('lists each of its files with its hash, and has no other', async () => {
    const files = unzipSync(await wheel());
    const text = (name: string) => Buffer.from(files[name] ?? []).toString();
    const record = text('slipway_client-1.2.3.dist-info/RECORD').trim().split('\n');

    const listed = record.map((line) => line.split(',')[0]);
    expect(listed).toEqual(Object.keys(files));
    expect(listed).toEqual(
      expect.arrayContaining(['slipway_client/__init__.py', 'slipway_client/py.typed']),
    );
    for (const line of record.slice(0, -1)) {
      const [name = '', hash, size] = line.split(',');
      const bytes = files[name] ?? new Uint8Array();
      expect(hash).toBe(`sha256=${createHash('sha256').update(bytes).digest('base64url')}`);
      expect(Number(size)).toBe(bytes.length);
    }
    expect(text('slipway_client-1.2.3.dist-info/METADATA')).toContain('\nVersion: 1.2.3\n');
  });

  it.each([
    ['/python/slipway_client-1.2.2-py3-none-any.whl', 'GET'],
    ['/python/../package.json', 'GET'],
    [`/python/${WHEEL}`, 'PUT'],
    ['/models', 'GET'],
  ])('%s by %s is left to the control API', async (path, method) => {
    expect(await asked(path, method)).toBeUndefined();
  });
});
