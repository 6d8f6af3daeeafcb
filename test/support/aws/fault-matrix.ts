import { share } from '../fuzz/runs.ts';
import { SEED } from '../fuzz/seeded.ts';
import { type Befalls, CRASHED, notedCalls, plantFaults } from './fault-plans.ts';
import { retry } from './retry.ts';
import type { AnyClient } from './rules/rules.ts';

/** An account in which something can be done. */
export type FaultWorld = {
  /** Does it, by a separate adapter whose clients have been handed to `outer`, and are tried once. */
  deed(outer: (client: AnyClient) => void): Promise<unknown>;
  /** Everything in the account once the deed is done. */
  left(): Promise<unknown>;
  close?(): Promise<void>;
};

const READ = /^(?:Describe|Get|List|Head|Query|Scan|TransactGet|Filter|Invoke)/;

// Faults that leave nothing behind hit one call after the other: the deed is tried again until none are left. A fault that leaves something behind is the last of its plan.
const OF_READS: readonly (readonly Befalls[])[] = [
  ['throttled', 'broken', 'reply lost', 'slow', 'duplicate', 'crash before', 'crash after'],
];
const OF_WRITES: readonly (readonly Befalls[])[] = [
  ['throttled', 'broken', 'crash before', 'reply lost'],
  ['crash after'],
  ['slow'],
  ['duplicate'],
];

/**
 * Expects that a deed comes out the same, in its answer and in its effects, whatever fault hits any one of its calls to AWS: every command of the deed, by every kind of fault.
 * A run tries a sixth of them, which the seed chooses, and a thorough one all.
 * After a temporary failure the deed is done again, and after a crash too, by another process. `more` are the faults that this deed bears beyond those of every deed.
 */
export function itBearsFaults(
  deed: string,
  open: () => Promise<FaultWorld>,
  more: readonly Befalls[] = [],
): void {
  it(titleOf(deed), () => bears(deed, open, more));
}

/** A deed that is repeated in one account, since making the account takes longer than the deed. */
export type InOneAccount<Account> = {
  open(): Promise<Account>;
  /** Makes everything that the deed needs. If it does not clear the account first, `left` removes everything and checks that nothing is left, so that the next time is like the first. */
  prepare(account: Account): Promise<FaultWorld>;
  readonly more?: readonly Befalls[];
  /** The commands that another deed does not use in the same way: those that both use are tested there. */
  readonly only?: readonly string[];
};

export function itBearsFaultsInOneAccount<Account>(
  deed: string,
  { open, prepare, more = [], only }: InOneAccount<Account>,
): void {
  it(titleOf(deed), async () => {
    const account = await open();
    try {
      await bears(deed, () => prepare(account), more, only);
    } finally {
      await (account as Partial<FaultWorld>).close?.();
    }
  });
}

function titleOf(deed: string): string {
  return `${deed} comes out the same whatever befalls one of its calls to AWS`;
}

async function bears(
  deed: string,
  open: () => Promise<FaultWorld>,
  more: readonly Befalls[],
  only?: readonly string[],
): Promise<void> {
  const calls = notedCalls();
  const untroubled = await outcome(open, { outer: calls.outer });
  expect(calls.commands()).toEqual(expect.arrayContaining([...(only ?? [])]));
  const counts = new Map<Befalls, number>();

  let last: { readonly command: string; readonly isLikeCrash: boolean } | undefined;
  const plans = plansOf(calls, more).filter(({ command }) => only?.includes(command) ?? true);
  for (const { command, plan } of share(plans, 6)) {
    // A deed that makes no further call after a lost answer, and begins anew, looks to the next try as if it had died: it is the same run.
    if (plan[0] === 'crash after' && last?.command === command && last.isLikeCrash) continue;
    for (let left = plan; left.length > 0; ) {
      const planted = plantFaults(command, left);
      const troubled = await outcome(open, planted);
      const fired = planted.fired();
      expect({ command, plan: left, ...troubled }).toEqual({ command, plan: left, ...untroubled });
      // A deed that is over before all faults could hit it is repeated for the remaining ones.
      expect({ command, plan: left, isFired: fired.length > 0 }).toMatchObject({ isFired: true });
      left = left.slice(fired.length);
      last = { command, isLikeCrash: planted.isLikeCrash() };
    }
    for (const kind of plan) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }

  expect(calls.commands().length).toBeGreaterThan(0);
  const kinds = [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
  const said = `${deed}: ${calls.commands().length} commands; befell: ${kinds}; SLIPWAY_SEED=${SEED}`;
  process.stdout.write(`${said}\n`);
}

function plansOf(
  { commands, isAskedAgain }: ReturnType<typeof notedCalls>,
  more: readonly Befalls[],
) {
  return commands().flatMap((command) => {
    if (!READ.test(command)) return OF_WRITES.map((plan) => ({ command, plan }));
    const old = (['stale', 'unseen'] as const).filter(
      (kind) => isAskedAgain(command, kind) && (kind === 'stale' || more.includes(kind)),
    );
    return [...OF_READS, ...old.map((kind) => [kind])].map((plan) => ({ command, plan }));
  });
}

type Around = Pick<ReturnType<typeof plantFaults>, 'outer'> &
  Partial<ReturnType<typeof plantFaults>>;

async function outcome(open: () => Promise<FaultWorld>, around: Around) {
  const world = await open();
  try {
    const deed = () => {
      around.begins?.();
      return world.deed(around.outer);
    };
    const answer = await surviving(deed, around);
    await around.land?.();
    return { answer, left: await world.left() };
  } finally {
    await world.close?.();
  }
}

/** Each process retries; the next one starts where the last has died. */
async function surviving(deed: () => Promise<unknown>, { crash }: Around): Promise<unknown> {
  for (;;) {
    const ends = crash ? [crash(), retry(deed)] : [retry(deed)];
    const end = await Promise.race(ends);
    if (end !== CRASHED) return end;
  }
}
