import fc from 'fast-check';
import type { RuntimeName } from '#domain/build/runtime.ts';
import {
  expectedStart,
  partsOf,
  type Starting,
  startingOf,
  timed,
} from '#domain/placement/cold-start.ts';
import type { NotedStart } from '#domain/placement/noted-start.ts';
import { TARGETS, type Target } from '#domain/placement/target.ts';
import { seeded } from '../../support/fuzz/seeded.ts';

const MB = 1_000_000;
const GB = 1000 * MB;

const OPTIONS = TARGETS.map((target) => ({
  target,
  taken: false,
  memoryMiB: 2048,
  cpuUnits: 1024,
  instanceTypes: [],
  monthlyUsd: null,
  reason: '',
}));

/** So many files of equal size, in all as many bytes. */
function files(bytes: number, count = 1) {
  return Array.from({ length: count }, (_, index) => ({
    name: `part-${index}.safetensors`,
    sizeBytes: bytes / count,
  }));
}

/** The seconds on Lambda, Fargate and EC2 by the shipped figures. */
function seconds(starting: Starting): readonly number[] {
  return timed(OPTIONS, starting, []).map(({ coldStartSeconds }) => coldStartSeconds);
}

describe('what a cold start is expected to take', () => {
  it('is the place, the fetch of the layers as they were built, and the start as its build measured it', () => {
    const smoke = { startMs: 9500, peakBytes: 1 };
    const layers = [100 * MB, 400 * MB];
    const image = { compressedBytes: 500 * MB, layers, smoke };

    expect(seconds({ runtime: 'onnx', files: [], image })).toEqual([15.5, 45.5, 54.5]);
  });

  it.each<[RuntimeName, number, readonly number[]]>([
    ['onnx', 100 * MB, [4.2, 25.3, 43.2]],
    ['python', 3.8 * GB, [53.6, 183.6, 92.6]],
    ['vllm', 13_476_831_232, [352.7, 676, 391.7]],
  ])(
    'is of a %s image with the artifact before there is one',
    (runtime, artifactBytes, expected) => {
      expect(seconds({ runtime, files: files(artifactBytes) })).toEqual(expected);
    },
  );

  it('counts the layers of an image without a record of them as a build makes them of its files', () => {
    const whole = files(3.8 * GB);
    const image = { compressedBytes: 4100 * MB, smoke: { startMs: 4000, peakBytes: 1 } };

    expect(partsOf({ runtime: 'python', files: whole, image })).toEqual({
      layers: [300 * MB, 3.8 * GB, 0],
      serverSeconds: 4,
    });
    expect(partsOf({ runtime: 'python', files: whole, modelBytes: GB }).serverSeconds).toBe(6);
  });

  it('pulls 3.8 GB of shards in a third of the time that they take in one file', () => {
    const pull = (count: number) => {
      const place = { runtime: 'python', files: files(3.8 * GB, count) } as const;
      const [, fargate = 0] = seconds(place);
      return fargate - 20 - partsOf(place).serverSeconds;
    };

    expect(pull(1)).toBeCloseTo(152, 0);
    expect([4, 8, 13, 38, 100].map(pull).every((each) => each <= 60)).toBe(true);
  });

  it('is never less for more bytes', () => {
    const bytes = fc.nat(2 ** 40);
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const [least, most] = [Math.min(one, other), Math.max(one, other)].map((artifactBytes) =>
          seconds({ runtime: 'onnx', files: files(artifactBytes) }),
        );
        return TARGETS.every((_, at) => least![at]! <= most![at]!);
      }),
    );
  });
});

describe('what a deployment starts', () => {
  const artifact = {
    bucket: 'b',
    key: 'models/digits/',
    versionId: 'v',
    manifest: null,
    parts: [
      { name: 'model.onnx', key: 'k', versionId: 'v', sizeBytes: 5, checksum: 'c' },
      { name: 'model.bin', key: 'k', versionId: 'v', sizeBytes: 7, checksum: 'd' },
    ],
  };

  it('has all files of an artifact that nobody has inspected', () => {
    expect(startingOf({ artifact, work: {} })).toMatchObject({
      runtime: 'custom',
      files: [{ sizeBytes: 5 }, { sizeBytes: 7 }],
    });
  });
});

/** An installation whose places, pulls and servers take other times than the shipped figures say, each start at random by a tenth, and one in twenty twice as long. */
function installation(seed: number, target: Target, runtime: RuntimeName) {
  const random = seeded(seed);
  const between = (low: number, high: number) => low + random() * (high - low);
  const place = between(5, 80);
  const bytesPerSecond = between(8, 90) * MB;
  const lanes = Math.floor(between(1, 6));
  const slow = between(0.3, 3);

  function pullSeconds(layers: readonly number[]) {
    const busy: number[] = Array(lanes).fill(0);
    for (const bytes of layers) {
      const next = busy.indexOf(Math.min(...busy));
      busy[next] = busy[next]! + bytes / bytesPerSecond;
    }
    return Math.max(...busy);
  }

  return () => {
    const parts = 1 + Math.floor(random() * 8);
    const model = 10 ** between(6, 9.3);
    const layers = [300 * MB, ...Array<number>(parts).fill(model / parts), 1000];
    const startMs = (1500 + model / MB) * between(0.7, 1.3);
    const image = {
      compressedBytes: layers.reduce((sum, bytes) => sum + bytes, 0),
      layers,
      smoke: { startMs, peakBytes: 1 },
    };
    const chance = between(0.9, 1.1) * (random() < 0.05 ? 2 : 1);
    const took = (place + pullSeconds(layers) + (slow * startMs) / 1000) * chance;
    const starting: Starting = { runtime, files: [], image };
    const kind = { target, runtime, deploymentId: '', atMs: 0 };
    const noted: NotedStart = { ...kind, ...partsOf(starting), seconds: took };
    return { starting, took, noted };
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

/** The median error (a share) of predictions from so many noted starts, for 41 later ones. */
function medianError(seed: number, target: Target, noted: number): number {
  const start = installation(seed, target, 'python');
  const before = Array.from({ length: noted }, () => start().noted);
  const errors = Array.from({ length: 41 }, () => {
    const { starting, took } = start();
    return Math.abs(expectedStart(target, starting, before).coldStartSeconds / took - 1);
  });
  return median(errors);
}

describe('noted starts', () => {
  const [start] = [installation(1, 'fargate', 'python')];
  const noted = Array.from({ length: 6 }, () => start().noted);
  const { starting } = start();

  it.each<Target>(['fargate', 'ec2'])(
    'predict the next ones on %s to a fifth once there are five',
    (target) => {
      const seeds = Array.from({ length: 40 }, (_, seed) => seed + 1);
      const errors = seeds.map((seed) => medianError(seed, target, 5));
      const shipped = seeds.map((seed) => medianError(seed, target, 0));

      expect(median(errors)).toBeLessThan(0.1);
      expect(errors.filter((error) => error <= 0.2).length / errors.length).toBeGreaterThan(0.9);
      expect(median(shipped)).toBeGreaterThan(0.2);
    },
  );

  it('count for nothing below five, on another target, and with another runtime', () => {
    const shipped = expectedStart('fargate', starting, []);
    const others = noted.map((each) => ({ ...each, target: 'ec2' }) as const);
    const foreign = noted.map((each) => ({ ...each, runtime: 'onnx' }) as const);

    expect(expectedStart('fargate', starting, noted.slice(2))).toEqual(shipped);
    expect(expectedStart('fargate', starting, [...others, ...foreign])).toEqual(shipped);
    expect(shipped.notedStarts).toBe(0);
    expect(expectedStart('fargate', starting, noted).notedStarts).toBe(6);
  });

  it('say the same of a start that was held up and of one that was not', () => {
    const held = noted.map((each, at) => (at === 0 ? { ...each, seconds: 3600 } : each));

    const [usual, late] = [noted, held].map(
      (each) => expectedStart('fargate', starting, each).coldStartSeconds,
    );

    expect(Math.abs(late! / usual! - 1)).toBeLessThan(0.25);
  });

  it('that differ by chance alone predict the one in their middle', () => {
    const same = noted[0]!;
    const chance = [0.095, 0.175, 0.259, 0.304, 0.466, 0.651, 2].map((seconds) => ({
      ...same,
      seconds,
    }));
    const { layers, serverSeconds } = same;
    const image = {
      compressedBytes: 1,
      layers: [...layers],
      smoke: { startMs: serverSeconds * 1000, peakBytes: 1 },
    };
    const again = expectedStart('fargate', { runtime: 'python', files: [], image }, chance);

    expect(again.coldStartSeconds).toBe(0.3);
  });

  it('never predict a negative time', () => {
    const fast = noted.map((each) => ({ ...each, seconds: 0.01 }));

    expect(expectedStart('fargate', starting, fast).coldStartSeconds).toBeGreaterThanOrEqual(0);
  });
});
