// The packaged template with what infra/*.cjs say now: a package of each mutant would take half a minute.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packagedFolder } from '../template/packaged.ts';

const PARTS = ['roles', 'workflows', 'budget'];
const FILE = 'cloudformation-template-update-stack.json';

const VARIABLES = {
  'sls:stage': 'test',
  'self:provider.region': 'us-east-1',
  'param:budgetUsd': 0,
  'param:budgetEmail': '',
};

const template = JSON.parse(readFileSync(join(await packagedFolder(), FILE), 'utf8'));
const load = createRequire(join(process.cwd(), 'infra/'));
for (const part of PARTS) {
  const said = await load(`./${part}.cjs`)({ resolveVariable: async (name) => VARIABLES[name] });
  for (const [section, entries] of Object.entries(said)) Object.assign(template[section], entries);
}
const folder = mkdtempSync(join(tmpdir(), 'slipway-infra-'));
writeFileSync(join(folder, FILE), JSON.stringify(template));
process.env.SLIPWAY_TEMPLATE = folder;
