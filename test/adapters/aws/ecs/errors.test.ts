import { absentIf, ask } from '#adapters/aws/ecs/errors.ts';

const answered = (name: string, message: string) => async () => {
  throw Object.assign(new Error(message), { name });
};

describe('what ECS and its load balancer refuse', () => {
  it.each([
    ['InvalidParameterException', 'The service cannot be stopped while deployments are active.'],
    ['InvalidParameterException', 'Unable to Start a service that is still Draining.'],
    [
      'InvalidParameterException',
      'Unable to assume the service linked role. Please verify that the ECS service linked role exists.',
    ],
    [
      'InvalidParameterException',
      'Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service role being passed has the proper permissions.',
    ],
    ['ClusterNotFoundException', 'Cluster not found.'],
    ['ValidationException', "ECS service doesn't exist: service/slipway-test/digits-v1-0a"],
    ['ObjectNotFoundException', 'No scalable target registered for service namespace: ecs'],
    ['ResourceNotFoundException', 'The target to tag is not there.'],
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
