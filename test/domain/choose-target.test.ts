import { chooseTarget } from '#domain/choose-target.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const small = {
  imageBytes: 200 * MIB,
  artifactBytes: 11 * MIB,
  weightBytes: 11 * MIB,
  memoryMiB: null,
};

describe('choosing a target', () => {
  it('takes Lambda for a small model, with one whole vCPU', () => {
    const { decision } = chooseTarget(small);

    expect(decision).toEqual({
      target: 'lambda',
      memoryMiB: 1769,
      options: [
        {
          target: 'lambda',
          taken: true,
          memoryMiB: 1769,
          reason: "fits in 1769 of Lambda's 10240 MiB, and costs nothing while idle",
        },
      ],
    });
  });

  it.each([
    { what: 'its weights', needs: { artifactBytes: MIB, weightBytes: 2 * GIB } },
    { what: 'its file, when that is larger', needs: { artifactBytes: 2 * GIB, weightBytes: MIB } },
  ])('gives a large model memory for two and a half of $what', ({ needs }) => {
    const { decision } = chooseTarget({ ...small, ...needs });

    expect(decision?.memoryMiB).toBe(192 + 2.5 * 2048);
  });

  it('gives the memory that the manifest asks for, be it more or less', () => {
    const memory = (memoryMiB: number) => chooseTarget({ ...small, memoryMiB }).decision?.memoryMiB;

    expect([memory(512), memory(10_240)]).toEqual([512, 10_240]);
  });

  it.each([
    {
      what: 'a file that no image on Lambda holds',
      needs: { imageBytes: 10 * GIB + 1, memoryMiB: 512 },
      reason: 'the model takes 10737418241 bytes unpacked; an image on Lambda holds 10737418240',
    },
    {
      what: 'weights that need more memory than Lambda has',
      needs: { weightBytes: 4 * GIB },
      reason: 'the model needs 10432 MiB of memory; Lambda has 10240',
    },
  ])('takes no target for $what, and says why', ({ needs, reason }) => {
    const { decision, options } = chooseTarget({ ...small, ...needs });

    expect(decision).toBeUndefined();
    expect(options).toEqual([expect.objectContaining({ target: 'lambda', taken: false, reason })]);
  });
});
