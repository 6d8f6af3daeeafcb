import {
  DeleteParameterCommand,
  paginateGetParametersByPath,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { translated } from '#adapters/aws/failures.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { type Removal, unlessGone } from './removal.ts';

/** The removals of the keys of kept requests, which no stack owns. Without them what is left in a log opens no more. */
export async function removalsOfCaptureKeys(account: AwsAccount): Promise<readonly Removal[]> {
  const client = new SSMClient(clientSettings(account));
  const names: string[] = [];
  await translated(async () => {
    for (const folder of ['capture', 'capture-public']) {
      const query = { Path: `/slipway/${account.stage}/${folder}`, Recursive: true };
      for await (const { Parameters = [] } of paginateGetParametersByPath({ client }, query)) {
        names.push(...Parameters.flatMap(({ Name }) => Name ?? []));
      }
    }
  });
  return names.map((Name) => ({
    what: `the parameter ${Name}, a key of kept requests`,
    async remove() {
      await unlessGone(() => client.send(new DeleteParameterCommand({ Name })));
    },
  }));
}
