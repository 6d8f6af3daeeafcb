import { HEAD_BYTES } from '#formats/known-formats.ts';
import {
  HOSTILE,
  hostileBytes,
  inspectPickle,
  pickleOutcome,
  pickleRefusal,
} from '../../support/models/pickles.ts';

const LEAST_TECHNIQUES = 60;

describe('a pickle that does harm when it is loaded is refused', () => {
  it.each(HOSTILE)('when it $effect: $technique', async (hostile) => {
    const bytes = hostileBytes(hostile);

    const { outcome, readBytes } = await pickleOutcome(bytes);

    expect(outcome).toMatchObject({
      name: 'ArtifactRejected',
      fix: expect.stringMatching(/^[A-Z].*\.$/),
    });
    expect(readBytes).toBeLessThanOrEqual(HEAD_BYTES + bytes.length);
  });

  it('in more than sixty ways, each of which was seen to do harm', () => {
    const techniques = new Set(HOSTILE.map(({ technique }) => technique));

    expect(techniques.size).toBeGreaterThanOrEqual(LEAST_TECHNIQUES);
    expect(HOSTILE.filter(({ effect }) => effect === '')).toEqual([]);
  });

  it.each(HOSTILE.filter(({ technique }) => technique.startsWith('calls ')))(
    'and no manifest can allow it: $technique',
    async (hostile) => {
      const { message } = await pickleRefusal(hostileBytes(hostile));
      const names = [...message.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');

      await expect(inspectPickle(hostileBytes(hostile), names)).rejects.toThrow();
    },
  );
});
