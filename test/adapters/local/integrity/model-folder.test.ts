import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkedFolders } from '#adapters/local/integrity/model-folder.ts';
import { COMMANDS } from '../../../support/local/commands.ts';

const { modelDigest }: { modelDigest: (folder: string) => Promise<string> } = await import(
  String(pathToFileURL(join(COMMANDS, 'folder-facts.mjs')))
);

describe('a folder that a build made', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-image-'));
    mkdirSync(join(folder, 'model/onnx'), { recursive: true });
    writeFileSync(join(folder, 'facts.json'), '{"format":"onnx"}');
    writeFileSync(join(folder, 'model/onnx/model.onnx'), 'weights');
    writeFileSync(join(folder, 'model/config.json'), '{}');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('has the model of the digest that its build recorded', async () => {
    expect(await checkedFolders().problem(folder, await modelDigest(folder))).toBeUndefined();
  });

  it('has that of an earlier build, which did not count the facts', async () => {
    const hash = createHash('sha256').update('model/config.json\0{}');
    const digest = `sha256:${hash.update('model/onnx/model.onnx\0weights').digest('hex')}`;

    expect(await checkedFolders().problem(folder, digest)).toBeUndefined();
  });

  it.each(['model/onnx/model.onnx', 'facts.json'])(
    'does not when %s has changed, however old it says it is',
    async (name) => {
      const folders = checkedFolders();
      const digest = await modelDigest(folder);
      const path = join(folder, name);
      // Whole seconds: those of now have nanoseconds, which no program here can give a file again.
      utimesSync(path, 1, 1);
      await folders.problem(folder, digest);

      writeFileSync(path, 'x'.repeat(statSync(path).size));
      utimesSync(path, 1, 1);

      expect(await folders.problem(folder, digest)).toBe('has other bytes than it was stored with');
    },
  );

  it('does not when it is gone', async () => {
    const digest = await modelDigest(folder);
    rmSync(join(folder, 'model'), { recursive: true });

    expect(await checkedFolders().problem(folder, digest)).toBe('is gone');
  });
});
