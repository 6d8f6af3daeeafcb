import type { ModelServers } from '#adapters/local/servers/model-server.ts';
import { provenServers } from '#adapters/local/servers/proven-servers.ts';
import type { Damage } from '#domain/deployment.ts';
import {
  type ScriptedModelServer,
  scriptedModelServer,
} from '../../../support/local/scripted-model-server.ts';
import { revisionSpec } from '../../../support/worlds/revision-spec.ts';

const SPEC = revisionSpec('bytes');
const LOG = { append: async () => undefined, tail: async () => [] };

/** Servers of which each answers as `problem` says, which may change. */
function world() {
  const begun: ScriptedModelServer[] = [];
  const asked: string[] = [];
  const noted: (Damage | null)[] = [];
  const now: { problem: string | undefined } = { problem: undefined };
  const plain: ModelServers = {
    prepare: async () => undefined,
    start() {
      const scripted = scriptedModelServer(begun.length + 1);
      begun.push(scripted);
      return scripted.server;
    },
    discard: async () => undefined,
    close: async () => undefined,
  };
  const servers = provenServers(plain, {
    async problem(_spec, origin) {
      asked.push(origin);
      return now.problem;
    },
    noted: (_spec, damage) => noted.push(damage),
  });
  async function started() {
    const server = servers.start(SPEC, LOG);
    await begun.at(-1)?.ready();
    return server.started;
  }
  return { servers, begun, asked, noted, now, started };
}

describe('the first server of a revision since Slipway started', () => {
  it('is asked for the proof of its version before it counts as ready, and the next ones are not', async () => {
    const { started, asked, noted } = world();

    const starts = [await started(), await started()];

    expect(starts.map(({ kind }) => kind)).toEqual(['ready', 'ready']);
    expect(asked).toEqual(['http://server-1']);
    expect(noted).toEqual([null, null]);
  });

  it('is ended where it answers otherwise, the reason is noted, and the next one is asked too', async () => {
    const { started, begun, asked, noted, now } = world();

    now.problem = 'y[0] is 9; expected 3';
    const refused = await started();
    now.problem = undefined;
    const served = await started();

    const reason =
      'digits-v1 is not served: it no longer answers as it did when it went live: y[0] is 9; expected 3';
    expect(refused).toEqual({ kind: 'died', reason: `was ended: ${reason}` });
    expect(begun[0]?.server.diagnosis()).toBe(`was ended: ${reason}`);
    expect(served.kind).toBe('ready');
    expect(asked).toEqual(['http://server-1', 'http://server-2']);
    expect(noted).toEqual([{ reason, fix: expect.stringContaining('Roll back') }, null]);
  });

  it('is asked again once the revision was removed and made anew', async () => {
    const { servers, started, asked } = world();

    await started();
    await servers.discard(SPEC.revision, []);
    await started();

    expect(asked).toHaveLength(2);
  });

  it('is not asked where it dies as it starts', async () => {
    const { servers, begun, asked } = world();

    const server = servers.start(SPEC, LOG);
    await begun[0]?.crash();

    expect((await server.started).kind).toBe('died');
    expect(asked).toEqual([]);
  });
});
