import { requireAllowed } from '#operations/install/parameter-rules.ts';
import {
  idleCostLine,
  readParameters,
  requireCertificateIn,
} from '#operations/install/parameters.ts';

describe('the parameters of a deploy', () => {
  it('are refused where a budget has nobody who is told of it', () => {
    expect(() => readParameters(['budgetUsd=50'])).toThrow(
      expect.objectContaining({
        name: 'InputInvalid',
        message: 'budgetUsd is set, but nobody would be notified',
        fix: 'Say who, by --param budgetEmail=ADDRESS.',
      }),
    );
  });

  it('are refused where Dockerfiles would be built with a web adapter of a registry that needs a login', () => {
    const image = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/adapter@sha256:1';
    const given = [`webAdapterImage=${image}`];

    expect(readParameters(given).size).toBe(1);
    expect(() => readParameters([...given, 'ownImages=built'])).toThrow(
      expect.objectContaining({
        name: 'InputInvalid',
        message: expect.stringContaining('which builds of Dockerfiles cannot pull'),
        fix: expect.stringContaining('needs no login'),
      }),
    );
  });

  it.each([[['budgetUsd=50', 'budgetEmail=ops@example.com']], [['budgetUsd=0']], [[]]])(
    '%j are taken',
    (given) => {
      expect(readParameters(given).size).toBe(given.length);
    },
  );

  it.each([
    ['containres=off', 'is not a parameter of the stack', 'Did you mean containers?'],
    ['zzz=1', 'is not a parameter of the stack', 'Use --param name=value'],
    ['team', 'has no value', 'Use --param name=value'],
    ['budgetUsd=fifty', 'budgetUsd is `fifty`, which is not an amount', 'Give one such as 250'],
    ['allowedAccelerators=t4', 'names "t4", which is not a GPU of EC2', 'Did you mean T4?'],
    ['allowedAccelerators=', 'names "", which is not a GPU of EC2', 'there are T4,'],
  ])('%s is refused before anything is uploaded: %s', (given, message, fix) => {
    expect(() => readParameters([given])).toThrow(
      expect.objectContaining({
        name: 'InputInvalid',
        message: expect.stringContaining(message),
        fix: expect.stringContaining(fix),
      }),
    );
  });

  it.each([
    {
      given: ['promoterPrincipal=release', 'promoterExternalId=x'],
      message: 'promoterPrincipal is `release`, which names no account, role or user',
      fix: 'Give an ARN such as arn:aws:iam::111122223333:role/release, or the 12 digits of an account.',
    },
    {
      given: ['promoterPrincipal=arn:aws:s3:::bucket', 'promoterExternalId=x'],
      message: 'promoterPrincipal is `arn:aws:s3:::bucket`, which names no account, role or user',
      fix: expect.stringMatching(/^Give an ARN/),
    },
    {
      given: ['domainName=models.example.com'],
      message: 'domainName is `models.example.com`, without a certificate',
      fix: 'Give its certificate, of the same region, by --param certificateArn=ARN.',
    },
    {
      given: ['certificateArn=arn:aws:acm:eu-west-1:111122223333:certificate/x'],
      message: 'certificateArn is given without a domain',
      fix: 'Give the domain that it is for, by --param domainName=NAME.',
    },
  ])('are refused before anything is made: $message', ({ given, message, fix }) => {
    expect(() => readParameters(given)).toThrow(
      expect.objectContaining({ name: 'InputInvalid', message, fix }),
    );
  });

  it.each([
    'arn:aws:iam::111122223333:root',
    'arn:aws-cn:iam::111122223333:role/team/release',
    'arn:aws:iam::111122223333:user/ada',
    'arn:aws:sts::111122223333:assumed-role/release/ada',
    '111122223333',
  ])('may name %s as who promotes', (principal) => {
    const given = [`promoterPrincipal=${principal}`, 'promoterExternalId=x'];

    expect(readParameters(given).get('promoterPrincipal')).toBe(principal);
  });

  it.each([
    [
      'arn:aws:acm:us-east-1:111122223333:certificate/x',
      /, of us-east-1; the stack is in eu-west-1$/,
    ],
    ['arn:aws:iam::111122223333:server-certificate/x', /, no certificate of ACM; the stack/],
  ])('may name no certificate but one of the region: %s', (certificate, message) => {
    const given = new Map([['certificateArn', certificate]]);

    expect(() => requireCertificateIn('eu-west-1', given)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(message),
        fix: expect.stringMatching(/^Request or import the certificate in eu-west-1/),
      }),
    );
    expect(() =>
      requireCertificateIn(
        'us-east-1',
        new Map([['certificateArn', 'arn:aws:acm:us-east-1:111122223333:certificate/x']]),
      ),
    ).not.toThrow();
  });

  it('are refused where one is given twice', () => {
    expect(() => readParameters(['team=a', 'team=b'])).toThrow(/gives team a second time/);
  });

  it('are taken where they are what the template has by default', () => {
    const given = ['allowedAccelerators=all', 'maxMonthlyUsd=unlimited', 'promoterExternalId='];

    expect(readParameters([...given, 'allowedAccelerators=T4,L4'].slice(1)).size).toBe(3);
    expect(readParameters(given).size).toBe(3);
  });

  it.each([
    ['containers', 'of', 'Did you mean off? Give one of public, isolated, off.'],
    ['maxReplicas', 'many', 'Give a number from 1 to 100.'],
    ['bakeSeconds', '3601', 'Give a number from 0 to 3600.'],
    ['maxMonthlyUsd', '1e3', 'Give an amount such as 250 or 99.50, or unlimited.'],
  ])('that are not what the template takes are refused: %s=%s', async (name, value, fix) => {
    await expect(requireAllowed('.', new Map([[name, value]]))).rejects.toMatchObject({
      name: 'InputInvalid',
      message: `${name} is \`${value}\`: nothing was deployed`,
      fix,
    });
  });

  it('are taken where the template takes them', async () => {
    const given = {
      containers: 'off',
      bakeSeconds: '3600',
      maxMonthlyUsd: '99.50',
    };

    await requireAllowed('.', new Map(Object.entries(given)));
  });
});

it('what an idle stack costs includes the keys and the firewall that its parameters ask for', () => {
  const parameters = new Map([
    ['signReleases', 'on'],
    ['firewall', 'on'],
  ]);

  expect(idleCostLine('off')).toMatch(
    /^costs about 4\.95 USD a month while idle, with containers=off \(/,
  );
  expect(idleCostLine('off', parameters)).toMatch(
    /^costs about 12\.95 USD a month while idle, with containers=off, 1\.00 for the KMS key that signs releases, signReleases=on, 7\.00 for the web ACL of AWS WAF, firewall=on \(prices of/,
  );
});
