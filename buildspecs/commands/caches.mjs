import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * A path in the user's cache folder of Slipway; it may not be there, and not be writable.
 * @param {string} name
 */
export function cached(name) {
  return join(process.env.XDG_CACHE_HOME || join(home(), '.cache'), 'slipway', name);
}

/** A user without an account, as in many containers, may have no home: the path then leads nowhere. */
export function home() {
  try {
    return homedir();
  } catch {
    return '/nonexistent';
  }
}
