import { absentIf, ask } from '#adapters/aws/ecs/errors.ts';

const answered = (name: string, message: string) => async () => {
  throw Object.assign(new Error(message), { name });
};

describe('what ECS and its load balancer refuse', () => {
  it.each([
    ['InvalidParameterException', 'The service cannot be stopped while deployments are active.'],
    ['InvalidParameterException', 'Unable to Start a service that is still Draining.'],
    ['ClusterNotFoundException', 'Cluster not found.'],
  ])('is asked again later: %s: %s', async (name, message) => {
    await expect(ask(answered(name, message))).rejects.toMatchObject({
      name: 'PlatformUnavailable',
    });
  });

  it('ends the revision where nothing will change', async () => {
    const call = answered('InvalidParameterException', 'The image is no image.');

    await expect(ask(call)).rejects.toMatchObject({ name: 'RevisionFailed' });
  });

  it('is an answer where a caller looks for what may be absent', async () => {
    const call = answered('ClusterNotFoundException', 'Cluster not found.');

    expect(await ask(() => call().catch(absentIf('ClusterNotFoundException')))).toBeUndefined();
  });
});
