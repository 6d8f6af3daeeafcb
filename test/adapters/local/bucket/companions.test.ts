import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { companionsTaken } from '#adapters/local/bucket/companions.ts';
import { type BucketFolder, bucketFolder } from '../../../support/local/bucket-folder.ts';

const MANIFEST = 'models/large/v1/model.yaml';
const FILES = Array.from({ length: 30 }, (_, i) => `models/large/v1/${i}.bin`);

let folder: BucketFolder;
beforeEach(async () => {
  folder = await bucketFolder();
  await mkdir(folder.path('models/large/v1'), { recursive: true });
  for (const key of [...FILES, MANIFEST]) await writeFile(folder.path(key), '');
});
afterEach(() => folder.close());

/** A watch that takes each file at the second look. */
function looksAtTaken() {
  const seen: string[] = [];
  const isDone = (key: string) => {
    const isLater = seen.includes(key);
    seen.push(key);
    return isLater;
  };
  const { signal } = new AbortController();
  return { seen, taken: companionsTaken({ folder: join(folder.root, 'bucket'), isDone, signal }) };
}

describe('the files of a folder', () => {
  it('wait together for its model.yaml', async () => {
    const { seen, taken } = looksAtTaken();

    await Promise.all(FILES.map((key) => taken(key)));

    expect(seen).toEqual([MANIFEST, MANIFEST, MANIFEST]);
  });

  it('are looked at by their model.yaml until each is taken, and once more when all are', async () => {
    const { seen, taken } = looksAtTaken();

    await taken(MANIFEST);

    for (const key of FILES) expect(seen.filter((each) => each === key)).toHaveLength(3);
  });
});
