// The parts that `.ci/mutation` changes, and the tests that must notice. Run by itself it prints the parts' names.
import { join } from 'node:path';

// The suites of a registry test the decisions behind it.
const ON_REGISTRY = ['test/domain', 'test/steps', 'test/support/memory'];

const IN_TEMPLATE = ['container-grants', 'grants', 'roles', 'workflows'].map(
  (name) => `infra/${name}.cjs`,
);

/**
 * `mutate` is changed, `tests` are loaded once and run again for each change that they reach.
 * A surviving mutant should make a difference that nobody can see: the default of a value that is always there (`?? []`, `= ''`), `?.` before it, the end of a pattern that every text has.
 * Code that runs while a module loads is left out, except where it is most of a part (`isStatic`) and the module is CommonJS, which can be loaded again.
 */
export const PARTS = {
  ...Object.fromEntries(
    ['artifact', 'build', 'manifest', 'placement', 'rollout'].map((folder) => [
      `domain-${folder}`,
      { mutate: [`src/domain/${folder}/**/*.ts`], tests: ['test/domain'] },
    ]),
  ),
  'domain-promotion': { mutate: ['src/domain/promotion/*.ts'], tests: ON_REGISTRY },
  'domain-registry': { mutate: ['src/domain/registry/*.ts'], tests: ON_REGISTRY },
  domain: { mutate: ['src/domain/*.ts'], tests: ON_REGISTRY },
  steps: { mutate: ['src/steps/*.ts'], tests: ['test/steps'] },
  // Each rule is asked by itself: with moto behind it a change would take seconds.
  rules: { mutate: ['test/support/aws/rules/*.ts'], tests: ['test/support/aws-rules'] },
  infra: {
    mutate: ['infra/*.cjs', ...IN_TEMPLATE.map((name) => `!${name}`)],
    tests: [
      'test/infra',
      ...['keep-containers', 'publish-api', 'service-roles'].map(
        (name) => `test/aws/${name}.test.ts`,
      ),
    ],
    isStatic: true,
  },
  // Their effect shows only in the packaged template.
  'infra-template': {
    mutate: IN_TEMPLATE,
    tests: ['test/template/roles.test.ts', 'test/template/workflow.test.ts'],
    before: join(import.meta.dirname, 'infra-template.js'),
    isStatic: true,
  },
};

if (import.meta.main) process.stdout.write(`${Object.keys(PARTS).join('\n')}\n`);
