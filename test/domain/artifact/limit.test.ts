import { maxArtifactBytes, tooManyParts, untilTooMany } from '#domain/artifact/limit.ts';

const GIB = 1024 ** 3;

it.each([
  { offered: ['lambda'], bytes: 10 * GIB },
  { offered: ['lambda', 'fargate'], bytes: 52_000 * 1024 ** 2 },
  { offered: ['ec2'], bytes: 52_000 * 1024 ** 2 },
] as const)('with $offered an artifact may have $bytes bytes', ({ offered, bytes }) => {
  expect(maxArtifactBytes(offered)).toBe(bytes);
});

const files = (count: number, keyBytes: number) =>
  Array.from({ length: count }, () => ({ key: 'x'.repeat(keyBytes) }));

it.each([
  { count: 1000, keyBytes: 100, isTooMany: false },
  { count: 1001, keyBytes: 10, isTooMany: true },
  { count: 1000, keyBytes: 101, isTooMany: true },
  { count: 2000, keyBytes: 1000, isTooMany: true },
])(
  '$count files with keys of $keyBytes bytes are too many: $isTooMany',
  ({ count, keyBytes, isTooMany }) => {
    const read = untilTooMany(files(count, keyBytes));

    expect(tooManyParts('k', files(count, keyBytes)) !== undefined).toBe(isTooMany);
    expect(tooManyParts('k', read) !== undefined).toBe(isTooMany);
    expect(read.length).toBeLessThanOrEqual(1001);
    expect(read.length * keyBytes).toBeLessThanOrEqual(101_000);
  },
);

it.each([
  { count: 1001, keyBytes: 10, why: 'k has more than 1000 files beside it, which is the limit' },
  {
    count: 1000,
    keyBytes: 101,
    why: 'the keys of the files beside k have more than 100000 bytes in total, which is the limit',
  },
])(
  'says why $count files with keys of $keyBytes bytes are too many',
  ({ count, keyBytes, why }) => {
    expect(tooManyParts('k', files(count, keyBytes))).toMatchObject({
      name: 'ArtifactRejected',
      message: why,
      fix: 'Upload only the files that the model is served from, or an archive of them.',
    });
  },
);
