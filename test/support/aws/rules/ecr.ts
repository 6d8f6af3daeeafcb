import {
  BatchGetImageCommand,
  type ECRClient,
  GetRepositoryPolicyCommand,
} from '@aws-sdk/client-ecr';
import type { AwsCall, AwsRule, Refusal } from './rules.ts';

const IMAGES = 'https://docs.aws.amazon.com/lambda/latest/dg/images-create.html';
const PULL = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];
const ABOUT_IMAGES = {
  service: 'Lambda',
  commands: ['CreateFunction', 'UpdateFunctionCode'],
} as const;

type Manifest = {
  readonly mediaType?: string;
  readonly layers?: readonly { readonly mediaType: string }[];
};

/** Lambda's requirements for an image, when a function is given it and while a function runs it. */
export function lambdaImageRules(ecr: ECRClient): readonly AwsRule[] {
  const manifestOf = async (image: Image): Promise<Manifest | undefined> => {
    const { images = [] } = await ecr
      .send(
        new BatchGetImageCommand({
          repositoryName: image.repository,
          imageIds: [{ imageDigest: image.digest }],
        }),
      )
      .catch(() => ({ images: [] }));
    const [found] = images;
    return (
      found && {
        mediaType: found.imageManifestMediaType,
        ...JSON.parse(found.imageManifest ?? '{}'),
      }
    );
  };

  return [
    {
      ...ABOUT_IMAGES,
      name: 'lambda: an image is of the function’s own region',
      source: IMAGES,
      before(call) {
        const image = imageOf(call);
        return image && image.region !== 'us-east-1'
          ? invalid('The source image must be in the same region as the function')
          : undefined;
      },
    },
    {
      ...ABOUT_IMAGES,
      name: 'lambda: the repository lets Lambda pull',
      source:
        'https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions',
      async before(call) {
        const image = imageOf(call);
        if (!image) return undefined;
        const policy = await ecr
          .send(new GetRepositoryPolicyCommand({ repositoryName: image.repository }))
          .catch(() => undefined);
        return letsLambdaPull(policy?.policyText) ? undefined : mayNotPull();
      },
    },
    {
      ...ABOUT_IMAGES,
      name: 'lambda: the image is there',
      source: IMAGES,
      async before(call) {
        const image = imageOf(call);
        return image && !(await manifestOf(image))
          ? invalid(`Source image ${image.uri} does not exist. Provide a valid source image.`)
          : undefined;
      },
    },
    {
      ...ABOUT_IMAGES,
      name: 'lambda: an image is one manifest for one platform, not an index',
      source: `${IMAGES}#images-reqs`,
      async before(call) {
        const image = imageOf(call);
        const { mediaType = '' } = (image && (await manifestOf(image))) ?? {};
        return /index|manifest\.list/.test(mediaType)
          ? invalid(
              `The image manifest, config or layer media type for the source image ${image?.uri} is not supported.`,
            )
          : undefined;
      },
    },
    {
      ...ABOUT_IMAGES,
      name: 'lambda: a layer is not zstd',
      source: 'https://github.com/aws/aws-lambda-roadmap/issues/82',
      async before(call) {
        const image = imageOf(call);
        const { layers = [] } = (image && (await manifestOf(image))) ?? {};
        return layers.some(({ mediaType }) => mediaType.includes('zstd'))
          ? invalid('UnsupportedImageLayerDetected')
          : undefined;
      },
    },
    {
      name: 'lambda: a function whose image was deleted is Failed',
      service: 'Lambda',
      commands: ['GetFunction'],
      source: 'https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html',
      async after(_call, output) {
        const { Configuration, Code } = output as {
          Configuration: object;
          Code?: { ImageUri?: string };
        };
        const image = readUri(Code?.ImageUri);
        if (!image || (await manifestOf(image))) return undefined;
        const failed = {
          State: 'Failed',
          StateReasonCode: 'ImageDeleted',
          StateReason: 'The image is gone',
        };
        return { ...output, Configuration: { ...Configuration, ...failed } };
      },
    },
  ];
}

/** Lambda may not pull an image that is still being scanned, so many times as it is asked. */
export function imageBeingScanned(times: number): AwsRule {
  let left = times;
  return {
    ...ABOUT_IMAGES,
    name: 'lambda: an image that is being scanned is not pulled',
    source:
      'https://repost.aws/knowledge-center/lambda-ecr-image has the text; that a scan is a cause was reported by users',
    before(call) {
      if (!imageOf(call) || left === 0) return undefined;
      left -= 1;
      return mayNotPull();
    },
  };
}

type Image = {
  readonly uri: string;
  readonly region: string;
  readonly repository: string;
  readonly digest: string;
};

function imageOf({ input }: AwsCall): Image | undefined {
  const code = input['Code'] as { ImageUri?: string } | undefined;
  return readUri(code?.ImageUri ?? (input['ImageUri'] as string | undefined));
}

function readUri(uri = ''): Image | undefined {
  const [, region = '', repository = '', digest = ''] =
    /^\d+\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/(.+)@(sha256:[0-9a-f]+)$/.exec(uri) ?? [];
  return digest ? { uri, region, repository, digest } : undefined;
}

type Statement = {
  readonly Effect: string;
  readonly Principal: { readonly Service?: string | readonly string[] };
  readonly Action: string | readonly string[];
};

function letsLambdaPull(policyText = '{"Statement":[]}'): boolean {
  const { Statement }: { Statement: readonly Statement[] } = JSON.parse(policyText);
  const allowed = Statement.filter(
    ({ Effect, Principal }) =>
      Effect === 'Allow' && [Principal.Service].flat().includes('lambda.amazonaws.com'),
  ).flatMap(({ Action }) => Action);
  return PULL.every((action) => allowed.includes(action));
}

function mayNotPull(): Refusal {
  const message =
    'Lambda does not have permission to access the ECR image. Check the ECR permissions.';
  return { name: 'AccessDeniedException', message, status: 403 };
}

function invalid(message: string): Refusal {
  return { name: 'InvalidParameterValueException', message, status: 400 };
}
