import type { ModelVersion } from '#domain/deployment.ts';
import { tagVersion, versionTagged } from '#operations/models/tag-version.ts';

const MODEL = { name: 'shapes' };

/** A registry of versions with these tags, the newest first. */
function tagged(tags: Readonly<Record<number, readonly string[]>>) {
  const versions = new Map(Object.entries(tags).map(([version, own]) => [Number(version), own]));
  return {
    versions: async () =>
      [...versions].map(([version, own]) => ({ version, tags: own }) as unknown as ModelVersion),
    noteTags: async ({ version }: { version: number }, own: readonly string[]) =>
      void versions.set(version, own),
    all: () => Object.fromEntries(versions),
  };
}

describe('tagVersion', () => {
  it('gives a tag to one version, and takes it from the others', async () => {
    const registry = tagged({ 3: [], 2: ['v1', 'stable'], 1: [] });

    expect(await tagVersion(registry, MODEL, { tag: 'stable', version: 3 })).toEqual({
      version: 3,
    });

    expect(registry.all()).toEqual({ 3: ['stable'], 2: ['v1'], 1: [] });
  });

  it('has a version only once by the same name', async () => {
    const registry = tagged({ 1: ['stable'] });

    await tagVersion(registry, MODEL, { tag: 'stable', version: 1 });

    expect(registry.all()).toEqual({ 1: ['stable'] });
  });

  it('takes a tag from all versions where none is named', async () => {
    const registry = tagged({ 2: ['v1'], 1: ['v0'] });

    expect(await tagVersion(registry, MODEL, { tag: 'v1', version: null })).toEqual({
      version: null,
    });

    expect(registry.all()).toEqual({ 2: [], 1: ['v0'] });
  });

  it('refuses a version that never went live, and a twenty-first tag', async () => {
    const many = Array.from({ length: 20 }, (_, index) => `v${index}`);
    const registry = tagged({ 1: many });

    await expect(tagVersion(registry, MODEL, { tag: 'x', version: 7 })).rejects.toMatchObject({
      name: 'InputInvalid',
      message: 'shapes has no version 7',
    });
    await expect(tagVersion(registry, MODEL, { tag: 'x', version: 1 })).rejects.toMatchObject({
      name: 'InputInvalid',
      fix: expect.stringContaining('git push --delete'),
    });
    await tagVersion(registry, MODEL, { tag: 'v0', version: 1 });
    expect(registry.all()).toEqual({ 1: [...many.slice(1), 'v0'] });
  });
});

describe('versionTagged', () => {
  it('finds the version that has a tag', async () => {
    expect(await versionTagged(tagged({ 2: ['b'], 1: ['a', 'v1'] }), MODEL, 'v1')).toBe(1);
  });

  it('says which tags there are where none is such', async () => {
    await expect(versionTagged(tagged({ 1: ['a'] }), MODEL, 'b')).rejects.toMatchObject({
      name: 'InputInvalid',
      message: 'no version of shapes has the tag b',
      fix: 'Its versions have the tags a.',
    });
    await expect(versionTagged(tagged({ 1: [] }), MODEL, 'b')).rejects.toMatchObject({
      fix: expect.stringContaining('`slipway versions shapes`'),
    });
    await expect(versionTagged(tagged({ 2: [] }), MODEL, 'v2')).rejects.toMatchObject({
      fix: expect.stringMatching(/ The number of a version has no v: `--to 2`\.$/),
    });
  });
});
