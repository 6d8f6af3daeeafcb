import { readFileSync } from 'node:fs';
import { inspectFiles } from '#formats/inspect.ts';
import { parseManifest } from '#formats/manifest-yaml.ts';
import { MAX_BYTES, memoryFile } from '../support/archive-files.ts';
import { pathOf, TECHNIQUES } from '../support/walls.ts';

describe('inspection alone refuses', () => {
  it.each(TECHNIQUES)('$technique', async (technique) => {
    const file = memoryFile(technique.file, readFileSync(pathOf(technique)));
    const manifest = parseManifest('', 'model.yaml');

    await expect(inspectFiles([file], { maxBytes: MAX_BYTES, manifest })).rejects.toMatchObject({
      name: 'ArtifactRejected',
      fix: expect.stringMatching(/^[A-Z].*\.$/),
    });
  });

  it('nothing that was not seen to do harm', () => {
    expect(
      TECHNIQUES.filter(
        ({ effect }) => !/^(runs a command|names what is no model's)$/.test(effect),
      ),
    ).toEqual([]);
  });
});
