import type { Deployment } from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { isTerminal, mayMove, type Phase } from '#domain/phase.ts';
import type { Registry } from '#ports/registry.ts';

/**
 * Checks that a registry is consistent at any time: its events follow a way that the phases allow, and report nothing that its records do not hold.
 * `versions` remembers the numbers from one look to the next.
 */
export async function checkRecord(
  registry: Registry,
  versions: Map<string, number | null>,
): Promise<void> {
  const events = (await registry.events({ after: '', limit: 100_000 })).events.map(
    ({ event }) => event,
  );
  const ids = [...new Set(events.map(({ detail }) => detail.deploymentId))];
  const deployments = await Promise.all(ids.map(async (id) => (await registry.deployment(id))!));

  for (const deployment of deployments) {
    const own = events.filter(({ detail }) => detail.deploymentId === deployment.id);
    checkEvents(deployment, own);
    expect(versions.get(deployment.id) ?? deployment.version).toBe(deployment.version);
    versions.set(deployment.id, deployment.version);
  }
  const uploads = deployments.filter(({ kind }) => kind === 'deploy').map(({ id }) => id);
  const taken = uploads.map((id) => versions.get(id)).filter((version) => version !== null);
  expect(new Set(taken).size).toBe(taken.length);
  const unended = deployments.filter(({ endedAtMs }) => endedAtMs === null);
  expect((await registry.unended()).map(({ id }) => id)).toEqual(unended.map(({ id }) => id));

  await checkVersions(registry, events);
}

function checkEvents(deployment: Deployment, events: readonly SlipwayEvent[]): void {
  const states: Phase[] = [];
  for (const event of events) {
    if (event['detail-type'] !== 'Deployment State Change') continue;
    states.push(event.detail.state);
    expect(event.detail.version).toBe(deployment.version);
  }

  expect(events.map(({ detail }) => detail.sequence)).toEqual(events.map((_, index) => index + 1));
  expect(states.filter(isTerminal)).toHaveLength(isTerminal(deployment.phase) ? 1 : 0);
  if (deployment.phase !== 'RollingBack') expect(states.at(-1)).toBe(deployment.phase);
  if (deployment.endedAtMs !== null) expect(isTerminal(deployment.phase)).toBe(true);
  if (deployment.version !== null) expect(states[0]).toBe('Admitted');
  for (const [index, state] of states.slice(1).entries()) {
    expect({
      from: states[index],
      to: state,
      isAllowed: leadsTo(states[index]!, state),
    }).toMatchObject({
      isAllowed: true,
    });
  }
}

/** A move, or two of them by way of the phase that is not announced. */
function leadsTo(from: Phase, to: Phase): boolean {
  return mayMove(from, to) || (mayMove(from, 'RollingBack') && mayMove('RollingBack', to));
}

async function checkVersions(registry: Registry, events: readonly SlipwayEvent[]): Promise<void> {
  const told = new Map<number, string>();
  let live: number | null = null;
  for (const { detail } of events) {
    if (detail.state === 'Live') live = detail.version;
    if (detail.state === 'Undeployed') live = null;
    if (['Live', 'Retired', 'Removed'].includes(detail.state))
      told.set(detail.version!, detail.state);
  }

  const versions = await registry.versions('shapes');
  expect(new Map(versions.map(({ version, state }) => [version, state]))).toEqual(told);
  expect((await registry.model('shapes'))?.live?.version ?? null).toBe(live);
}
