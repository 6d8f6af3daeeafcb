import { consoleSite } from '#adapters/console-site.ts';
import { realTimers } from '#adapters/local/concurrency/timers.ts';
import type { ConsoleSessions } from '#adapters/local/control/console-sessions.ts';
import { loopbackGuard } from '#adapters/local/control/control-guard.ts';
import { listen, type Wanted } from '#adapters/local/http/listen.ts';
import { pythonClient } from '#adapters/python-client.ts';
import { controlHandler } from '#control/handler.ts';
import type { Control, Operations } from '#control/operation.ts';
import { VERSION } from './version.ts';

type Served<Table extends Operations> = {
  readonly table: Table;
  readonly operations: Control<Table>;
  readonly sessions: ConsoleSessions;
  /** A secret that opens the control API as a session does. */
  readonly token: string;
  /** The origin at which the pages of the console may call models. */
  readonly models: string;
  /** Where a reverse proxy publishes the console. */
  readonly published?: string;
  readonly place: 'machine' | 'account';
};

/** Serves a control API, the console that asks it, and the Python client, at one address. Fails as `listen` does. */
export async function serveControl<Table extends Operations>(
  { table, operations, sessions, token, models, published, place }: Served<Table>,
  wanted: Wanted,
) {
  const { controlApi } = await import('#adapters/local/control/control-api.ts');
  const answer = controlHandler({
    table,
    operations,
    guard: loopbackGuard(token, sessions.isOpen, published && new URL(published).origin),
    after: realTimers.after,
  });
  const site = consoleSite({ connects: [models], place });
  const client = pythonClient(VERSION);
  const api = controlApi(
    async (request) => site(request) ?? (await client(request)) ?? answer(request),
  );
  await api.ready();
  const port = await listen(api.server, wanted);
  const origin = `http://${wanted.host}:${port}`;
  return {
    origin,
    port,
    /** A link that opens the console once. */
    link: () => `${published ?? origin}/#open=${sessions.invite()}`,
    close: () => api.close(),
  };
}
