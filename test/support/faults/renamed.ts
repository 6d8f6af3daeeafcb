import type { FaultRun } from './run.ts';

/**
 * All that was seen of a run, as text in which Fargate and EC2 have one name, without the size that each gives a replica or has in a manifest.
 * Ids, which are random, and checksums are numbered in their order.
 */
export function renamed({ scenario: _, ...seen }: FaultRun): string {
  const numbers = new Map<string, number>();
  const numbered = (id: string) => {
    // The name of an execution has the first half of an id.
    const known = id.slice(0, ID_DIGITS);
    const number = numbers.get(known) ?? numbers.size;
    numbers.set(known, number);
    return `id ${number}`;
  };
  return JSON.stringify(seen, (key, value) => (SIZES.includes(key) ? undefined : value), 1)
    .replaceAll(/run-\d+|[0-9a-f]{16,64}|crc64nvme:[^"]+/g, numbered)
    .replaceAll(/fargate|ec2/gi, 'container');
}

const ID_DIGITS = 16;
const SIZES = ['decision', 'memoryMiB', 'cpuUnits', 'sizeBytes'];
