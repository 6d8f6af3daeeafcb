import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

// Each clone of a run has the same path, since Node finds what it has compiled by the path.
const PLACE = await mkdtemp(join(tmpdir(), 'slipway-clones-'));
afterAll(() => rm(PLACE, { recursive: true }));

const CLONED = [
  ...['src', 'runtimes', 'buildspecs', 'slipway.js', 'serverless.yml', 'package.json'],
  'infra/parameters.yml',
];

const TEMPLATE = {
  Parameters: {
    BuildCompute: { Type: 'String', Default: 'a' },
    Containers: { Type: 'String', Default: 'off' },
  },
  Conditions: {
    HasContainers: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Containers' }, 'off'] }] },
  },
  Resources: {
    FirstQueue: { Type: 'AWS::SQS::Queue' },
    SecondQueue: { Type: 'AWS::SQS::Queue' },
    Topic: { Type: 'AWS::SNS::Topic' },
    Cluster: { Type: 'AWS::ECS::Cluster', Condition: 'HasContainers' },
  },
};

/** A `serverless` that says its arguments, and packages this template. */
const PACKAGES = `
  const { writeFileSync } = require('node:fs');
  const args = process.argv.slice(2);
  console.log(JSON.stringify(args));
  const file = args.at(-1) + '/cloudformation-template-update-stack.json';
  if (args[0] === 'package') writeFileSync(file, ${JSON.stringify(JSON.stringify(TEMPLATE))});
`;

/** A clone whose `serverless` packages and then runs this script, and in which nothing needs to be installed. */
export async function cloneWith(script: string) {
  const folder = join(PLACE, 'clone');
  for (const file of CLONED) {
    await cp(join(ROOT, file), join(folder, file), { recursive: true });
  }
  await writeFile(join(folder, 'install.js'), '');
  const modules = join(folder, 'node_modules');
  const bin = join(modules, 'serverless/bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'serverless.js'), PACKAGES + script);
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name === 'serverless' || name.startsWith('.')) continue;
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
