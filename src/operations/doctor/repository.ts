import {
  DescribeRepositoriesCommand,
  ECRClient,
  GetRepositoryPolicyCommand,
} from '@aws-sdk/client-ecr';
import { translated } from '#adapters/aws/failures.ts';
import type { clientSettings } from '#operations/account/clients.ts';
import { fail, ok, warn } from './doctor.ts';

const DEPLOY_AGAIN = 'Deploy the stack again.';

type Settings = ReturnType<typeof clientSettings>;

/** Whether the repository can keep images, and Lambda can pull them. */
export async function lookAtRepository(settings: Settings, uri: string) {
  const client = new ECRClient(settings);
  const [kept, policy] = await Promise.all([lookAtTags(client, uri), policyOf(client, uri)]);
  return policy.includes('"lambda.amazonaws.com"')
    ? kept
    : fail(`${uri} does not let Lambda pull, so no function of a model can start`, DEPLOY_AGAIN);
}

/** Whether the repository can keep environment images, which only builds pull. */
export function lookAtEnvironments(settings: Settings, uri: string) {
  return lookAtTags(new ECRClient(settings), uri);
}

async function lookAtTags(client: ECRClient, uri: string) {
  const find = new DescribeRepositoriesCommand({ repositoryNames: [nameIn(uri)] });
  const { repositories = [] } = await translated(() => client.send(find));
  return repositories[0]?.imageTagMutability === 'IMMUTABLE'
    ? ok(uri)
    : warn(`${uri} has mutable tags`, DEPLOY_AGAIN);
}

async function policyOf(client: ECRClient, uri: string): Promise<string> {
  try {
    const ask = new GetRepositoryPolicyCommand({ repositoryName: nameIn(uri) });
    return (await translated(() => client.send(ask))).policyText ?? '';
  } catch (error) {
    if (error instanceof Error && error.name === 'RepositoryPolicyNotFoundException') return '';
    throw error;
  }
}

function nameIn(uri: string): string {
  return uri.slice(uri.indexOf('/') + 1);
}
