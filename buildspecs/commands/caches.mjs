import { homedir } from 'node:os';
import { join } from 'node:path';

/** The user's cache folder of Slipway, as a path inside it; it may not be there, and not be writable. */
export function cached(name) {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'slipway', name);
}
