import support from '#domain/data/python-support.json' with { type: 'json' };
import { type Json, list, plain, readTemplate, statementsOf } from './template.ts';

const template = await readTemplate();

const ENVIRONMENTS = 'EnvironmentRepository.RepositoryUri';

const BUILDS = [
  {
    what: 'images',
    id: 'ImageProject',
    buildspec: 'buildspecs/image.yml',
    told: {
      REPOSITORY: 'Repository.RepositoryUri',
      ENVIRONMENTS,
      WEB_ADAPTER_IMAGE: expect.stringMatching(/lambda-adapter:/),
    },
  },
  {
    what: 'Dockerfiles',
    id: 'OwnImageProject',
    buildspec: 'buildspecs/image.yml',
    // No registry of this account.
    told: { WEB_ADAPTER_IMAGE: expect.stringMatching(/lambda-adapter:/) },
  },
  {
    what: 'environments',
    id: 'EnvironmentProject',
    buildspec: 'buildspecs/environment.yml',
    told: {
      ENVIRONMENTS,
      WEB_ADAPTER_IMAGE: expect.stringMatching(/:\d/),
      VLLM_IMAGE: 'none',
      TORCH_INDEX: support.torchIndex,
    },
  },
] as const;

describe.each(BUILDS)('the build of $what', ({ id, buildspec, told }) => {
  const { Properties } = template.Resources[id]!;

  it('has Docker, and is told where to pull and push', () => {
    const { Environment } = Properties;
    const variables = Environment.EnvironmentVariables.map(({ Name, Value }: Json) => [
      Name,
      plain(Value),
    ]);

    expect(Environment).toMatchObject({ Type: 'LINUX_CONTAINER', PrivilegedMode: true });
    expect(Object.fromEntries(variables)).toEqual(told);
  });

  it('reads one object of the deployment bucket, named by its bytes', () => {
    expect(plain(Properties.Source.Location)).toMatch(
      /^ServerlessDeploymentBucket\/serverless\/slipway\/test\/image-source\/[0-9a-f]{32}\.zip$/,
    );
    expect(Properties.Source.BuildSpec).toBe(buildspec);
  });

  it('has a role of its own', () => {
    expect(plain(Properties.ServiceRole)).toBe(`${id}Role`);
  });
});

describe('the roles of builds', () => {
  const onImages = (id: string, repository: string) =>
    statementsOf(template.Resources[`${id}Role`]!)
      .filter(({ Resource }) => list(Resource).map(plain).includes(repository))
      .flatMap(({ Action }) => list(Action))
      .map((action) => action.replace('ecr:', ''));
  const WRITES = ['CompleteLayerUpload', 'InitiateLayerUpload', 'PutImage', 'UploadLayerPart'];

  it('let the build of an environment do nothing to what models are, or to their artifacts', () => {
    const said = JSON.stringify(template.Resources['EnvironmentProjectRole']);

    expect(onImages('EnvironmentProject', 'Repository')).toEqual([]);
    expect(said).not.toMatch(/ModelBucket|Registry/);
    expect(onImages('EnvironmentProject', 'EnvironmentRepository')).toEqual(
      expect.arrayContaining(WRITES),
    );
  });

  it('let the build of a Dockerfile do nothing at all with images, and write one folder of the bucket', () => {
    const statements = statementsOf(template.Resources['OwnImageProjectRole']!);
    const said = statements.map(({ Action, Resource }) => [
      list(Action).join(' '),
      plain(Resource).replace(/[0-9a-f]{32}(?=\.zip$)/, 'HASH'),
    ]);

    expect(said).toEqual([
      [
        'logs:CreateLogStream logs:PutLogEvents',
        'arn:aws:logs:::log-group:ImageProjectLogGroup:log-stream:own-image*',
      ],
      ['s3:GetObject s3:GetObjectVersion', expect.stringMatching(/image-source\/HASH\.zip$/)],
      [
        's3:GetBucketAcl s3:GetBucketLocation',
        expect.stringMatching(/ServerlessDeploymentBucket$/),
      ],
      ['s3:GetObject', 'ModelBucket/own-builds/*'],
      ['s3:PutObject', 'ModelBucket/own-images/*'],
    ]);
    expect(template.Resources['OwnImageProject']!.Properties.LogsConfig.CloudWatchLogs).toEqual({
      Status: 'ENABLED',
      GroupName: { Ref: 'ImageProjectLogGroup' },
      StreamName: 'own-image',
    });
  });

  it('are there for Dockerfiles only where the stack builds any', () => {
    expect(template.Conditions.BuildsDockerfiles).toEqual({
      'Fn::Equals': [{ Ref: 'OwnImages' }, 'built'],
    });
    for (const id of ['OwnImageProject', 'OwnImageProjectRole']) {
      expect(template.Resources[id]!.Condition).toBe('BuildsDockerfiles');
    }
    const policies = template.Resources['ImageProjectRole']!.Properties.Policies;
    expect(policies.at(-1)['Fn::If']).toEqual([
      'BuildsDockerfiles',
      expect.objectContaining({ PolicyName: 'own-images' }),
      { Ref: 'AWS::NoValue' },
    ]);
  });

  it('let the build of an image read the lists that builds are granted and the images that are left to it, and neither list them nor read an artifact', () => {
    const inBucket = statementsOf(template.Resources['ImageProjectRole']!).filter(({ Resource }) =>
      list(Resource).map(plain).join().includes('ModelBucket'),
    );

    expect(inBucket.map(({ Action, Resource }) => [Action, plain(Resource)])).toEqual([
      ['s3:GetObject', 'ModelBucket/builds/*'],
      ['s3:GetObject', 'ModelBucket/own-images/*'],
    ]);
  });

  it('let the build of an image write no environment', () => {
    const allowed = onImages('ImageProject', 'EnvironmentRepository');

    expect(allowed).toContain('BatchGetImage');
    expect(allowed.filter((action) => WRITES.includes(action))).toEqual([]);
    expect(onImages('ImageProject', 'Repository')).toEqual(expect.arrayContaining(WRITES));
  });
});
