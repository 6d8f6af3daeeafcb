import { Failure } from '#domain/failure.ts';
import { DENIED_FIX } from '#operations/account/clients.ts';

/** The result of one check. `fix` is the remedy for a warning or a failure. */
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
  const { findings, late } = await examineInTime(checks, limitMs);
  const says = `no answer within ${limitMs / 1000} s`;
  const fix = 'Check the network connection and the region.';
  const all = [...findings, ...late.map((check) => ({ check, ...fail(says, fix) }))];
  const order = checks.map(({ check }) => check);
  return all.toSorted((a, b) => order.indexOf(a.check) - order.indexOf(b.check));
}

/** The same, with the names of the checks that exceeded `limitMs` beside the findings of the others. */
export async function examineInTime(
  checks: readonly Check[],
  limitMs: number,
): Promise<{ readonly findings: readonly Finding[]; readonly late: readonly string[] }> {
  const over = new Promise<typeof LATE>((resolve) => {
    setTimeout(() => resolve(LATE), limitMs).unref();
  });
  const found = await Promise.all(
    checks.map(async ({ check, look }) => ({
      check,
      finding: await Promise.race([look().catch(asFinding), over]),
    })),
  );
  return {
    findings: found.flatMap(({ check, finding }) =>
      typeof finding === 'object' ? { check, ...finding } : [],
    ),
    late: found.flatMap(({ check, finding }) => (finding === LATE ? check : [])),
  };
}

const LATE = Symbol('late');

function asFinding(error: unknown) {
  if (!(error instanceof Error)) return fail(String(error), '');
  const fix = error instanceof Failure ? error.fix : '';
  const isDenied = error.name === 'PlatformDenied' && fix === '';
  return fail(error.message, isDenied ? DENIED_FIX : fix);
}
