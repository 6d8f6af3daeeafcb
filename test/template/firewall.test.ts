import { type Json, readTemplate } from './template.ts';

const template = await readTemplate();
const acl = template.Resources['WebAcl']!;

type Request = { readonly method: string; readonly headers: Readonly<Record<string, string>> };

/** Whether a statement of AWS WAF matches. https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements.html */
function matches(statement: Json, request: Request): boolean {
  const [[kind, said]] = Object.entries<Json>(statement) as [[string, Json]];
  switch (kind) {
    case 'AndStatement':
      return said.Statements.every((each: Json) => matches(each, request));
    case 'NotStatement':
      return !matches(said.Statement, request);
    case 'SizeConstraintStatement': {
      const value = request.headers[said.FieldToMatch.SingleHeader.Name];
      // A header that is missing has no size.
      return said.ComparisonOperator === 'GT' && value !== undefined && value.length > said.Size;
    }
    case 'ByteMatchStatement':
      return said.PositionalConstraint === 'EXACTLY' && request.method === said.SearchString;
    case 'RateBasedStatement':
      return false;
    default:
      throw new Error(`no test knows ${kind}`);
  }
}

/** The status by which the ACL answers, or undefined where it lets a request pass. */
function blocked(request: Request): number | undefined {
  const rules = acl.Properties.Rules.toSorted((a: Json, b: Json) => a.Priority - b.Priority);
  const first = rules.find(({ Statement }: Json) => matches(Statement, request));
  return first?.Action.Block.CustomResponse.ResponseCode;
}

const READABLE = { Name: 'Access-Control-Allow-Origin', Value: '*' };
const WITHOUT: Request = { method: 'POST', headers: {} };
const WITH: Request = { method: 'POST', headers: { authorization: 'Bearer key' } };

// A new account's. Ten requests a second for each: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
const AT_ONCE = 10;
const A_SECOND = 10 * AT_ONCE;
const AUTHORIZER_MS = 20;

/** How many of those with a key are denied in ten seconds of `flood` requests without one a second and 20 with one, each evenly spread. */
function denied({ flood, isBehindFirewall }: { flood: number; isBehindFirewall: boolean }): number {
  const seconds = 10;
  const spread = (count: number, request: Request) =>
    Array.from({ length: count * seconds }, (_, index) => ({
      request,
      atMs: ((index + 0.5) * 1000) / count,
    }));
  const all = [...spread(flood, WITHOUT), ...spread(20, WITH)].sort((a, b) => a.atMs - b.atMs);
  let busyUntil: number[] = [];
  let taken: number[] = [];
  let count = 0;
  for (const { request, atMs } of all) {
    if (isBehindFirewall && blocked(request) !== undefined) continue;
    busyUntil = busyUntil.filter((end) => end > atMs);
    taken = taken.filter((at) => at > atMs - 1000);
    if (busyUntil.length < AT_ONCE && taken.length < A_SECOND) {
      busyUntil.push(atMs + AUTHORIZER_MS);
      taken.push(atMs);
    } else if (request === WITH) count += 1;
  }
  return count;
}

describe('the web ACL of the packaged template', () => {
  it('is there on request alone, before the stage that models are served by', () => {
    const { Condition, Properties, DependsOn } = template.Resources['WebAclAssociation']!;

    expect(template.Parameters.Firewall.Default).toBe('off');
    expect(template.Conditions.HasFirewall).toEqual({ 'Fn::Equals': [{ Ref: 'Firewall' }, 'on'] });
    expect([acl['Condition'], Condition, DependsOn]).toEqual([
      'HasFirewall',
      'HasFirewall',
      ['ApiStage'],
    ]);
    expect(JSON.stringify(Properties.ResourceArn)).toMatch(/restapis\/\$\{Api\}\/stages\/v1/);
    expect(acl.Properties.DefaultAction).toEqual({ Allow: {} });
  });

  it.each([
    ['no key', WITHOUT, 401],
    ['an empty one', { method: 'GET', headers: { 'x-api-key': '' } }, 401],
    ['a bearer', WITH, undefined],
    ['the other header', { method: 'GET', headers: { 'x-api-key': 'key' } }, undefined],
    ['a browser that asks whether it may', { method: 'OPTIONS', headers: {} }, undefined],
  ])('answers a request with %s', (_, request, status) => {
    expect(blocked(request)).toBe(status);
  });

  it('has a browser ask its user for a key, as the API itself does', () => {
    const [{ Action }] = acl.Properties.Rules;

    expect(Action.Block.CustomResponse.ResponseHeaders).toEqual([
      { Name: 'WWW-Authenticate', Value: expect.stringMatching(/Basic realm=/) },
      { 'Fn::If': ['HasCorsOrigins', READABLE, { Ref: 'AWS::NoValue' }] },
    ]);
  });

  it('lets pages read its 429 where any may call models', () => {
    const [, { Action }] = acl.Properties.Rules;

    expect(Action.Block.CustomResponse.ResponseHeaders).toEqual({
      'Fn::If': ['HasCorsOrigins', [READABLE], { Ref: 'AWS::NoValue' }],
    });
  });

  it('keeps 1,000 requests without a key a second from denying any with one, where ten functions run at once', () => {
    const without = denied({ flood: 1000, isBehindFirewall: false });
    const behind = denied({ flood: 1000, isBehindFirewall: true });

    expect(without).toBeGreaterThan(100);
    expect(behind).toBe(0);
  });
});

it('the authorizer has executions of its own where the stack is told to keep some', () => {
  const { Properties } = template.Resources['AuthorizeLambdaFunction']!;

  expect(Properties.ReservedConcurrentExecutions).toEqual({
    'Fn::If': ['HasReserve', { Ref: 'AuthorizerConcurrency' }, { Ref: 'AWS::NoValue' }],
  });
  expect(template.Parameters.AuthorizerConcurrency.Default).toBe(0);
});
