// A Slipway with what the command line has no flags for: `node configured-slipway.ts OPTIONS_JSON`.
import { fileURLToPath } from 'node:url';
import { type LocalConfig, readLocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';

export type Special = {
  readonly config?: Partial<LocalConfig>;
  /** Its models behave as their files are marked: `test/support/servers`. */
  readonly hasAnyServer?: boolean;
  /** The moment at which the kernel kills it, as `State begins` or `State ended`, once `after` executions have released their lease. */
  readonly death?: { readonly moment: string; readonly after: number };
};

const [options = '{}'] = process.argv.slice(2);
const { config, hasAnyServer, death }: Special = JSON.parse(options);

let over = 0;

await startLocal(readLocalConfig({ gatewayPort: 0, controlPort: 0, ...config }), {
  environment: process.env,
  report: (problem) => process.stderr.write(`${problem}\n`),
  ...(hasAnyServer && { serverEntry: fileURLToPath(new URL('./servers/any.ts', import.meta.url)) }),
  onStep(state, moment) {
    const now = `${state} ${moment}`;
    if (death && over >= death.after && now === death.moment) process.kill(process.pid, 'SIGKILL');
    if (now === 'ReleaseLease ended') over += 1;
  },
});
