// A Slipway with settings that the command line has no flags for: `node configured-slipway.ts CONFIG_JSON`.
import { readLocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';

const [config = ''] = process.argv.slice(2);

await startLocal(readLocalConfig({ gatewayPort: 0, controlPort: 0, ...JSON.parse(config) }), {
  environment: process.env,
  report: (problem) => process.stderr.write(`${problem}\n`),
});
