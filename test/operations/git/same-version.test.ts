import type { Slipway } from '#control/slipway.ts';
import { Failure } from '#domain/failure.ts';
import { everSameVersion, sameVersion } from '#operations/git/same-version.ts';

type Version = { readonly state: string; readonly damage?: object };

const part = (checksum: string) => ({
  name: 'm.onnx',
  key: '',
  versionId: '',
  sizeBytes: 1,
  checksum: `sha256:${checksum}`,
});
const content = (checksum: string) => ({ parts: [part(checksum)], manifest: null });

/** A Slipway whose model has these versions, oldest first; version n was made of the bytes `n`. */
function having(versions: readonly Version[], phase = 'Live') {
  const all = versions.map((version, index) => ({
    ...version,
    version: index + 1,
    deploymentId: `${index + 1}`,
  }));
  return {
    readModel: async ({ name }: { name: string }) => {
      if (name !== 'shapes') throw new Failure('InputInvalid', 'unknown', { isAbsent: true });
      const live = all.find(({ state }) => state === 'Live') ?? null;
      return { live, versions: all.toReversed(), newest: { phase } };
    },
    readDeployment: async ({ id }: { id: string }) => ({
      artifact: { bucket: 'bucket', key: 'k', versionId: 'v', ...content(id) },
    }),
  } as unknown as Pick<Slipway, 'readModel' | 'readDeployment'>;
}

const kept = [{ state: 'Retired' }, { state: 'Removed' }, { state: 'Live' }];

describe('the version that was made of the same files', () => {
  it.each([
    ['1', { version: 1, isLive: false }],
    ['3', { version: 3, isLive: true }],
    ['2', undefined],
    ['9', undefined],
  ])('of the bytes %s is %j', async (bytes, found) => {
    expect(await sameVersion(having(kept), 'shapes', content(bytes))).toEqual(found);
  });

  it('is none of a new model, of damaged bytes, and while another deployment is under way', async () => {
    const damaged = having([{ state: 'Retired', damage: {} }, { state: 'Live' }]);

    expect(await sameVersion(having(kept), 'unknown', content('1'))).toBeUndefined();
    expect(await sameVersion(damaged, 'shapes', content('1'))).toBeUndefined();
    // The version under way would go live after a rollback to the one that is live.
    expect(await sameVersion(having(kept, 'Baking'), 'shapes', content('3'))).toBeUndefined();
  });

  it('may have a name after it was removed', async () => {
    expect(await everSameVersion(having(kept), 'shapes', content('2'))).toBe(2);
    expect(await everSameVersion(having(kept), 'shapes', content('9'))).toBeUndefined();
    expect(await everSameVersion(having(kept), 'unknown', content('2'))).toBeUndefined();
  });

  it('reports a Slipway that does not answer', async () => {
    const gone = having(kept);
    const lost = async () => {
      throw new Failure('PlatformUnavailable', 'Slipway no longer answers');
    };

    await expect(
      sameVersion({ ...gone, readModel: lost }, 'shapes', content('1')),
    ).rejects.toMatchObject({ name: 'PlatformUnavailable' });
  });
});
