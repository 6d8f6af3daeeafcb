import { homedir } from 'node:os';
import { join } from 'node:path';

/** The cache folder of the user that runs this. A user without a home or an account, as in many containers, has none: the path is then of no folder. */
export function userCaches(
  environment: Readonly<Record<string, string | undefined>>,
  home: () => string = homedir,
): string {
  return environment['XDG_CACHE_HOME'] || join(userHome(home), '.cache');
}

/** The home of the user that runs this; a path of no folder where there is none. */
export function userHome(home: () => string = homedir): string {
  try {
    return home();
  } catch {
    return '/nonexistent';
  }
}
