import { BatchGetImageCommand, type GetRepositoryPolicyCommand } from '@aws-sdk/client-ecr';
import { imageBeingScanned, lambdaImageRules } from '../aws/rules/ecr.ts';
import { ruled } from './ruled.ts';

const DIGEST = `sha256:${'0a'.repeat(32)}`;
const URI = `123456789012.dkr.ecr.us-east-1.amazonaws.com/slipway/models@${DIGEST}`;
const INVALID = 'InvalidParameterValueException';
const DENIED = 'AccessDeniedException';
const OCI = 'application/vnd.oci.image.manifest.v1+json';
const layer = (compression: string) => ({
  mediaType: `application/vnd.oci.image.layer.v1.tar+${compression}`,
});
const IMAGE = {
  imageManifestMediaType: OCI,
  imageManifest: JSON.stringify({ mediaType: OCI, layers: [layer('gzip'), layer('gzip')] }),
};
const PULL = {
  Effect: 'Allow',
  Principal: { Service: 'lambda.amazonaws.com' },
  Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
};
const policy = (...Statement: readonly object[]) => ({ policyText: JSON.stringify({ Statement }) });

type Held = {
  /** The registry's answer about the one image; undefined, as for a policy, means an error. */
  readonly images?: object | undefined;
  readonly policy?: object | undefined;
};
const WHOLE: Held = { images: { images: [IMAGE] }, policy: policy(PULL) };

/** A registry with a repository that has one image at most. */
function registry({ images, policy: told }: Held) {
  const send = async (asked: BatchGetImageCommand | GetRepositoryPolicyCommand) => {
    const isImage = asked instanceof BatchGetImageCommand;
    expect(asked.input).toEqual({
      repositoryName: 'slipway/models',
      ...(isImage && { imageIds: [{ imageDigest: DIGEST }] }),
    });
    const answer = isImage ? images : told;
    if (!answer) throw new Error('not found');
    return answer;
  };
  return lambdaImageRules({ send } as never);
}

const COMMANDS = [
  { command: 'CreateFunction', named: (ImageUri?: string) => ({ Code: { ImageUri } }) },
  { command: 'UpdateFunctionCode', named: (ImageUri?: string) => ({ ImageUri }) },
];

describe.each(COMMANDS)('$command', ({ command, named }) => {
  const asked = (held: Held, uri: string | undefined = URI) =>
    ruled(registry(held), `Lambda.${command}`, named(uri));

  it('takes an image for one platform, with gzipped layers, that Lambda may pull', async () => {
    expect(await asked(WHOLE)).toBeUndefined();
  });

  it.each([
    '123456789012.dkr.ecr.us-east-1.amazonaws.com/slipway/models:latest',
    `public.ecr.aws/slipway/models@${DIGEST}`,
    `a${URI}`,
    `${URI}.zip`,
    `.${URI.slice(12)}`,
    URI.replace('us-east-1', 'US_EAST'),
  ])('leaves alone what is no image of a registry: %s', async (uri) => {
    expect(await asked({}, uri)).toBeUndefined();
  });

  it('leaves alone what names no code', async () => {
    expect(await ruled(registry({}), `Lambda.${command}`, {})).toBeUndefined();
  });

  it('refuses an image of another region', async () => {
    expect(await asked(WHOLE, URI.replace('us-east-1', 'eu-west-1'))).toBe(INVALID);
  });

  it.each([{}, { images: [] }, undefined])(
    'refuses an image that is not there: %j',
    async (images) => {
      expect(await asked({ ...WHOLE, images })).toBe(INVALID);
    },
  );

  it.each([
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
  ])('refuses %s, by what the registry says or the image itself', async (mediaType) => {
    const told = { images: [{ imageManifestMediaType: mediaType }] };
    const own = { images: [{ imageManifest: JSON.stringify({ mediaType }) }] };

    expect(await asked({ ...WHOLE, images: told })).toBe(INVALID);
    expect(await asked({ ...WHOLE, images: own })).toBe(INVALID);
  });

  it('takes what says nothing of itself', async () => {
    expect(await asked({ ...WHOLE, images: { images: [{}] } })).toBeUndefined();
  });

  it('refuses an image with a layer of zstd', async () => {
    const imageManifest = JSON.stringify({ layers: [layer('gzip'), layer('zstd')] });

    expect(await asked({ ...WHOLE, images: { images: [{ imageManifest }] } })).toBe(INVALID);
  });

  it.each([
    ['that does not answer', undefined],
    ['without a policy', {}],
    ['of an empty policy', policy()],
    ['that denies it', policy({ ...PULL, Effect: 'Deny' })],
    ['that lets another pull', policy({ ...PULL, Principal: { Service: 'ecs.amazonaws.com' } })],
    ['that lets accounts pull', policy({ ...PULL, Principal: { AWS: '*' } })],
    ['that lets it pull half', policy({ ...PULL, Action: PULL.Action[0] })],
    ['that lets it pull the other half', policy({ ...PULL, Action: [PULL.Action[1]] })],
  ])('refuses an image of a repository %s', async (_, told) => {
    expect(await asked({ ...WHOLE, policy: told })).toBe(DENIED);
  });

  it('takes what several statements allow together, to several services', async () => {
    const Principal = { Service: ['ecs.amazonaws.com', 'lambda.amazonaws.com'] };
    const halves = PULL.Action.map((Action) => ({ ...PULL, Principal, Action }));

    expect(await asked({ ...WHOLE, policy: policy(...halves) })).toBeUndefined();
  });

  it('pulls no image that is being scanned, so many times', async () => {
    const rules = [imageBeingScanned(2)];
    const once = (uri?: string) => ruled(rules, `Lambda.${command}`, named(uri));

    expect(await once()).toBeUndefined();
    expect([await once(URI), await once(URI), await once(URI)]).toEqual([
      DENIED,
      DENIED,
      undefined,
    ]);
  });
});

describe('GetFunction', () => {
  const Configuration = { FunctionName: 'digits', State: 'Active' };
  const look = (held: Held, Code?: object) =>
    ruled(registry(held), 'Lambda.GetFunction', {}, { output: { Configuration, Code } });

  it('tells of a function whose image was deleted that it is Failed', async () => {
    expect(await look({}, { ImageUri: URI })).toEqual({
      Code: { ImageUri: URI },
      Configuration: {
        FunctionName: 'digits',
        State: 'Failed',
        StateReasonCode: 'ImageDeleted',
        StateReason: expect.stringContaining('image'),
      },
    });
  });

  it('is as it is where the image is there, or the function has none', async () => {
    expect(await look(WHOLE, { ImageUri: URI })).toBeUndefined();
    expect(await look({}, {})).toBeUndefined();
    expect(await look({})).toBeUndefined();
  });
});
