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

// Loaded again for each mutant, while the package stays.
process.env.SLIPWAY_PACKAGED ??= await packagedFolder();
const template = JSON.parse(readFileSync(join(process.env.SLIPWAY_PACKAGED, FILE), 'utf8'));
const load = createRequire(join(process.cwd(), 'infra/'));
for (const part of PARTS) {
  const said = await load(`./${part}.cjs`)({ resolveVariable: async (name) => VARIABLES[name] });
  for (const [section, entries] of Object.entries(said)) Object.assign(template[section], entries);
}
process.env.SLIPWAY_TEMPLATE ??= mkdtempSync(join(tmpdir(), 'slipway-infra-'));
writeFileSync(join(process.env.SLIPWAY_TEMPLATE, FILE), JSON.stringify(template));
