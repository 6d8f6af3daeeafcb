import {
  DescribeRepositoriesCommand,
  ECRClient,
  GetRepositoryPolicyCommand,
} from '@aws-sdk/client-ecr';
import { translated } from '#adapters/aws/failures.ts';
import type { clientSettings } from './aws-account-clients.ts';
import { fail, ok, warn } from './doctor.ts';

const DEPLOY_AGAIN = 'Deploy the stack again.';

/** Whether images can be kept in the repository, and Lambda can pull them. */
export async function lookAtRepository(settings: ReturnType<typeof clientSettings>, uri: string) {
  const client = new ECRClient(settings);
  const repositoryName = uri.slice(uri.indexOf('/') + 1);
  const [{ repositories = [] }, policy] = await Promise.all([
    translated(() =>
      client.send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] })),
    ),
    policyOf(client, repositoryName),
  ]);
  if (!policy.includes('"lambda.amazonaws.com"')) {
    return fail(
      `${uri} does not let Lambda pull: no function of a model would start`,
      DEPLOY_AGAIN,
    );
  }
  return repositories[0]?.imageTagMutability === 'IMMUTABLE'
    ? ok(uri)
    : warn(`${uri} lets a tag be given to another image`, DEPLOY_AGAIN);
}

async function policyOf(client: ECRClient, repositoryName: string): Promise<string> {
  try {
    const ask = new GetRepositoryPolicyCommand({ repositoryName });
    return (await translated(() => client.send(ask))).policyText ?? '';
  } catch (error) {
    if (error instanceof Error && error.name === 'RepositoryPolicyNotFoundException') return '';
    throw error;
  }
}
