import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AWS_ACCOUNT, AWS_REGION } from '../aws/clients.ts';
import { COMPILED } from '../slipway/compiled.ts';
import type { Bundle } from './bundles.ts';

/** A function's answer, or its error as the Node runtime reports it. */
export type LambdaAnswer =
  | { readonly payload: unknown }
  | {
      readonly error: {
        readonly errorType: string;
        readonly errorMessage: string;
        readonly trace: readonly string[];
      };
    };

export type Loaded = { readonly initMs: number; readonly error?: object };

export type LambdaRuntime = {
  /** The time to load the bundle, and the error if that failed: then every answer is that error. */
  readonly loaded: Promise<Loaded>;
  /** Runs the function, one event after the other. */
  invoke(event: unknown): Promise<LambdaAnswer>;
  /** The lines that it wrote. */
  lines(): readonly string[];
  close(): Promise<void>;
};

type Variables = Readonly<Record<string, string>>;

/** The secret that every function signs with. */
export const SECRET_OF_ROLES = 'secret-of-the-role';

const CHILD = fileURLToPath(new URL('./runtime-child.ts', import.meta.url));

// Loading is bounded by Lambda too. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const INIT_LIMIT_MS = 10_000;

/** Runs a bundle as Lambda does, in a process with the template's variables for this function and Lambda's own; `values` has the template's, and more is left out. Its clock may be ahead, by more with each event; `slack` times its time limits is how long it may take. */
export function lambdaRuntime(
  bundle: Bundle,
  values: Variables,
  endpoint: string,
  {
    aheadMs = () => 0,
    slack = 1,
  }: { readonly aheadMs?: () => number; readonly slack?: number } = {},
): LambdaRuntime {
  const functionName = `slipway-test-${bundle.name}`;
  const child = fork(CHILD, [String(aheadMs())], {
    env: {
      ...COMPILED,
      ...ownVariables(bundle, functionName, endpoint),
      ...given(bundle, values),
    },
    execArgv: [],
    silent: true,
  });
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output! }).on('line', (line) => lines.push(line));
  }
  const exited = once(child, 'exit');
  const answer = async (limitMs: number) => {
    const signal = AbortSignal.timeout(limitMs * slack);
    const gone = exited.then(() => Promise.reject(new Error(`${bundle.name} ended: ${lines}`)));
    const said = once(child, 'message', { signal }).catch(() => {
      throw new Error(`${bundle.name} took more than ${limitMs * slack} ms: ${lines}`);
    });
    return (await Promise.race([said, gone]))[0];
  };
  const loaded: Promise<Loaded> = answer(INIT_LIMIT_MS);
  loaded.catch(() => undefined);
  let last: Promise<unknown> = loaded;

  async function run(event: unknown): Promise<LambdaAnswer> {
    const context = {
      functionName,
      functionVersion: '$LATEST',
      invokedFunctionArn: `arn:aws:lambda:${AWS_REGION}:${AWS_ACCOUNT}:function:${functionName}`,
      memoryLimitInMB: '512',
      awsRequestId: randomUUID(),
    };
    child.send({ event, context, aheadMs: aheadMs() });
    return answer(bundle.timeoutSeconds * 1000);
  }

  return {
    loaded,
    lines: () => lines,
    invoke(event) {
      const next = last.then(() => run(event));
      last = next.catch(() => undefined);
      return next;
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}

function given({ variables }: Bundle, values: Variables): Variables {
  return Object.fromEntries(
    variables.flatMap((name) => (name in values ? [[name, values[name]!] as const] : [])),
  );
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
function ownVariables({ file }: Bundle, functionName: string, endpoint: string): Variables {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TMPDIR: tmpdir(),
    TZ: ':UTC',
    _HANDLER: file,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_REGION,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: SECRET_OF_ROLES,
    AWS_SESSION_TOKEN: 'token-of-the-role',
    AWS_ENDPOINT_URL: endpoint,
  };
}
