import { sha256Hex } from '#domain/hash.ts';
import { grantBuild } from '#steps/grant-build.ts';
import { planBuild } from '#steps/plan-build.ts';
import type { Granted } from '../support/worlds/build-order.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

describe('granting the build of an image', () => {
  it('gives it nothing of the artifact before what serves it is built, which may wait for hours', async () => {
    const calls: string[] = [];
    const world = memoryWorld({
      engine: 'image',
      tap(method, call, [id]) {
        if (method.endsWith('grant')) calls.push(String(id));
        return call();
      },
    });
    const held = await world.before('PlanBuild');

    const { kind } = await planBuild(world.deps)(held);
    const planned = calls.splice(0);
    await grantBuild(world.deps)(held);

    expect(kind).toBe('environment');
    expect(planned).toEqual([`${held.deploymentId}-environment`]);
    expect(calls).toEqual([held.deploymentId]);
  });

  it('grants the pinned files anew each time, by a token that is of the grant', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('PlanBuild');
    await planBuild(world.deps)(held);

    const first = await grantBuild(world.deps)(held);
    const second = await grantBuild(world.deps)(held);

    const { artifact, work } = await world.recordOf(held);
    expect(first.imageTag).toBe(work.plan?.imageTag);
    expect(second).toEqual({
      ...first,
      artifactUrl: second.artifactUrl,
      token: await sha256Hex(second.artifactUrl),
    });
    const { files } = (await (await fetch(second.artifactUrl)).json()) as Granted;
    expect(files).toMatchObject(artifact.parts.map(({ name, sizeBytes }) => ({ name, sizeBytes })));
  });
});
