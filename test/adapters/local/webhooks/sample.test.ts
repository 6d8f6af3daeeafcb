import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { signedHeaders } from '#adapters/local/webhooks/signature.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const GUIDE = new URL('../../../../docs/one-machine.md', import.meta.url);
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

type Verify = (secret: string, headers: Readonly<Record<string, string>>, body: string) => boolean;

/** The receiver's function of the guide. */
async function sample(folder: string): Promise<Verify> {
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(readFileSync(GUIDE, 'utf8')) ?? [];
  const file = join(folder, 'receiver.mjs');
  await writeFile(file, code);
  return (await import(pathToFileURL(file).href)).isFromSlipway;
}

describe('the sample that verifies a webhook', () => {
  it('takes what Slipway signed now, and nothing else', async () => {
    await using folder = await temporaryFolder();
    const isFromSlipway = await sample(folder.path);
    const body = '{"source":"slipway"}';
    // The sample reads the machine's clock, and accepts events up to five minutes off.
    const nowMs = fakeClock(Date.now()).now();
    const headers = signedHeaders(SECRET, { id: 'event-1', body, nowMs });
    const old = signedHeaders(SECRET, { id: 'event-1', body, nowMs: nowMs - 600_000 });
    const other = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;

    expect(isFromSlipway(SECRET, headers, body)).toBe(true);
    expect(isFromSlipway(SECRET, headers, `${body} `)).toBe(false);
    expect(isFromSlipway(SECRET, { ...headers, 'webhook-id': 'event-2' }, body)).toBe(false);
    expect(isFromSlipway(other, headers, body)).toBe(false);
    expect(isFromSlipway(SECRET, old, body)).toBe(false);
    expect(isFromSlipway(SECRET, {}, body)).toBe(false);
  });
});
