import type { Artifact } from '#domain/deployment.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import { exampleLines } from '#steps/example-lines.ts';
import { fakeClock } from '../support/clock/fake-clock.ts';
import { memoryStore } from '../support/memory/store.ts';

const MOST_AT_ONCE = 512 * 1024;

/** An upload with this file of examples, its store, and the lengths of the reads. */
function upload(bytes: Uint8Array) {
  const store = memoryStore({ bucket: 'bucket', clock: fakeClock(0) });
  const { key, versionId, sizeBytes, checksum } = store.put('models/a/m/examples.jsonl', bytes);
  const reads: number[] = [];
  const artifacts: ArtifactStore = {
    ...store,
    async open(ref) {
      const source = await store.open(ref);
      return {
        ...source,
        read(start, length) {
          reads.push(length);
          return source.read(start, length);
        },
      };
    },
  };
  const parts = [{ name: 'examples.jsonl', key, versionId, sizeBytes, checksum }];
  const artifact: Artifact = { bucket: 'bucket', key, versionId, parts, manifest: null };
  return { lines: () => exampleLines(artifacts, artifact), reads };
}

describe('the examples of an upload', () => {
  it('are read in portions, between which clients are answered', async () => {
    const texts = Array.from({ length: 4000 }, (_, at) => `${'é'.repeat(199)}${at}`);
    const file = texts.map((text) => JSON.stringify({ request: text })).join('\n');
    const { lines, reads } = upload(Buffer.from(file));

    const found = await lines();

    expect(found.map(({ request }) => request)).toEqual(texts);
    expect(reads.length).toBeGreaterThan(2);
    expect(Math.max(...reads)).toBeLessThanOrEqual(MOST_AT_ONCE);
  });

  it.each([
    ['ends within a letter', Buffer.from('{"request": "é').subarray(0, -1)],
    ['is no text', Buffer.from([0xff, 0xfe, 0x00])],
  ])('are refused where the file %s', async (_, bytes) => {
    await expect(upload(bytes).lines()).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: 'models/a/m/examples.jsonl is not UTF-8 text',
    });
  });
});
