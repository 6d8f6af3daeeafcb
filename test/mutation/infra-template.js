// The packaged template with the present content of infra/*.cjs: a package of each mutant would take half a minute.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packagedFolder } from '../template/packaged.ts';

const ROOT = join(import.meta.dirname, '../..');
const PARTS = ['roles', 'workflows'];
const FILE = 'cloudformation-template-update-stack.json';

const VARIABLES = { 'sls:stage': 'test' };

// Loaded again for each mutant, while the package stays.
process.env.SLIPWAY_PACKAGED ??= await packagedFolder();
const template = JSON.parse(readFileSync(join(process.env.SLIPWAY_PACKAGED, FILE), 'utf8'));
const said = (tree, part) =>
  createRequire(join(tree, 'infra/'))(`./${part}.cjs`)({
    resolveVariable: async (name) => VARIABLES[name],
  });
for (const part of PARTS) {
  for (const [section, entries] of Object.entries(await said(ROOT, part))) {
    for (const id of Object.keys(entries)) delete template[section][id];
  }
  const now = await said(process.cwd(), part);
  for (const [section, entries] of Object.entries(now)) Object.assign(template[section], entries);
}
process.env.SLIPWAY_TEMPLATE ??= mkdtempSync(join(tmpdir(), 'slipway-infra-'));
writeFileSync(join(process.env.SLIPWAY_TEMPLATE, FILE), JSON.stringify(template));
