'use strict';

/** @typedef {Readonly<Record<string, Readonly<Record<string, unknown>>>>} PortVariables */
/** @typedef {{ readonly ports: readonly string[], readonly timeoutSeconds: number, readonly dependsOn?: readonly string[] }} Row */

/** The ports of src/compose/aws-inspection.ts; src/compose/aws.ts has all others. */
const OF_INSPECTION = new Set(['inspect', 'parseManifest']);

/**
 * An osls plugin that makes the functions of the steps from their table, src/compose/steps.ts: `${steps:functions}` are their blocks for the template.
 * Each has a bundle with its step and the clients of its ports alone, so each has an entry file, of which bundles.cjs makes the bundle.
 */
function stepFunctions() {
  return { configurationVariablesSources: { steps: { resolve } } };
}

module.exports = Object.assign(stepFunctions, { blocks, entries });

/** A function's handler and the source of its entry file, for each step. */
async function entries() {
  const steps = await table();
  return Object.entries(steps).map(([name, { ports }]) => ({
    handler: handlerOf(name),
    source: entry(name, ports),
  }));
}

/**
 * @param {string} name
 * @param {readonly string[]} ports
 */
function entry(name, ports) {
  /** @param {string} port */
  const from = (port) => (OF_INSPECTION.has(port) ? 'inspection' : 'aws');
  const modules = new Set(ports.map(from));
  const step = camel(name);
  return [
    "import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';",
    modules.has('aws') && "import * as aws from '#compose/aws.ts';",
    modules.has('inspection') && "import * as inspection from '#compose/aws-inspection.ts';",
    "import { workflow } from '#domain/workflow.ts';",
    `import { ${step} } from '#steps/${kebab(name)}.ts';`,
    '',
    `const step = ${step}({`,
    ...ports.map((port) => `  ${port}: ${from(port)}.${port}(process.env),`),
    '});',
    `export const handler = lambdaHandler(workflow.${name}.input, step);`,
    '',
  ]
    .filter((line) => line !== false)
    .join('\n');
}

/** @param {import('./osls').SourceInput} asked */
async function resolve({ address, resolveConfigurationProperty }) {
  if (address !== 'functions') throw new Error(`steps have functions, no ${address}`);
  return {
    value: await blocks(
      /** @type {PortVariables} */ (await resolveConfigurationProperty(['custom', 'environments'])),
    ),
  };
}

/**
 * The functions' blocks, by their names in the template.
 * @param {PortVariables} variables the environment variables of each port
 */
async function blocks(variables) {
  const named = Object.entries(await table()).map(
    ([name, { ports, timeoutSeconds, dependsOn }]) => [
      camel(name),
      {
        handler: handlerOf(name),
        role: `${name}Role`,
        ...(dependsOn && { dependsOn: [...dependsOn] }),
        // Memory buys CPU: below 512 MB the start of a function takes seconds. Many new accounts refuse a function of more, and with it the stack.
        memorySize: 512,
        timeout: timeoutSeconds,
        environment: Object.assign({}, ...ports.map((port) => variables[port])),
      },
    ],
  );
  return Object.fromEntries(named);
}

/** @returns {Promise<Readonly<Record<string, Row>>>} */
async function table() {
  return (await import('../src/compose/steps.ts')).STEPS;
}

/** @param {string} name */
function handlerOf(name) {
  return `functions/${kebab(name)}.handler`;
}

/** @param {string} name */
function camel(name) {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}

/** @param {string} name */
function kebab(name) {
  return camel(name).replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
