import {
  type Api,
  ApiError,
  apiWith,
  type Build,
  type ModelStatus,
  type RefusedDrop,
} from './api.ts';
import { followEvents, type Heard, pause } from './feed.ts';
import { isOfAccount, isOfTeam } from './place.ts';
import { forget, openSession } from './session.ts';
import { store } from './store.ts';

/** How the console stands: it is opened, it has no token, or it knows the models. */
export type Standing =
  | { readonly kind: 'opening' }
  | { readonly kind: 'locked'; readonly why: string }
  | { readonly kind: 'open'; readonly api: Api };

export const standing = store<Standing>({ kind: 'opening' });
export const isConnected = store(true);
/** Null until they were first read. */
export const models = store<readonly ModelStatus[] | null>(null);
export const refused = store<readonly RefusedDrop[]>([]);
export const builds = store<readonly Build[]>([]);
/** Oldest first. */
export const events = store<readonly Heard[]>([]);

const MOST_EVENTS = 2000;
// Events of one moment, as of a folder of models, have the models read once.
const SETTLE_MS = 60;
const BUILDS_MS = 1000;
const NEVER = new AbortController().signal;

/** Opens the console, and keeps what it shows as things are. */
export async function begin(): Promise<void> {
  const session = await openSession().catch(() => ({ locked: 'Slipway does not answer' }));
  if ('locked' in session) return standing.set({ kind: 'locked', why: session.locked });
  const api = apiWith(session.token);
  standing.set({ kind: 'open', api });
  void readBuilds(api);
  // The first look does not wait for the events; they have the models read once more.
  void read(api).catch(() => undefined);
  await followEvents(
    api,
    {
      heard(heard) {
        events.set([...events.get(), ...heard].slice(-MOST_EVENTS));
        readSoon(api);
      },
      connected(now) {
        isConnected.set(now);
        if (now) readSoon(api);
      },
      refused: () => lock(whyRefused()),
    },
    NEVER,
  );
}

function whyRefused(): string {
  if (isOfTeam()) return 'Your session has ended.';
  return isOfAccount()
    ? 'The command that opened this console has ended.'
    : 'This console was opened more than a month ago, or for another data folder.';
}

/** Shows nothing more of what was read. */
export function lock(why: string): void {
  forget();
  standing.set({ kind: 'locked', why });
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** Reads the models again, in a moment. */
export function readSoon(api: Api): void {
  timer ??= setTimeout(async () => {
    timer = undefined;
    await read(api).catch(() => undefined);
  }, SETTLE_MS);
}

async function read(api: Api): Promise<void> {
  const [known, turnedAway] = await Promise.all([
    api.json<{ models: readonly ModelStatus[] }>('models'),
    api.json<{ refused: readonly RefusedDrop[] }>('refused'),
  ]);
  models.set(known.models);
  refused.set(turnedAway.refused);
}

/** A build says how it stands while one runs, and nothing is asked while none does. */
async function readBuilds(api: Api): Promise<void> {
  for (;;) {
    await pause(BUILDS_MS, NEVER);
    if (!isBuilding() || document.hidden) continue;
    try {
      builds.set((await api.json<{ builds: readonly Build[] }>('builds')).builds);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
}

function isBuilding(): boolean {
  return models.get()?.some(({ newest }) => newest?.phase === 'Building') ?? false;
}
