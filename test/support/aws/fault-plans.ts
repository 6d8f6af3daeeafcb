import { faultError } from './faults.ts';
import { type AnyClient, addMiddleware, isAside } from './rules/rules.ts';

/**
 * The fault that hits one call to AWS. The call may be refused or break before it is done; be done with its answer lost; be done only once the whole deed is over, though its client has long given up (`slow`);
 * the process may end before it or after it; it may give its previous answer again (`stale`), or say again that there is no such thing (`unseen`); or it is done twice, and the second answer counts.
 */
export type Befalls =
  | 'throttled'
  | 'broken'
  | 'reply lost'
  | 'slow'
  | 'crash before'
  | 'crash after'
  | 'stale'
  | 'unseen'
  | 'duplicate';

export const CRASHED = Symbol('crashed');

export type PlantedFaults = {
  /** Puts the faults between a client and AWS. */
  outer(client: AnyClient): void;
  /** The faults that hit a call, in order. */
  fired(): readonly Befalls[];
  /** The deed begins, once more if it has before. */
  begins(): void;
  /** Whether the deed made no further call between the last fault and its next beginning: then it is as if its process had died of the fault. */
  isLikeCrash(): boolean;
  /** Resolves when the present process has ended. */
  crash(): Promise<typeof CRASHED>;
  /** Completes the calls that AWS was slow to do. */
  land(): Promise<void>;
};

type Handler = Parameters<Parameters<typeof addMiddleware>[1]>[0];
type Told = ReturnType<Handler>;
type Call = { readonly next: Handler; readonly args: Parameters<Handler>[0]; readonly key: string };

const NEVER: Promise<never> = new Promise(() => undefined);

/** Makes each fault of `plan` hit one call of a command, named without `Command`, in order; an old answer waits for a call with a known input. */
export function plantFaults(command: string, plan: readonly Befalls[]): PlantedFaults {
  const fired: Befalls[] = [];
  const late: (() => Promise<unknown>)[] = [];
  const told = { stale: new Map<string, Told>(), unseen: new Map<string, Told>() };
  let crashing = Promise.withResolvers<typeof CRASHED>();
  let askedSince = 0;
  let askedUntilNext: number | undefined;

  const die = (): Promise<never> => {
    crashing.resolve(CRASHED);
    return NEVER;
  };

  async function befall(kind: Befalls, { next, args, key }: Call) {
    switch (kind) {
      case 'throttled':
      case 'broken':
        throw faultError(kind);
      case 'reply lost':
        await next(args);
        throw faultError(kind);
      case 'slow':
        late.push(() => next(args));
        throw faultError('reply lost');
      case 'crash before':
        return die();
      case 'crash after':
        await next(args);
        return die();
      case 'stale':
      case 'unseen':
        return told[kind].get(key) ?? next(args);
      case 'duplicate':
        await next(args).catch(() => undefined);
        return next(args);
    }
  }

  const isEarly = (kind: Befalls, { key }: Call) =>
    (kind === 'stale' || kind === 'unseen') && !told[kind].has(key);

  async function remembered({ next, args, key }: Call) {
    const answer = next(args);
    const kind = await answer.then(
      () => 'stale' as const,
      () => 'unseen' as const,
    );
    told[kind].set(key, answer);
    return answer;
  }

  return {
    fired: () => fired,
    begins() {
      if (fired.length > 0) askedUntilNext ??= askedSince;
    },
    isLikeCrash: () => askedUntilNext === 0,
    outer(client) {
      addMiddleware(client, (next, { commandName }) => async (args) => {
        if (isAside(args.input)) return next(args);
        askedSince += 1;
        if (commandName !== `${command}Command`) return next(args);
        const call = { next, args, key: keyOf(args.input) };
        const kind = plan[fired.length];
        if (kind === undefined || isEarly(kind, call)) return remembered(call);
        fired.push(kind);
        askedSince = 0;
        askedUntilNext = undefined;
        return befall(kind, call);
      });
    },
    crash() {
      crashing = Promise.withResolvers();
      return crashing.promise;
    },
    async land() {
      for (const call of late) await call().catch(() => undefined);
    },
  };
}

/** Notes the calls of a deed: every command, and those that it repeats with the same input, after an answer (`stale`) or a refusal (`unseen`). */
export function notedCalls() {
  const commands = new Set<string>();
  const ends = new Map<string, 'stale' | 'unseen'>();
  const again = { stale: new Set<string>(), unseen: new Set<string>() };
  return {
    outer(client: AnyClient): void {
      addMiddleware(client, (next, { commandName }) => async (args) => {
        if (isAside(args.input)) return next(args);
        const command = commandName.replace(/Command$/, '');
        commands.add(command);
        const key = `${command} ${keyOf(args.input)}`;
        const end = ends.get(key);
        if (end && !isConsistent(args.input)) again[end].add(command);
        const answer = next(args);
        ends.set(
          key,
          await answer.then(
            () => 'stale' as const,
            () => 'unseen' as const,
          ),
        );
        return answer;
      });
    },
    commands: () => [...commands],
    isAskedAgain: (command: string, kind: 'stale' | 'unseen') => again[kind].has(command),
  };
}

function keyOf(input: object): string {
  return JSON.stringify(input);
}

/** DynamoDB answers such a read with the last write, whatever the fault. */
function isConsistent(input: object): boolean {
  return 'ConsistentRead' in input || 'TransactItems' in input;
}
