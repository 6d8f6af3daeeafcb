import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  type MakeRegistry,
  type RegistryWorld,
  registryWorld,
} from '../support/worlds/registry.ts';
import { describeAdmission } from './registry-admission.ts';
import { describeApproval } from './registry-approval.ts';
import { describeEvents } from './registry-events.ts';
import { describeLease } from './registry-lease.ts';
import { describeProgress } from './registry-progress.ts';
import { describeInvariants } from './registry-properties.ts';
import { describeRequests } from './registry-requests.ts';
import { describeSettle } from './registry-settle.ts';
import { describeVersions } from './registry-versions.ts';

/** The promises of every registry; each event that a test makes is checked against the published schema. A run tells it `stories` random stories. */
export function describeRegistry(name: string, make: MakeRegistry, stories = 20): void {
  describe(name, () => {
    let worlds: RegistryWorld[] = [];
    const open = () => {
      const world = registryWorld(make);
      worlds.push(world);
      return world;
    };

    afterEach(async () => {
      const opened = worlds;
      worlds = [];
      for (const { registry } of opened) {
        const { events } = await registry.events({ after: '', limit: 100_000 });
        for (const { event } of events) {
          isPublishable(event);
          expect(isPublishable.errors ?? []).toEqual([]);
        }
      }
    });

    describeAdmission(open);
    describeLease(open);
    describeProgress(open);
    describeVersions(open);
    describeRequests(open);
    describeApproval(open);
    describeSettle(open);
    describeEvents(open);
    describeInvariants(open, stories);
  });
}

const schema = JSON.parse(
  await readFile(new URL('../../docs/event.schema.json', import.meta.url), 'utf8'),
);
const isPublishable = new Ajv2020({ formats: { 'date-time': true } }).compile(schema);
