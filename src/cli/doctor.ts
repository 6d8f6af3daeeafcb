import type { Finding } from '#operations/doctor/doctor.ts';
import { lookForInstance } from './client.ts';
import { accountOf, type Place, requireHere } from './command.ts';

// To say that it is busy is an answer too.
const LONGEST_MS = 10_000;

/** Checks for what stands in Slipway's way, in the named account or on this machine, whose Slipway may take `longestMs` to answer. */
export async function doctor(place: Place, longestMs = LONGEST_MS): Promise<readonly Finding[]> {
  requireHere(place);
  const account = accountOf(place);
  if (account) {
    const { awsDoctor } = await import('#operations/doctor/aws.ts');
    return awsDoctor(account);
  }
  const { oneMachineDoctor } = await import('#operations/doctor/one-machine.ts');
  const found = await lookForInstance(place.data, longestMs);
  const { state } = found ?? {};
  return oneMachineDoctor(
    place.data,
    found && { ...found, answers: state === 'answers', isBusy: state === 'busy' },
  );
}

export function findingLines(findings: readonly Finding[]): readonly string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings.flatMap(({ check, result, says, fix }) => [
    `${result.padEnd(4)}  ${check.padEnd(width)}  ${says}`,
    ...(fix ? [`${' '.repeat(width + 8)}→ ${fix}`] : []),
  ]);
}
