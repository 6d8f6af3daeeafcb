import { bounded } from '#adapters/aws/bounded.ts';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import type { AwsAccount } from '#operations/account/clients.ts';
import { clientSettings } from '#operations/account/clients.ts';
import { LISTS } from '#operations/account/lists.ts';

const LISTS_AT_ONCE = 4;

/** Everything in the account whose name contains the stage's, as `kind name`, sorted. Fails where a list cannot be read: an unread list does not prove that the resources are gone. */
export async function inventory(
  account: AwsAccount,
  lists: typeof LISTS = LISTS,
): Promise<readonly string[]> {
  const isOurs = ofStage(account.stage);
  const found = await bounded(lists, LISTS_AT_ONCE, async ({ kind, pages }) => {
    const names: (string | undefined)[] = [];
    await translated(async () => {
      for await (const page of pages(clientSettings(account))) names.push(...(page ?? []));
    }).catch((cause: unknown) => {
      throw unlisted(kind, cause);
    });
    return names.flatMap((name) => (name && isOurs(name) ? [`${kind} ${name}`] : []));
  });
  return found.flat().toSorted();
}

function unlisted(kind: string, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const { message, name } = cause;
  if (cause instanceof Failure) {
    return new Failure(cause.name, `cannot list what there is of "${kind}": ${message}`, {
      cause,
      fix: cause.fix,
    });
  }
  return new Error(`cannot list what there is of "${kind}": ${name}: ${message}`, { cause });
}

/** `slipway-dev`, `slipway-dev-m-digits` and `/slipway/dev/models` belong to the stage `dev`, `slipway-dev2` does not. */
export function ofStage(stage: string): (name: string) => boolean {
  const sign = new RegExp(`(?:^|[^a-z0-9])slipway[-/]${stage}(?![a-z0-9])`, 'i');
  return (name) => sign.test(name);
}
