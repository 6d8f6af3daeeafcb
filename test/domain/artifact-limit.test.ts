import { maxArtifactBytes } from '#domain/artifact-limit.ts';

const GIB = 1024 ** 3;

it.each([
  { offered: ['lambda'], bytes: 10 * GIB },
  { offered: ['lambda', 'fargate'], bytes: 52_000 * 1024 ** 2 },
  { offered: ['ec2'], bytes: 52_000 * 1024 ** 2 },
] as const)('with $offered an artifact may have $bytes bytes', ({ offered, bytes }) => {
  expect(maxArtifactBytes(offered)).toBe(bytes);
});
