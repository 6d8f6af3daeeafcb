import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkedFiles } from '#adapters/local/integrity/checked-files.ts';
import { revisionFiles } from '#adapters/local/integrity/revision-files.ts';
import { sha256 } from '../../../support/local/bucket-folder.ts';
import { needing } from '../../../support/needs.ts';
import { revisionSpec } from '../../../support/worlds/revision-spec.ts';

describe('the files of a revision', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'slipway-files-'));
    writeFileSync(join(root, 'bytes'), 'weights');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const files = () => revisionFiles(join(root, 'revisions'), (_key, id) => join(root, id));

  function specOf(...names: readonly string[]) {
    const spec = revisionSpec('bytes', { modelFile: names[0] ?? '' });
    const [part] = spec.artifact.parts;
    const parts = names.map((name) => ({ ...part!, name }));
    return { ...spec, artifact: { ...spec.artifact, parts } };
  }

  it('lie under their names in folders of their own, without a copy of the bytes', async () => {
    const spec = specOf('model.onnx', 'weights/layer 1.bin');

    await files().lay(spec);

    const { modelPath, path } = files().folder(spec);
    expect(readFileSync(modelPath, 'utf8')).toBe('weights');
    const second = statSync(join(path, 'artifact', 'weights', 'layer 1.bin'));
    expect(second.ino).toBe(statSync(join(root, 'bytes')).ino);
  });

  it('are all of the model where it is a folder', async () => {
    const spec = { ...specOf('config.json', 'onnx/model.onnx'), modelFile: '.' };

    await files().lay(spec);

    const { modelPath } = files().folder(spec);
    expect(readFileSync(join(modelPath, 'onnx', 'model.onnx'), 'utf8')).toBe('weights');
  });

  const otherDisk = '/dev/shm';
  const hasOtherDisk = existsSync(otherDisk) && statSync(otherDisk).dev !== statSync(tmpdir()).dev;
  needing(hasOtherDisk ? undefined : `${otherDisk} is no other disk`, () => {
    it('are copied when the store is on another disk', async () => {
      const store = mkdtempSync(join(otherDisk, 'slipway-files-'));
      writeFileSync(join(store, 'bytes'), 'far');
      const far = revisionFiles(join(root, 'revisions'), (_key, id) => join(store, id));
      const spec = specOf('model.onnx');

      await far.lay(spec);

      expect(readFileSync(far.folder(spec).modelPath, 'utf8')).toBe('far');
      rmSync(store, { recursive: true });
    });
  });

  it('replace what an interrupted creation has left', async () => {
    await files().lay(specOf('model.onnx', 'old.bin'));

    const spec = specOf('model.onnx');
    await files().lay(spec);

    expect(() => statSync(join(files().folder(spec).path, 'artifact', 'old.bin'))).toThrow(
      'ENOENT',
    );
  });

  it.each(['../escape', '/etc/passwd', 'a/../../b', '', 'a//b', '.', 'a\0b'])(
    'never lie outside: %j is refused',
    async (name) => {
      await expect(files().lay(specOf('model.onnx', name))).rejects.toMatchObject({
        name: 'ArtifactRejected',
      });
    },
  );

  it('are refused when the store no longer has the bytes', async () => {
    rmSync(join(root, 'bytes'));

    await expect(files().lay(specOf('model.onnx'))).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message:
        'digits-v1 cannot have models/digits/digits.onnx: its bytes are no longer in the store',
    });
    writeFileSync(join(root, 'bytes'), '');
  });
});

describe('the files of a revision of which the hash is known', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'slipway-files-'));
    writeFileSync(join(root, 'bytes'), 'weights');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const compared = (problem?: string) =>
    revisionFiles(join(root, 'revisions'), (_key, id) => join(root, id), {
      checked: checkedFiles(),
      problem: async () => problem,
    });

  function specOf(bytes: string) {
    const spec = revisionSpec('bytes', { modelFile: 'model.onnx' });
    const checksum = `sha256:${sha256(bytes)}`;
    const parts = spec.artifact.parts.map((part) => ({ ...part, name: 'model.onnx', checksum }));
    return { ...spec, artifact: { ...spec.artifact, parts } };
  }

  it('are placed again where one has other bytes or is gone', async () => {
    const [files, spec] = [compared(), specOf('weights')];
    const { modelPath } = files.folder(spec);
    await files.lay(spec);

    rmSync(modelPath);
    writeFileSync(modelPath, 'WEIGHTS');
    await files.keepSound(spec);
    const mended = readFileSync(modelPath, 'utf8');
    rmSync(modelPath);
    await files.keepSound(spec);

    expect([mended, readFileSync(modelPath, 'utf8')]).toEqual(['weights', 'weights']);
  });

  it('are refused where what was placed has other bytes', async () => {
    await expect(compared().lay(specOf('others'))).rejects.toMatchObject({
      name: 'RevisionFailed',
      message: expect.stringContaining('has other bytes than it was stored with'),
      fix: expect.stringContaining('Drop the same bytes as models/digits/digits.onnx again'),
    });
  });

  it.each([
    ['is gone', 'ArtifactRejected'],
    ['has other bytes than it was stored with', 'RevisionFailed'],
  ])('are refused, and none is placed, where the object %s', async (problem, name) => {
    const [files, spec] = [compared(problem), specOf('weights')];

    await expect(files.lay(spec)).rejects.toMatchObject({ name });
    expect(existsSync(files.folder(spec).path)).toBe(false);
  });
});
