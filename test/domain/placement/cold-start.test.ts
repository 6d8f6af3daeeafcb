import fc from 'fast-check';
import type { RuntimeName } from '#domain/build/runtime.ts';
import { timed } from '#domain/placement/cold-start.ts';
import { TARGETS } from '#domain/placement/target.ts';

const OPTIONS = TARGETS.map((target) => ({
  target,
  taken: false,
  memoryMiB: 2048,
  cpuUnits: 1024,
  instanceTypes: [],
  monthlyUsd: null,
  reason: '',
}));

/** The seconds on Lambda, Fargate and EC2. */
function seconds(starting: Parameters<typeof timed>[1]): readonly number[] {
  return timed(OPTIONS, starting).map(({ coldStartSeconds }) => coldStartSeconds);
}

describe('what a cold start is expected to take', () => {
  it('is the place, the fetch of the image as it was built, and the start as its build measured it', () => {
    const image = { compressedBytes: 500_000_000, smoke: { startMs: 9500, peakBytes: 1 } };

    expect(seconds({ runtime: 'onnx', artifactBytes: 1, image })).toEqual([16, 50, 55]);
  });

  it.each<[RuntimeName, number, readonly number[]]>([
    ['onnx', 100_000_000, [5, 30, 44]],
    ['python', 3_800_000_000, [54, 196, 93]],
    ['vllm', 13_476_831_232, [353, 1077, 392]],
  ])(
    'is of a %s image with the artifact before there is one',
    (runtime, artifactBytes, expected) => {
      expect(seconds({ runtime, artifactBytes })).toEqual(expected);
    },
  );

  it('is never less for more bytes', () => {
    const bytes = fc.nat(2 ** 40);
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const [least, most] = [Math.min(one, other), Math.max(one, other)].map((artifactBytes) =>
          seconds({ runtime: 'onnx', artifactBytes }),
        );
        return TARGETS.every((_, at) => least![at]! <= most![at]!);
      }),
    );
  });
});
