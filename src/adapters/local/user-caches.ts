import { homedir } from 'node:os';
import { join } from 'node:path';

/** The cache folder of the user that runs this. A user without a home or an account, as in many containers, has none: the path is then of no folder. */
export function userCaches(
  environment: Readonly<Record<string, string | undefined>>,
  home: () => string = homedir,
): string {
  return environment['XDG_CACHE_HOME'] || join(homeOr('/nonexistent', home), '.cache');
}

function homeOr(none: string, home: () => string): string {
  try {
    return home();
  } catch {
    return none;
  }
}
