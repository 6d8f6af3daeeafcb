import { userInfo } from 'node:os';
import { userCaches } from '#adapters/local/files/user-caches.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The cache folder of the current user; a path that does not exist if that user has no home. */
export const cachesIn = (environment: Environment): string => userCaches(environment);

/** The name of the current account; `user 1234` if that number has no account, as in many containers. */
export function userName(account: () => { readonly username: string } = userInfo): string {
  try {
    return account().username;
  } catch {
    return `user ${process.getuid?.()}`;
  }
}
