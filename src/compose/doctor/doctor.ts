import { DENIED_FIX } from '#compose/account/clients.ts';
import { Failure } from '#domain/failure.ts';

/** The result of one check. `fix` is what to do about a warning or a failure. */
export type Finding = {
  readonly check: string;
  readonly result: 'ok' | 'warn' | 'fail';
  readonly says: string;
  readonly fix: string;
};

/** `look` returns undefined when there is nothing to check. */
export type Check = {
  readonly check: string;
  readonly look: () => Promise<Omit<Finding, 'check'> | undefined>;
};

export const ok = (says: string) => ({ result: 'ok', says, fix: '' }) as const;
export const warn = (says: string, fix: string) => ({ result: 'warn', says, fix }) as const;
export const fail = (says: string, fix: string) => ({ result: 'fail', says, fix }) as const;

/** Runs all checks at once; returns the findings in their order. A check that throws or exceeds `limitMs` is a finding too. */
export async function examine(
  checks: readonly Check[],
  limitMs: number,
): Promise<readonly Finding[]> {
  const late = new Promise<typeof LATE>((resolve) => {
    setTimeout(() => resolve(LATE), limitMs).unref();
  });
  const findings = await Promise.all(
    checks.map(async ({ check, look }) => {
      const found = await Promise.race([look().catch(asFinding), late]);
      if (found !== LATE) return found && { check, ...found };
      const says = `no answer within ${limitMs / 1000} s`;
      return { check, ...fail(says, 'Check the network connection and the region.') };
    }),
  );
  return findings.filter((finding) => finding !== undefined);
}

const LATE = Symbol('late');

function asFinding(error: unknown) {
  if (!(error instanceof Error)) return fail(String(error), '');
  const fix = error instanceof Failure ? error.fix : '';
  const isDenied = error.name === 'PlatformDenied' && fix === '';
  return fail(error.message, isDenied ? DENIED_FIX : fix);
}
