import { readFileSync } from 'node:fs';
import type { Definitions } from '#adapters/local/workflow/workflow-engine.ts';
import type { StepName } from '#domain/workflow.ts';
import type { WorkflowName } from '#ports/executions.ts';
import type { StepPorts } from './step-ports.ts';
import { STEPS, type StepHandler } from './steps.ts';

/** The step of each Task state of all workflows, over these ports. */
export function stepHandlers(ports: StepPorts): Readonly<Record<StepName, StepHandler>> {
  const handlers = Object.entries(STEPS).map(([name, { handler }]) => [name, handler(ports)]);
  // Object.fromEntries loses the types of the names.
  return Object.fromEntries(handlers) as Record<StepName, StepHandler>;
}

const WORKFLOWS = [
  'deploy',
  'promote',
  'rollback',
  'undeploy',
] as const satisfies readonly WorkflowName[];

/** The state machines that ship. */
export function readDefinitions(): Definitions {
  return Object.fromEntries(WORKFLOWS.map((name) => [name, readDefinition(name)]));
}

function readDefinition(name: WorkflowName) {
  const file = new URL(`../../statemachines/${name}.asl.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}
