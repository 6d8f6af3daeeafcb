// A Slipway with settings for which the command line has no flags, as `startSlipway` starts it: `node configured-slipway.ts OPTIONS_JSON`.
import { flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { StepMoment } from '#adapters/local/workflow/workflow-engine.ts';
import { type LocalConfig, readLocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';

export type Special = {
  readonly config?: Partial<LocalConfig>;
  /** Its models behave as their files are marked: `test/support/servers`. */
  readonly hasAnyServer?: boolean;
  /** At each moment of a step it sends its parent a `Held`, and goes on once it gets the same `n` back. */
  readonly isStepwise?: boolean;
  /** Environment variables of its process, beside those of the test. */
  readonly environment?: Readonly<Record<string, string>>;
};

export type Held = StepMoment & { readonly n: number };

const [options = '{}'] = process.argv.slice(2);
const { config, hasAnyServer, isStepwise }: Special = JSON.parse(options);

await startLocal(readLocalConfig({ gatewayPort: 0, controlPort: 0, ...config }), {
  environment: process.env,
  report: (problem) => process.stderr.write(`${problem}\n`),
  ...(hasAnyServer && {
    serverEntry: fileURLToPath(new URL('../servers/any.ts', import.meta.url)),
  }),
  ...(isStepwise && { onStep: toldToParent() }),
});

// Most of them are killed, and would leave nothing.
flushCompileCache();

function toldToParent(): (at: StepMoment) => Promise<void> {
  const held = new Map<number, () => void>();
  let told = 0;
  process.on('message', (n: number) => {
    held.get(n)?.();
    held.delete(n);
  });
  return (at) => {
    const n = ++told;
    return new Promise((goOn) => {
      held.set(n, goOn);
      process.send?.({ n, ...at } satisfies Held);
    });
  };
}
