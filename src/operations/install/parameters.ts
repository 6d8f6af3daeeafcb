import idleStack from '#domain/data/idle-stack.json' with { type: 'json' };
import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };
import { Failure } from '#domain/failure.ts';
import { nearestName } from '#domain/nearest-name.ts';
import { requireAccelerators } from '#domain/placement/accelerators.ts';
import { stackItems } from '#domain/placement/cost.ts';

/** The parameters of serverless.yml. */
export const PARAMETERS = [
  'containers',
  'bakeSeconds',
  'customImages',
  'ownImages',
  'uploaders',
  'uploadTrail',
  'deletionProtection',
  'firewall',
  'authorizerConcurrency',
  'kmsKeyArn',
  'webAdapterImage',
  'vllmImage',
  'torchIndex',
  'buildCompute',
  'team',
  'maxReplicas',
  'allowedAccelerators',
  'maxMonthlyUsd',
  'requestsPerSecond',
  'accessLog',
  'corsOrigins',
  'requireApproval',
  'signReleases',
  'trustedSigners',
  'promoterPrincipal',
  'promoterExternalId',
  'alarmLatencyMs',
  'budgetUsd',
  'budgetEmail',
  'email',
  'alarmEmail',
  'domainName',
  'certificateArn',
] as const;

/** The name of a parameter in the template, and so in CloudFormation: `BakeSeconds` for `bakeSeconds`. */
export function nameInTemplate(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

type Containers = keyof typeof idleStack.usdPerMonth;

/** `name=value`, each given once. Fails with `InputInvalid` on a name that the template does not know, which osls would accept and ignore; on a GPU that EC2 does not have; on a budget without a recipient; on a web adapter that builds of Dockerfiles cannot pull; on an invalid promoter; and on half of a domain. */
export function readParameters(given: readonly string[]): ReadonlyMap<string, string> {
  const read = new Map<string, string>();
  for (const each of given) {
    const [name = '', ...value] = each.split('=');
    const isKnown = PARAMETERS.some((known) => known === name);
    if (!isKnown || value.length === 0 || read.has(name)) {
      throw new Failure(
        'InputInvalid',
        `--param ${each} ${wrongWith(name, { isKnown, isTwice: read.has(name) })}`,
        {
          fix: fixOf(name, isKnown),
        },
      );
    }
    read.set(name, value.join('='));
  }
  const accelerators = read.get('allowedAccelerators') ?? 'all';
  if (accelerators !== 'all' && accelerators !== 'none') {
    requireAccelerators('allowedAccelerators', accelerators.split(','));
  }
  const budget = read.get('budgetUsd') ?? '0';
  if (!/^\d+(\.\d+)?$/.test(budget)) {
    throw new Failure('InputInvalid', `budgetUsd is \`${budget}\`, which is not an amount`, {
      fix: 'Give one such as 250, or 0 for no budget.',
    });
  }
  if (Number(budget) > 0 && !read.get('budgetEmail')) {
    throw new Failure('InputInvalid', 'budgetUsd is set, but nobody would be notified', {
      fix: 'Say who, by --param budgetEmail=ADDRESS.',
    });
  }
  requirePublicAdapter(read);
  requirePromoter(read);
  requireDomain(read);
  return read;
}

function requirePublicAdapter(parameters: ReadonlyMap<string, string>): void {
  const { ownImages, webAdapterImage = '' } = Object.fromEntries(parameters);
  // The registry of an account; public.ecr.aws needs no login.
  if (ownImages !== 'built' || !/\.dkr\.ecr\./.test(webAdapterImage)) return;
  throw new Failure(
    'InputInvalid',
    `webAdapterImage is \`${webAdapterImage}\`, which builds of Dockerfiles cannot pull: they have no login (ownImages is built)`,
    { fix: 'Name one of a registry that needs no login, or deploy with --param ownImages=named.' },
  );
}

// The forms of `Principal` that name an account, a role or a user. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
const PRINCIPAL =
  /^(?:\d{12}|arn:aws(?:-[a-z-]+)?:(?:iam::\d{12}:(?:root|(?:role|user)\/.+)|sts::\d{12}:assumed-role\/.+))$/;

function requirePromoter(parameters: ReadonlyMap<string, string>): void {
  const principal = parameters.get('promoterPrincipal');
  if (!principal) return;
  if (!PRINCIPAL.test(principal)) {
    throw new Failure(
      'InputInvalid',
      `promoterPrincipal is \`${principal}\`, which names no account, role or user`,
      {
        fix: 'Give an ARN such as arn:aws:iam::111122223333:role/release, or the 12 digits of an account.',
      },
    );
  }
  if (!parameters.get('promoterExternalId')) {
    throw new Failure('InputInvalid', 'promoterPrincipal is given without an external id', {
      fix: 'Agree on one with who promotes, and give it by --param promoterExternalId=ID.',
    });
  }
}

function requireDomain(parameters: ReadonlyMap<string, string>): void {
  const { domainName: domain, certificateArn: certificate } = Object.fromEntries(parameters);
  if (Boolean(domain) === Boolean(certificate)) return;
  throw domain
    ? new Failure('InputInvalid', `domainName is \`${domain}\`, without a certificate`, {
        fix: 'Give its certificate, of the same region, by --param certificateArn=ARN.',
      })
    : new Failure('InputInvalid', 'certificateArn is given without a domain', {
        fix: 'Give the domain that it is for, by --param domainName=NAME.',
      });
}

/** Fails with `InputInvalid` where the certificate is not one of ACM in the region: API Gateway accepts no other for a regional domain. https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains-prerequisites.html */
export function requireCertificateIn(
  region: string,
  parameters: ReadonlyMap<string, string>,
): void {
  const certificate = parameters.get('certificateArn');
  if (!certificate) return;
  const [, where] = /^arn:aws[a-z-]*:acm:([^:]*):\d{12}:certificate\/.+$/.exec(certificate) ?? [];
  if (where === region) return;
  const what = where === undefined ? 'no certificate of ACM' : `of ${where}`;
  throw new Failure(
    'InputInvalid',
    `certificateArn is \`${certificate}\`, ${what}; the stack is in ${region}`,
    {
      fix: `Request or import the certificate in ${region}, in AWS Certificate Manager, and give its ARN.`,
    },
  );
}

function wrongWith(name: string, { isKnown, isTwice }: { isKnown: boolean; isTwice: boolean }) {
  if (!isKnown) return 'is not a parameter of the stack';
  return isTwice ? `gives ${name} a second time` : 'has no value';
}

function fixOf(name: string, isKnown: boolean): string {
  const meant = isKnown ? undefined : nearestName(name, PARAMETERS);
  const ask = meant ? `Did you mean ${meant}? ` : '';
  return `${ask}Use --param name=value, once for each name, with one of ${PARAMETERS.join(', ')}.`;
}

/** The requested containers; `off` by default. Fails with `InputInvalid`. */
export function wantedContainers(parameters: ReadonlyMap<string, string>): Containers {
  const wanted = parameters.get('containers') ?? 'off';
  const known = Object.keys(idleStack.usdPerMonth) as Containers[];
  const found = known.find((each) => each === wanted);
  if (found) return found;
  throw new Failure('InputInvalid', `containers=${wanted} is not one of ${known.join(', ')}`);
}

/** The idle cost of a stack with these containers and parameters, item by item where there are several, and the date of the prices. */
export function idleCostLine(
  containers: Containers,
  parameters: ReadonlyMap<string, string> = new Map(),
): string {
  const wanted = new Map([...parameters, ['containers', containers]]);
  const items = stackItems((name) => wanted.get(name));
  const usd = items.reduce((sum, { usdPerMonth }) => sum + usdPerMonth, 0).toFixed(2);
  const [, ...requested] = items;
  const beside = requested.map((item) => `, ${item.usdPerMonth.toFixed(2)} for ${item.what}`);
  return `costs about ${usd} USD a month while idle, with containers=${containers}${beside.join('')} (prices of ${prices.region}, ${prices.asOf}), plus what models and builds use`;
}
