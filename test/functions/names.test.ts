import { existsSync, readdirSync } from 'node:fs';
import * as aws from '#compose/aws.ts';
import * as inspection from '#compose/aws-inspection.ts';
import type { Environment } from '#compose/aws-settings.ts';
import type { StepPorts } from '#compose/step-ports.ts';
import { STEPS } from '#compose/steps.ts';
import { workflow } from '#domain/workflow.ts';
import { deployedFunctions } from '../support/lambda/bundles.ts';
import { MACHINES } from '../support/walk/asl.ts';

const BESIDE = ['authorize', 'publishEvents', 'sweep'];

const root = (path: string) => new URL(`../../${path}`, import.meta.url);
const camel = (state: string) => state.charAt(0).toLowerCase() + state.slice(1);
const kebab = (name: string) =>
  name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/^-/, '');
const steps = Object.keys(workflow);

type OnAws = { readonly [Port in keyof StepPorts]: (env: Environment) => StepPorts[Port] };

describe('the functions', () => {
  it('have each port of the steps in an account, by its name', () => {
    const { inspect, parseManifest } = inspection;
    // The types of its ports are those that the steps take.
    const ports: OnAws = { ...aws, inspect, parseManifest };

    const named = Object.values(STEPS).flatMap((step) => [...step.ports]);
    expect([...new Set(named)].sort()).toEqual(Object.keys(ports).sort());
  });

  it('are one for each step of the workflows, and three beside them, which alone have files', () => {
    const names = [...steps.map(camel), ...BESIDE].sort();

    expect(deployedFunctions.map(({ name }) => name).sort()).toEqual(names);
    expect(readdirSync(root('functions')).sort()).toEqual(
      BESIDE.map((name) => `${kebab(name)}.ts`).sort(),
    );
  });

  it.each(steps)('%s has its name in all five places', (state) => {
    const file = `${kebab(state)}.ts`;
    const named = MACHINES.flatMap(({ states }) => states[state]?.Parameters?.FunctionName ?? []);

    expect(new Set(named)).toEqual(new Set([`\${${state}Function}`]));
    expect(deployedFunctions.find(({ name }) => name === camel(state))?.entry).toBe(
      `functions/${file}`,
    );
    expect(existsSync(root(`src/steps/${file}`))).toBe(true);
    expect(existsSync(root(`test/steps/${file.replace('.ts', '.test.ts')}`))).toBe(true);
  });
});
