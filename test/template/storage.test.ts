import { type Json, ofType, plain, readTemplate } from './template.ts';

const template = await readTemplate();

describe('the registry of the packaged template', () => {
  const { Properties } = template.Resources['Registry']!;

  it('is protected, and has a key of its owner’s own, where the stack is told to', () => {
    expect(Properties.DeletionProtectionEnabled).toEqual({
      'Fn::If': ['IsProtected', true, false],
    });
    expect(Properties.SSESpecification['Fn::If']).toEqual([
      'HasKey',
      { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: { Ref: 'KmsKeyArn' } },
      { Ref: 'AWS::NoValue' },
    ]);
    expect(template.Parameters.KmsKeyArn.Default).toBe('');
    expect(template.Parameters.DeletionProtection.Default).toBe('false');
  });
});

describe('the bucket of the packaged template', () => {
  const bucket = template.Resources['ModelBucket']!;
  const { Properties } = bucket;

  it('keeps versions, and tells EventBridge of uploads', () => {
    expect(Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
    expect(Properties.NotificationConfiguration).toEqual({
      EventBridgeConfiguration: { EventBridgeEnabled: true },
    });
  });

  it('is closed to the public, and encrypted', () => {
    expect(Object.values(Properties.PublicAccessBlockConfiguration)).toEqual(Array(4).fill(true));
    const [encryption] = Properties.BucketEncryption.ServerSideEncryptionConfiguration;
    expect(encryption['Fn::If']).toEqual([
      'HasKey',
      {
        ServerSideEncryptionByDefault: {
          SSEAlgorithm: 'aws:kms',
          KMSMasterKeyID: { Ref: 'KmsKeyArn' },
        },
        BucketKeyEnabled: true,
      },
      { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
    ]);
  });

  it('answers over TLS only', () => {
    const [statement] =
      template.Resources['ModelBucketPolicy']!.Properties.PolicyDocument.Statement;

    expect(statement).toMatchObject({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Condition: { Bool: { 'aws:SecureTransport': false } },
    });
    expect(statement.Resource.map(plain)).toEqual(['ModelBucket', 'ModelBucket/*']);
  });

  it('takes models from whom the stack names alone, where it names somebody', () => {
    const { Statement } = template.Resources['ModelBucketPolicy']!.Properties.PolicyDocument;

    expect(template.Conditions.HasUploaders).toEqual({
      'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Uploaders' }, ''] }],
    });
    expect(Statement[1]['Fn::If']).toMatchObject([
      'HasUploaders',
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:PutObject',
        Condition: {
          ArnNotLike: { 'aws:PrincipalArn': { 'Fn::Split': [',', { Ref: 'Uploaders' }] } },
        },
      },
      { Ref: 'AWS::NoValue' },
    ]);
    expect(plain(Statement[1]['Fn::If'][1].Resource)).toMatch(/ModelBucket.*\/models\/\*$/);
  });

  it('forgets broken uploads and the lists and images that builds have read, and never a model', () => {
    const { Rules } = Properties.LifecycleConfiguration;

    const expiring = Rules.filter((rule: Json) => 'ExpirationInDays' in rule);
    expect(Rules.some((rule: Json) => rule.AbortIncompleteMultipartUpload)).toBe(true);
    expect(expiring).toEqual(
      [
        ['build-lists', 'builds/'],
        ['dockerfile-lists', 'own-builds/'],
        ['dockerfile-images', 'own-images/'],
        ['environment-orders', 'orders/'],
      ].map(([Id, Prefix]) => ({
        ...{ Id, Prefix, Status: 'Enabled', ExpirationInDays: 1 },
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      })),
    );
  });
});

describe('the table of the packaged template', () => {
  const { Properties } = template.Resources['Registry']!;

  it('streams what is written, lets go what has expired, and can be put back to any second', () => {
    expect(Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });

  it('is found by pk and sk', () => {
    expect(Properties.KeySchema).toEqual([
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ]);
  });
});

describe('what a deleted stack leaves', () => {
  it("is the bucket and the table, for the models and their record are the user's", () => {
    const retained = Object.entries(template.Resources).filter(
      ([, { DeletionPolicy }]) => DeletionPolicy === 'RetainExceptOnCreate',
    );

    expect(retained.map(([id]) => id)).toEqual(['ModelBucket', 'Registry']);
    expect(retained.map(([, resource]) => resource.UpdateReplacePolicy)).toEqual([
      'Retain',
      'Retain',
    ]);
  });

  it('has names that the next stack does not want', () => {
    const { ModelBucket, Registry } = template.Resources;

    expect([ModelBucket!.Properties.BucketName, Registry!.Properties.TableName]).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('the repository of the packaged template', () => {
  const { Properties } = template.Resources['Repository']!;

  it('never gives a tag to another image, scans what is pushed, and lets go of broken pushes only', () => {
    const { rules } = JSON.parse(Properties.LifecyclePolicy.LifecyclePolicyText);

    expect(Properties.ImageTagMutability).toBe('IMMUTABLE');
    expect(Properties.ImageScanningConfiguration).toEqual({ ScanOnPush: true });
    expect(rules.map(({ selection }: Json) => selection.tagStatus)).toEqual(['untagged']);
  });

  it('lets Lambda pull for the functions of models in this stage', () => {
    const { Statement } = Properties.RepositoryPolicyText;

    expect(Statement).toHaveLength(1);
    expect(Statement[0].Principal).toEqual({ Service: 'lambda.amazonaws.com' });
    expect(plain(Statement[0].Condition.StringLike['aws:SourceArn'])).toBe(
      'arn:aws:lambda:::function:slipway-test-m-*',
    );
  });
});

describe('the repository of environments', () => {
  const { Properties, DeletionPolicy } = template.Resources['EnvironmentRepository']!;

  it('never gives a tag to another image, scans what is pushed, and lets go of what is half a year old', () => {
    const { rules } = JSON.parse(Properties.LifecyclePolicy.LifecyclePolicyText);

    expect(Properties.RepositoryName).toBe('slipway-test-environments');
    expect(Properties.ImageTagMutability).toBe('IMMUTABLE');
    expect(Properties.ImageScanningConfiguration).toEqual({ ScanOnPush: true });
    expect(
      rules.map(({ selection }: Json) => [selection.tagStatus, selection.countNumber]),
    ).toEqual([
      ['untagged', 1],
      ['any', 180],
    ]);
  });

  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
  it('has the rule for any image last, as ECR asks', () => {
    const { rules } = JSON.parse(Properties.LifecyclePolicy.LifecyclePolicyText);
    const priorities = rules.map(({ rulePriority }: Json) => rulePriority);

    expect(rules.at(-1).selection.tagStatus).toBe('any');
    expect(rules.at(-1).rulePriority).toBe(Math.max(...priorities));
  });

  it('lets nobody pull for models, and goes with the stack', () => {
    expect(Properties.RepositoryPolicyText).toBeUndefined();
    expect([Properties.EmptyOnDelete, DeletionPolicy]).toEqual([true, 'Delete']);
  });
});

describe('the bucket of the access logs', () => {
  const { LogBucket, LogBucketPolicy, LoadBalancer, ApiLogRole } = template.Resources;

  it('stays where a first deploy is undone, since the load balancer has written to it by then, and runs out', () => {
    const { Rules } = LogBucket!.Properties.LifecycleConfiguration;

    expect([LogBucket!.DeletionPolicy, LogBucket!.UpdateReplacePolicy]).toEqual([
      'Retain',
      'Retain',
    ]);
    expect(Rules[0]).toMatchObject({ Status: 'Enabled', ExpirationInDays: 90 });
  });

  it('is written by load balancers of this account, over TLS, and by the stream of the API', () => {
    const [overTls, ofLoadBalancers] = LogBucketPolicy!.Properties.PolicyDocument.Statement;

    expect(overTls).toMatchObject({
      Effect: 'Deny',
      Condition: { Bool: { 'aws:SecureTransport': false } },
    });
    expect(ofLoadBalancers).toMatchObject({
      Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
      Action: 's3:PutObject',
    });
    expect(plain(ofLoadBalancers.Resource)).toBe('LogBucket/load-balancer/AWSLogs//*');
    expect(LoadBalancer!.DependsOn).toContain('LogBucketPolicy');
    expect(JSON.stringify(ApiLogRole!.Properties.Policies)).toContain('LogBucket');
    // The only key with which the load balancer writes.
    expect(JSON.stringify(LogBucket!.Properties.BucketEncryption)).toContain('AES256');
  });
});

describe('the queues of the packaged template', () => {
  it('take messages over TLS only, and from the rules of this stage', () => {
    const { Statement, Queues } = {
      ...template.Resources['DeadLettersPolicy']!.Properties.PolicyDocument,
      ...template.Resources['DeadLettersPolicy']!.Properties,
    };

    const { TaskDeathsPolicy } = template.Resources;
    const [overTls, fromTheRule] = TaskDeathsPolicy!.Properties.PolicyDocument.Statement;

    expect([...Queues, ...TaskDeathsPolicy!.Properties.Queues].map(plain)).toEqual(
      ofType(template, 'AWS::SQS::Queue').map(([id]) => id),
    );
    expect(overTls).toMatchObject({
      Effect: 'Deny',
      Condition: { Bool: { 'aws:SecureTransport': false } },
    });
    expect(plain(fromTheRule.Condition.ArnEquals['aws:SourceArn'])).toBe('TaskDeathRule');
    expect(Statement[0]).toMatchObject({
      Effect: 'Deny',
      Condition: { Bool: { 'aws:SecureTransport': false } },
    });
    expect(Statement[1].Condition.ArnLike['aws:SourceArn'].map(plain)).toEqual([
      'arn:aws:events:::rule/slipway-test-*',
      'arn:aws:events:::rule/slipway-test/slipway-test-*',
    ]);
  });
});

describe('the trail of uploads', () => {
  const { Condition, Properties, DependsOn } = template.Resources['Trail']!;

  it('is there on request, and writes down what is dropped or deleted below models/ alone', () => {
    expect(template.Conditions.HasUploadTrail).toEqual({
      'Fn::Equals': [{ Ref: 'UploadTrail' }, 'on'],
    });
    expect(template.Parameters.UploadTrail.Default).toBe('off');
    expect([Condition, DependsOn]).toEqual(['HasUploadTrail', ['LogBucketPolicy']]);
    const [selector] = Properties.EventSelectors;
    expect(selector).toMatchObject({ ReadWriteType: 'WriteOnly', IncludeManagementEvents: false });
    expect(selector.DataResources[0].Values.map(plain)).toEqual(['ModelBucket/models/']);
  });

  it('may be written by CloudTrail for this trail alone', () => {
    const { Statement } = template.Resources['LogBucketPolicy']!.Properties.PolicyDocument;
    const allowed = Statement.flatMap((each: Json) => each['Fn::If']?.[1] ?? []);

    expect(allowed.map(({ Sid }: Json) => Sid)).toEqual(['TrailLooks', 'TrailWrites']);
    for (const { Principal, Condition: only } of allowed) {
      expect(Principal).toEqual({ Service: 'cloudtrail.amazonaws.com' });
      expect(JSON.stringify(only)).toContain(`trail/${Properties.TrailName}`);
    }
  });
});
