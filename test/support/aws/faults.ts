import { type AnyClient, addMiddleware, awsError, isAside } from './rules/rules.ts';

/** The fault that hits a call on its way: AWS refuses it, throttles it, breaks, no longer knows the name, or does it and the answer is lost. */
export type AwsFault = 'denied' | 'throttled' | 'broken' | 'gone' | 'reply lost';

export type FaultyClient<Client> = {
  readonly client: Client;
  /** The number of calls that the fault hit, and of all calls; a client's own retries are calls too. */
  count(): number;
  calls(): number;
};

/** Makes a fault hit the first `times` calls of a command, named without `Command`. */
export function awsFault<Client extends AnyClient>(
  client: Client,
  command: string,
  fault: AwsFault,
  times = Number.POSITIVE_INFINITY,
): FaultyClient<Client> {
  let calls = 0;
  addMiddleware(client, (next, { commandName }) => async (args) => {
    if (commandName !== `${command}Command` || isAside(args.input)) return next(args);
    calls += 1;
    if (calls > times) return next(args);
    if (fault === 'reply lost') await next(args);
    throw faultError(fault);
  });
  return { client, count: () => Math.min(calls, times), calls: () => calls };
}

export function faultError(fault: AwsFault): Error {
  switch (fault) {
    case 'denied':
      return awsError({ name: 'AccessDeniedException', message: 'not allowed', status: 400 });
    case 'throttled':
      return awsError({ name: 'ThrottlingException', message: 'Rate exceeded', status: 400 });
    case 'broken':
      return awsError({ name: 'InternalServerError', message: 'broken', status: 500 });
    case 'gone':
      return awsError({ name: 'NotFound', message: 'gone', status: 404 });
    default:
      // The SDK's HTTP handler ends a request that takes too long with the same error.
      return Object.assign(new Error('no answer in time'), { name: 'TimeoutError' });
  }
}
