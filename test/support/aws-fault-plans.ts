import { faultError } from './aws-faults.ts';
import { type AnyClient, addMiddleware } from './aws-rules.ts';

/**
 * What befalls one call to AWS. Refused or broken before it is done; done with its answer lost; done only once the whole deed is over, though its client has long given up (`slow`);
 * the process is gone before it or after it; it answers what it answered the last time (`stale`); it is done twice, and the second answer counts.
 */
export type Befalls =
  | 'throttled'
  | 'broken'
  | 'reply lost'
  | 'slow'
  | 'crash before'
  | 'crash after'
  | 'stale'
  | 'duplicate';

export const CRASHED = Symbol('crashed');

export type PlantedFaults = {
  /** Puts the faults between a client and AWS. */
  outer(client: AnyClient): void;
  /** Those that befell a call, in order. */
  fired(): readonly Befalls[];
  /** Answers when the process is gone that runs now. */
  crash(): Promise<typeof CRASHED>;
  /** What AWS was slow to do is done. */
  land(): Promise<void>;
};

type Handler = Parameters<Parameters<typeof addMiddleware>[1]>[0];
type Call = { readonly next: Handler; readonly args: Parameters<Handler>[0]; readonly key: string };

const NEVER: Promise<never> = new Promise(() => undefined);

/** Lets each of `plan` befall one call of a command, named without `Command`, in order; a stale answer waits for a call that was asked before. */
export function plantFaults(command: string, plan: readonly Befalls[]): PlantedFaults {
  const fired: Befalls[] = [];
  const late: (() => Promise<unknown>)[] = [];
  const answers = new Map<string, Awaited<ReturnType<Handler>>>();
  let crashing = Promise.withResolvers<typeof CRASHED>();

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
        return answers.get(key) ?? next(args);
      case 'duplicate':
        await next(args).catch(() => undefined);
        return next(args);
    }
  }

  return {
    fired: () => fired,
    outer(client) {
      addMiddleware(client, (next, { commandName }) => async (args) => {
        if (commandName !== `${command}Command`) return next(args);
        const key = keyOf(args.input);
        const kind = plan[fired.length];
        if (kind === undefined || (kind === 'stale' && !answers.has(key))) {
          const answer = await next(args);
          answers.set(key, answer);
          return answer;
        }
        fired.push(kind);
        return befall(kind, { next, args, key });
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

/** What a deed asks of AWS: every command, and those that it asks the same of twice. */
export function notedCalls() {
  const asked = new Map<string, Set<string>>();
  const again = new Set<string>();
  return {
    outer(client: AnyClient): void {
      addMiddleware(client, (next, { commandName }) => async (args) => {
        const command = commandName.replace(/Command$/, '');
        const keys = asked.get(command) ?? new Set();
        const key = keyOf(args.input);
        if (keys.has(key) && !isConsistent(args.input)) again.add(command);
        asked.set(command, keys.add(key));
        return next(args);
      });
    },
    commands: () => [...asked.keys()],
    isAskedAgain: (command: string) => again.has(command),
  };
}

function keyOf(input: object): string {
  return JSON.stringify(input);
}

/** DynamoDB answers such a read with the last write, whatever befalls. */
function isConsistent(input: object): boolean {
  return 'ConsistentRead' in input || 'TransactItems' in input;
}
