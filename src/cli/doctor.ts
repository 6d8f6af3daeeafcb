import type { Finding } from '#compose/doctor/doctor.ts';
import { lookForInstance } from './client.ts';
import { accountOf, type Place } from './command.ts';

/** Checks for what stands in Slipway's way, in the named account or on this machine. */
export async function doctor(place: Place): Promise<readonly Finding[]> {
  const account = accountOf(place);
  if (account) {
    const { awsDoctor } = await import('#compose/doctor/aws.ts');
    return awsDoctor(account);
  }
  const { oneMachineDoctor } = await import('#compose/doctor/one-machine.ts');
  return oneMachineDoctor(place.data, await lookForInstance(place.data));
}

export function findingLines(findings: readonly Finding[]): readonly string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings.flatMap(({ check, result, says, fix }) => [
    `${result.padEnd(4)}  ${check.padEnd(width)}  ${says}`,
    ...(fix ? [`${' '.repeat(width + 8)}→ ${fix}`] : []),
  ]);
}
