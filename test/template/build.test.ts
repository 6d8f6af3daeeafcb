import { type Json, plain, readTemplate } from './template.ts';

const template = await readTemplate();

describe('the build of images', () => {
  const { Properties } = template.Resources['ImageProject']!;

  it('has Docker, and is told where to push', () => {
    const { Environment } = Properties;

    expect(Environment).toMatchObject({ Type: 'LINUX_CONTAINER', PrivilegedMode: true });
    expect(Environment.EnvironmentVariables.map(({ Name }: Json) => Name)).toEqual([
      'REPOSITORY',
      'WEB_ADAPTER_IMAGE',
    ]);
  });

  it('reads one object of the deployment bucket, named by its bytes', () => {
    expect(plain(Properties.Source.Location)).toMatch(
      /^ServerlessDeploymentBucket\/serverless\/slipway\/test\/image-source\/[0-9a-f]{32}\.zip$/,
    );
    expect(Properties.Source.BuildSpec).toBe('buildspecs/image.yml');
  });
});
