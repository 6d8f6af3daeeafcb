import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { STAGE } from '../../template/packaged.ts';
import { AWS_REGION, awsClient } from '../aws/clients.ts';
import type { Endpoint } from './parts.ts';

export type DeployedStack = {
  readonly outputs: Readonly<Record<string, string>>;
  /** The ids by logical id; empty where the witness made nothing. */
  readonly physicalIds: Readonly<Record<string, string>>;
};

const ROOT = join(import.meta.dirname, '../../..');
const STACK = `slipway-${STAGE}`;
// The files that serverless.yml refers to; the functions themselves are in the package.
const BESIDE = ['buildspecs', 'infra', 'node_modules', 'package.json', 'runtimes', 'statemachines'];
// A deployment takes half a minute, and up to three on a busy machine; twenty times as long cannot be explained by load.
const LIMIT_MS = 600_000;

/** Deploys a package as a person does, by `serverless deploy --package`, to where `endpoint` is. */
export async function deployStack(aws: Endpoint, packaged: string): Promise<DeployedStack> {
  const tree = await mkdtemp(join(tmpdir(), 'slipway-deploy-'));
  try {
    await cp(join(ROOT, 'serverless.yml'), join(tree, 'serverless.yml'));
    for (const name of BESIDE) await symlink(join(ROOT, name), join(tree, name));
    await serverlessDeploy(aws, tree, packaged).catch((cause: unknown) => {
      // osls says there which resource failed, and why.
      const said = cause instanceof Error && 'stdout' in cause ? cause.stdout : '';
      throw new Error(`the stack was not made: ${cause}\n${said}`, { cause });
    });
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
  return describe(aws);
}

async function serverlessDeploy({ endpoint }: Endpoint, tree: string, packaged: string) {
  const serverless = join(ROOT, 'node_modules/serverless/bin/serverless.js');
  const options = ['--stage', STAGE, '--region', AWS_REGION, '--package', packaged];
  await promisify(execFile)(process.execPath, [serverless, 'deploy', ...options], {
    cwd: tree,
    env: {
      PATH: process.env['PATH'],
      HOME: tree,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    timeout: LIMIT_MS,
  });
}

async function describe(aws: Endpoint): Promise<DeployedStack> {
  const client = awsClient(CloudFormationClient, aws);
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: STACK }));
  const outputs = Stacks?.[0]?.Outputs ?? [];
  const physicalIds: Record<string, string> = {};
  for await (const page of paginateListStackResources({ client }, { StackName: STACK })) {
    for (const { LogicalResourceId, PhysicalResourceId } of page.StackResourceSummaries ?? []) {
      if (LogicalResourceId) physicalIds[LogicalResourceId] = PhysicalResourceId ?? '';
    }
  }
  return {
    outputs: Object.fromEntries(
      outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue ?? '']),
    ),
    physicalIds,
  };
}
