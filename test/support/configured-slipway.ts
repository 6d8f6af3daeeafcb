// A Slipway with what the command line has no flags for: `node configured-slipway.ts OPTIONS_JSON`.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LocalConfig, readLocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';

export type Special = {
  readonly config?: Partial<LocalConfig>;
  /** Its models behave as their files are marked: `test/support/servers`. */
  readonly hasAnyServer?: boolean;
  /** The kernel kills it at the moment that its data folder's file `die-at` names, as `State begins` or `State ended`. */
  readonly isMortal?: boolean;
};

const [options = '{}'] = process.argv.slice(2);
const { config, hasAnyServer, isMortal }: Special = JSON.parse(options);
const dieAt = join(config?.dataDir ?? '', 'die-at');

await startLocal(readLocalConfig({ gatewayPort: 0, controlPort: 0, ...config }), {
  environment: process.env,
  report: (problem) => process.stderr.write(`${problem}\n`),
  ...(hasAnyServer && { serverEntry: fileURLToPath(new URL('./servers/any.ts', import.meta.url)) }),
  onStep(state, moment) {
    if (!isMortal || !existsSync(dieAt)) return;
    if (readFileSync(dieAt, 'utf8') === `${state} ${moment}`) process.kill(process.pid, 'SIGKILL');
  },
});
