import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '#adapters/clocks.ts';
import type { Slipway } from '#control/slipway.ts';
import { followChampions } from './follow-champions.ts';
import { type MlflowRegistry, mlflowRegistry } from './mlflow-registry.ts';
import { receiveWebhooks } from './webhook-receiver.ts';

const SECRET_BYTES = 32;
// How often it looks while a deployment is under way.
const UNDER_WAY_SECONDS = 2;

export type Bridge = {
  readonly mlflow: string;
  readonly slipway: Slipway;
  /** The stage of an account, undefined on one machine. */
  readonly stage: string | undefined;
  readonly everySeconds: number;
  /** Ends after one look. */
  readonly once: boolean;
  /** The port for MLflow's webhooks, and the address by which MLflow reaches it; undefined for none. */
  readonly hooks: { readonly port: number; readonly url: string | undefined } | undefined;
  readonly environment: NodeJS.ProcessEnv;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
};

/**
 * Follows MLflow's registry until the signal: it looks every few seconds, and at once when a webhook says that an alias has moved.
 * A webhook is only a hint, so it may be lost, come twice or in any order; a thousand of them during one look make one more.
 */
export async function bridge(options: Bridge): Promise<void> {
  const { mlflow, slipway, stage, everySeconds, once, report, signal } = options;
  const registry = mlflowRegistry(mlflow, authorizationOf(options.environment));
  const place = stage === undefined ? 'slipway' : `slipway.${stage}`;
  const look = () => followChampions({ registry, slipway, place, report, signal });
  if (once) return void (await look());

  let hint = Promise.withResolvers<void>();
  await using _hooks = await listen(options, registry, () => hint.resolve());
  report(`following the alias champion at ${mlflow}`);
  while (!signal.aborted) {
    hint = Promise.withResolvers();
    const isUnderWay = await look().catch((error: Error) => void report(error.message));
    const seconds = isUnderWay ? Math.min(UNDER_WAY_SECONDS, everySeconds) : everySeconds;
    const pause = sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
    await Promise.race([pause, hint.promise]);
  }
}

/** A secret of this run's own, which MLflow keeps while it runs. Without webhooks the looks at intervals find each move. */
async function listen({ hooks, report }: Bridge, registry: MlflowRegistry, onHint: () => void) {
  const stack = new AsyncDisposableStack();
  if (!hooks) return stack;
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const { port } = hooks;
  const receiver = stack.use(await receiveWebhooks({ port, secret, clock: systemClock, onHint }));
  const url = hooks.url ?? `http://127.0.0.1:${receiver.port}/`;
  try {
    const id = await registry.addWebhook(url, secret);
    stack.defer(() => registry.removeWebhook(id).catch((error: Error) => report(error.message)));
    report(`MLflow reports each move to ${url}`);
  } catch (error) {
    report(`no webhooks: ${error instanceof Error ? error.message : error}`);
  }
  return stack;
}

/** As MLflow's own clients are told: https://mlflow.org/docs/latest/self-hosting/security/basic-http-auth */
function authorizationOf(environment: NodeJS.ProcessEnv): string | undefined {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user } = environment;
  if (token) return `Bearer ${token}`;
  if (!user) return undefined;
  const password = environment['MLFLOW_TRACKING_PASSWORD'] ?? '';
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
