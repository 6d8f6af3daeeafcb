import { userInfo } from 'node:os';

/** The name of the account that runs this; `user 1234` if that number has no account, as in many containers. */
export function userName(account: () => { readonly username: string } = userInfo): string {
  try {
    return account().username;
  } catch {
    return `user ${process.getuid?.()}`;
  }
}
