import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { changedFolder, packagedFolder } from './packaged.ts';
import { type Json, ofType, plain, readTemplate, type Template } from './template.ts';

const template = await readTemplate();

// The format must match to the letter, like all settings of the stage.
const ACCESS_LOG =
  '{"time": "$context.requestTime", "id": "$context.requestId", "ip": "$context.identity.sourceIp", "key": "$context.identity.apiKeyId", "method": "$context.httpMethod", "path": "$context.path", "status": "$context.status", "bytes": "$context.responseLength", "ms": "$context.responseLatency", "modelStatus": "$context.integration.integrationStatus", "modelMs": "$context.integration.latency", "error": "$context.error.messageString", "trace": "$context.xrayTraceId"}';

/** Headers of a refusal that are there where pages of some origin may call models. */
const READABLE = Object.fromEntries(
  [
    ['Access-Control-Allow-Origin', "'*'"],
    ['Access-Control-Expose-Headers', "'Retry-After'"],
  ].map(([name, value]) => [
    `gatewayresponse.header.${name}`,
    { 'Fn::If': ['HasCorsOrigins', value, { Ref: 'AWS::NoValue' }] },
  ]),
);

describe('the API of the packaged template', () => {
  it('asks for a key or a signature at every method', () => {
    const methods = ofType(template, 'AWS::ApiGateway::Method').map(([id, { Properties }]) => [
      id,
      plain(Properties.ResourceId),
      Properties.HttpMethod,
      Properties.AuthorizationType,
    ]);

    expect(methods).toEqual([
      ['ProbeMethod', 'ProbeProxy', 'ANY', 'AWS_IAM'],
      ['HealthMethod', 'Api.RootResourceId', 'GET', 'AWS_IAM'],
    ]);
  });

  it('owns /models and the way of probes, and no route of a model', () => {
    const resources = ofType(template, 'AWS::ApiGateway::Resource').map(([id, { Properties }]) => [
      id,
      plain(Properties.ParentId),
      Properties.PathPart,
    ]);

    expect(resources).toEqual([
      ['ProbeResource', 'Api.RootResourceId', '_probe'],
      ['ProbeProxy', 'ProbeResource', '{proxy+}'],
      ['ModelsResource', 'Api.RootResourceId', 'models'],
    ]);
  });

  // An update of either would point the stage at a snapshot without the models' routes: a change here is an outage there.
  it('has the deployment and the stage that it always had', () => {
    const { ApiDeployment, ApiStage } = template.Resources;

    expect(ApiDeployment).toEqual({
      Type: 'AWS::ApiGateway::Deployment',
      DependsOn: ['HealthMethod'],
      Properties: { RestApiId: { Ref: 'Api' }, Description: 'The API before its first model.' },
    });
    expect(ApiStage).toEqual({
      Type: 'AWS::ApiGateway::Stage',
      Properties: {
        RestApiId: { Ref: 'Api' },
        DeploymentId: { Ref: 'ApiDeployment' },
        StageName: 'v1',
        AccessLogSetting: {
          DestinationArn: { 'Fn::GetAtt': ['ApiLogStream', 'Arn'] },
          Format: ACCESS_LOG,
        },
        TracingEnabled: true,
      },
    });
  });

  it('logs each request as a JSON object, with no key and nothing of what was asked', () => {
    const line = JSON.parse(ACCESS_LOG);

    expect(Object.keys(line)).toContain('id');
    expect(ACCESS_LOG).toContain('$context.requestId');
    expect(ACCESS_LOG).not.toMatch(/identity\.apiKey\b|authorizer|\$input|requestOverride/);
  });

  it('stays as it is when a function changes', async () => {
    const folder = await changedFolder();
    const changed = await readTemplate(folder);
    const zips = await Promise.all([folder, await packagedFolder()].map(sweepOf));

    expect(zips[0]!.equals(zips[1]!)).toBe(false);
    expect(apiOf(changed)).toEqual(apiOf(template));
  });

  // If provider.tags or provider.stackTags were set, osls would make another stage after the deployment.
  it('is left alone by osls', async () => {
    const file = join(await packagedFolder(), 'serverless-state.json');
    const { provider } = JSON.parse(await readFile(file, 'utf8')).service;

    expect([provider.tags, provider.stackTags, provider.tracing.apiGateway, provider.logs]).toEqual(
      Array(4).fill(undefined),
    );
  });

  it('asks the authorizer at every request, whatever header the key is in', () => {
    const { Authorizer } = template.Resources;

    expect(Authorizer!.Properties).toMatchObject({
      Type: 'REQUEST',
      AuthorizerResultTtlInSeconds: 0,
    });
    expect(Authorizer!.Properties.IdentitySource).toBeUndefined();
    expect(template.Resources['Api']!.Properties.ApiKeySourceType).toBe('AUTHORIZER');
  });

  it('throttles each key', () => {
    const { ApiStages, Throttle } = template.Resources['UsagePlan']!.Properties;

    expect(ApiStages).toEqual([{ ApiId: { Ref: 'Api' }, Stage: 'v1' }]);
    expect(Throttle).toEqual({ RateLimit: 100, BurstLimit: 200 });
  });

  it('refuses in JSON that says what is wrong', () => {
    const refusals = ofType(template, 'AWS::ApiGateway::GatewayResponse').map(
      ([, { Properties }]) => {
        const body = Properties.ResponseTemplates['application/json'];
        const { error } = JSON.parse(body.replace('$context.error.messageString', '"text"'));
        return [Properties.ResponseType, Properties.StatusCode, typeof error];
      },
    );

    expect(refusals).toEqual([
      ['MISSING_AUTHENTICATION_TOKEN', '404', 'string'],
      ['UNAUTHORIZED', '401', 'string'],
      ['ACCESS_DENIED', '403', 'string'],
      ['REQUEST_TOO_LARGE', '413', 'string'],
      ['THROTTLED', '429', 'string'],
      ['INTEGRATION_TIMEOUT', '504', 'string'],
      ['INTEGRATION_FAILURE', '503', 'string'],
      ['AUTHORIZER_FAILURE', '503', 'string'],
      ['DEFAULT_4XX', undefined, 'string'],
      ['DEFAULT_5XX', undefined, 'string'],
    ]);
  });

  it('has a browser ask for the key', () => {
    const [unauthorized] = ofType(template, 'AWS::ApiGateway::GatewayResponse').filter(
      ([, { Properties }]) => Properties.ResponseType === 'UNAUTHORIZED',
    );

    expect(unauthorized?.[1].Properties.ResponseParameters).toEqual({
      ...READABLE,
      'gatewayresponse.header.WWW-Authenticate':
        '\'Bearer, Basic realm="slipway: the key is the password"\'',
    });
  });

  it('says when to come again wherever there is no room', () => {
    const later = ofType(template, 'AWS::ApiGateway::GatewayResponse')
      .filter(([, { Properties }]) => ['429', '503'].includes(Properties.StatusCode))
      .map(([, { Properties }]) => Properties.ResponseParameters);

    expect(later).toEqual(
      Array(3).fill({ ...READABLE, 'gatewayresponse.header.Retry-After': "'1'" }),
    );
  });

  it('lets pages read all its refusals where any may call models', () => {
    const headers = ofType(template, 'AWS::ApiGateway::GatewayResponse').map(
      ([, { Properties }]) => Properties.ResponseParameters,
    );

    expect(template.Conditions.HasCorsOrigins).toEqual({
      'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'CorsOrigins' }, ''] }],
    });
    expect(template.Parameters.CorsOrigins.Default).toBe('');
    expect(headers).toEqual(headers.map(() => expect.objectContaining(READABLE)));
  });

  it('has a domain of its own only when one is given', () => {
    const { Domain, DomainMapping } = template.Resources;

    expect([Domain!.Condition, DomainMapping!.Condition]).toEqual(['HasDomain', 'HasDomain']);
    expect(template.Parameters.DomainName.Default).toBe('');
  });
});

/** The parts of the API that a stack update would touch. */
function apiOf({ Resources }: Template): Json {
  return Object.entries(Resources).filter(([, { Type }]) => Type.startsWith('AWS::ApiGateway::'));
}

function sweepOf(folder: string): Promise<Buffer> {
  return readFile(join(folder, 'sweep.zip'));
}
