import { Failure, failureNamed } from '#domain/failure.ts';

/** A call of a port that another thread has. */
export type Call = {
  readonly call: number;
  readonly port: string;
  readonly method: string;
  readonly given: readonly unknown[];
};

/** The parts of an error: a copy of the error itself would lose its name and fix in another thread. */
type ErrorParts = Pick<Failure, 'message' | 'fix'> & {
  readonly name: string;
  readonly stack: string | undefined;
  readonly isAbsent: boolean;
};

export type Outcome = { readonly value: unknown } | { readonly error: ErrorParts };

/** The outcome of the call with this number. */
export type Answer = { readonly answered: number; readonly outcome: Outcome };

export async function outcomeOf(run: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error: partsOf(error) };
  }
}

/** Sends an outcome, or the error that it cannot be copied: the other thread waits for one of them. */
export function post(outcome: Outcome, send: (outcome: Outcome) => void): void {
  try {
    send(outcome);
  } catch (error) {
    send({ error: partsOf(error) });
  }
}

/** The value of an outcome; throws its error, by the same name. */
export function resultOf(outcome: Outcome): unknown {
  if ('value' in outcome) return outcome.value;
  const { name, message, fix, stack, isAbsent } = outcome.error;
  const failure = failureNamed(name);
  if (failure) throw new Failure(failure, message, { fix, ...(isAbsent && { isAbsent }) });
  throw Object.assign(new Error(message), { name, stack });
}

type Method = (...given: readonly unknown[]) => Promise<unknown>;

/** Carries out a call by `ports`. */
export function carryOut(
  ports: Readonly<Record<string, object>>,
  { port, method, given }: Call,
): Promise<Outcome> {
  return outcomeOf(async () => {
    const found = ports[port];
    const run: Method = Reflect.get(found ?? {}, method);
    return run.apply(found, [...given]);
  });
}

/** Ports whose methods, but for those that are `own`, are called in the thread that has them. `heard` takes its answers. */
export function remotePorts(send: (call: Call) => void) {
  const waiting = new Map<number, (outcome: Outcome) => void>();
  let calls = 0;

  const call = (port: string, method: string, given: readonly unknown[]) => {
    calls += 1;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    waiting.set(calls, resolve);
    send({ call: calls, port, method, given });
    return promise.then(resultOf);
  };

  return {
    port<Port extends object>(name: string, own: Partial<Port> = {}): Port {
      return new Proxy(own, {
        get: (_, method) =>
          Reflect.get(own, method) ??
          ((...given: readonly unknown[]) => call(name, String(method), given)),
      }) as Port;
    },
    heard({ answered, outcome }: Answer): void {
      waiting.get(answered)?.(outcome);
      waiting.delete(answered);
    },
  };
}

function partsOf(error: unknown): ErrorParts {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const failure = error instanceof Failure ? error : undefined;
  return { name, message, stack, fix: failure?.fix ?? '', isAbsent: failure?.isAbsent ?? false };
}
