import { userInfo } from 'node:os';
import { userCaches } from '#adapters/local/files/user-caches.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The cache folder of the user that runs this; a path of no folder if that user has no home. */
export const cachesIn = (environment: Environment): string => userCaches(environment);

/** The name of the account that runs this; `user 1234` if that number has no account, as in many containers. */
export function userName(account: () => { readonly username: string } = userInfo): string {
  try {
    return account().username;
  } catch {
    return `user ${process.getuid?.()}`;
  }
}
