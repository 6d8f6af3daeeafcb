import type { Context } from 'aws-lambda';

// One execution environment of Lambda's Node runtime: loads the bundle, then takes one event at a time.

type Asked = { readonly event: unknown; readonly context: Context; readonly aheadMs: number };
type Handler = (event: unknown, context: Context) => Promise<unknown>;

let aheadMs = Number(process.argv[2]);
const now = Date.now;
Date.now = () => now() + aheadMs;

const startedAt = performance.now();
const loaded = await import(String(process.env['_HANDLER'])).then(
  ({ handler }: { handler: Handler }) => ({ handler }),
  (error: unknown) => ({ error: reported(error) }),
);
const initMs = performance.now() - startedAt;
process.send?.('handler' in loaded ? { initMs } : { initMs, ...loaded });

process.on('message', async ({ event, context, ...asked }: Asked) => {
  aheadMs = asked.aheadMs;
  process.send?.('handler' in loaded ? await run(loaded.handler, event, context) : loaded);
});

async function run(handler: Handler, event: unknown, context: Context): Promise<object> {
  try {
    return { payload: (await handler(event, context)) ?? null };
  } catch (error) {
    return { error: reported(error) };
  }
}

/** https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/blob/main/src/Errors.js, `toRapidResponse` */
function reported(error: unknown): object {
  if (!(error instanceof Error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  const { name, message, stack = '' } = error;
  return { errorType: name, errorMessage: message, trace: stack.split('\n') };
}
