import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { pageFiles } from '../../console/make-page.ts';

const ROOT = new URL('../../', import.meta.url);

it('the page that model servers have is the one that the console’s sources make: `npm run page`', async () => {
  for (const [path, made] of await pageFiles()) {
    expect((await readFile(new URL(path, ROOT), 'utf8')) === made).toBe(true);
  }
});

it('it takes less than 50 kB on the wire, and asks no other address for anything', async () => {
  for (const [, made] of await pageFiles()) {
    expect(gzipSync(made).length).toBeLessThan(50_000);
    expect(made).not.toMatch(/https?:\/\/(?!www\.w3\.org\/)/);
  }
});
