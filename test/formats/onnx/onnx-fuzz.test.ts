import fc from 'fast-check';
import { fuzzRuns } from '../../support/fuzz/runs.ts';
import { inspectAlone, refusalOf } from '../../support/models/inspect-alone.ts';
import { subgraphModel } from '../../support/models/onnx.ts';

describe('whatever the bytes are, an inspection ends in facts or a refusal', () => {
  const small = subgraphModel();

  async function ends(bytes: Uint8Array): Promise<void> {
    const outcome = await inspectAlone(bytes).catch((error: unknown) => error);
    if (outcome instanceof Error && outcome.name !== 'ArtifactRejected') throw outcome;
  }

  it('for a model cut off at every byte', async () => {
    for (let length = 0; length < small.length; length++) {
      expect((await refusalOf(small.subarray(0, length))).name).toBe('ArtifactRejected');
    }
  });

  it('for a model with every byte changed in turn', async () => {
    for (const changed of [0x00, 0x7f, 0x80, 0xff]) {
      for (let index = 0; index < small.length; index++) await ends(small.with(index, changed));
    }
  });

  it('for a model with bits flipped anywhere', async () => {
    const flips = fc.array(fc.nat({ max: small.length * 8 - 1 }), { minLength: 1, maxLength: 8 });

    await fc.assert(
      fc.asyncProperty(flips, async (bits) => {
        const bytes = Uint8Array.from(small);
        for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await ends(bytes);
      }),
      fuzzRuns(500, 10_000),
    );
  });

  it('for random bytes, with and without the start of a model', async () => {
    const start = fc.constantFrom([], [8, 8], [8, 8, 0x3a, 0x7f], [8, 8, 0x3a, 0x7f, 0x0a, 0x40]);

    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), (head, tail) =>
        ends(new Uint8Array([...head, ...tail])),
      ),
      fuzzRuns(500, 10_000),
    );
  });
});
