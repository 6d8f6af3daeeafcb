import type { Deployment } from '#domain/deployment.ts';
import type { DataFolder } from '#operations/data-folder/data-folder.ts';
import { prune } from '#operations/data-folder/prune.ts';
import { type KeptFolder, keptFolder, resultOf } from '../../support/local/data-folder.ts';
import { withVersion } from '../../support/local/kept-version.ts';

const KEY = 'models/digits/digits.onnx';

let kept: KeptFolder;
beforeEach(() => {
  kept = keptFolder();
});
afterEach(() => kept.close());

const left = async (folder: DataFolder) => {
  await resultOf(prune(folder, false));
  return (await folder.objects.all()).map(({ sha256 }) => sha256).sort();
};

describe('an object that a newer one has followed', () => {
  it('is removed where nothing needs it', async () => {
    await kept.store('first', KEY);
    const second = await kept.store('second', KEY);

    expect(await left(kept.folder)).toEqual([second.sha256]);
  });

  it('stays in a dry run, with what is known of it', async () => {
    await kept.store('first', KEY);
    await kept.store('second', KEY);
    const known = kept.folder.versions.all();

    expect(await resultOf(prune(kept.folder, true))).toMatchObject({ objects: 1 });
    expect(kept.folder.versions.all()).toEqual(known);
    expect(await kept.folder.objects.all()).toHaveLength(2);
  });

  it('stays while a deployment under way needs it', async () => {
    const versions = [await kept.store('first', KEY), await kept.store('second', KEY)];
    const [{ versionId } = { versionId: '' }] = versions;
    const deployment = { artifact: { parts: [{ versionId }], manifest: null } };
    const registry: DataFolder['registry'] = {
      ...kept.folder.registry,
      unended: async () => [deployment as unknown as Deployment],
    };

    expect(await left({ ...kept.folder, registry })).toEqual(
      versions.map(({ sha256 }) => sha256).sort(),
    );
  });

  it('stays while a version that can start is of it', async () => {
    const versions = [await kept.store('first', KEY), await kept.store('second', KEY)];
    const [{ versionId } = { versionId: '' }] = versions;
    const { folder } = withVersion(kept.folder, { tag: 'digits-1' }, [{ versionId }]);

    expect(await left(folder)).toEqual(versions.map(({ sha256 }) => sha256).sort());
  });

  it('stays while a drop in its model’s folder is not handled, whose deployment may read it', async () => {
    const versions = [await kept.store('first', KEY), await kept.store('second', KEY)];
    using written = await kept.folder.objects.write(bytesOf('third'), 5);
    kept.folder.versions.add('models/digits/digits.onnx.data', written, {
      content: 'third',
      changedNs: '1',
    });

    expect(await left(kept.folder)).toEqual(
      [...versions, written].map(({ sha256 }) => sha256).sort(),
    );
  });

  it('stays while another key still has the same bytes', async () => {
    const first = await kept.store('first', KEY);
    await kept.store('first', 'models/other/other.onnx');
    const second = await kept.store('second', KEY);

    expect(await left(kept.folder)).toEqual([first.sha256, second.sha256].sort());
  });
});

async function* bytesOf(text: string) {
  yield Buffer.from(text);
}
