import { request as ask, createServer, type IncomingMessage } from 'node:http';
import type { Moto } from '../support/aws/moto.ts';

/** An answer of AWS's to a call that moto does not know; `calls` says which, by the request line, its target and its body. */
export type Stand = {
  readonly calls: RegExp;
  readonly status?: number;
  readonly body: string | (() => string);
};

/** Answers to the calls of `slipway doctor` that moto does not have, in the form of the services' own models. */
export function accountAnswers({ concurrency = 1000, builds = 20 } = {}): readonly Stand[] {
  const quota = 'Concurrently running builds for Linux/Medium environment';
  return [
    {
      calls: /^GET \/2016-08-19\/account-settings/,
      body: JSON.stringify({
        AccountLimit: {
          ConcurrentExecutions: concurrency,
          UnreservedConcurrentExecutions: concurrency,
        },
      }),
    },
    {
      calls: /ServiceQuotasV20190624\.ListServiceQuotas/,
      body: JSON.stringify({ Quotas: [{ QuotaName: quota, Value: builds }] }),
    },
    // A policy that allows all, and an account from before there were plans.
    {
      calls: /Action=SimulatePrincipalPolicy/,
      body: simulated([]),
    },
    {
      calls: /AWSFreeTierService\.GetAccountPlanState/,
      status: 400,
      body: JSON.stringify({ __type: 'ResourceNotFoundException' }),
    },
    {
      calls: /^GET \/[^/]+\/?\?notification/,
      body: '<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>',
    },
    {
      calls: /Action=DescribeStackResource&.*LogicalResourceId=(?:Image|Environment)Project/,
      body: `<DescribeStackResourceResponse><DescribeStackResourceResult><StackResourceDetail>
        <PhysicalResourceId>image</PhysicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus>
        </StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>`,
    },
  ];
}

/** IAM's answer to a caller who asks whether it may do this. */
export function denied(action: string, { byOrganization = false } = {}): Stand {
  const detail = byOrganization
    ? '<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>'
    : '';
  return {
    calls: new RegExp(`Action=SimulatePrincipalPolicy.*${encodeURIComponent(action)}`),
    body: simulated([
      `<EvalActionName>${action}</EvalActionName><EvalDecision>implicitDeny</EvalDecision>${detail}`,
    ]),
  };
}

function simulated(results: readonly string[]): string {
  const members = results.map((each) => `<member>${each}</member>`).join('');
  return `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults>${members}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`;
}

/** CloudFormation's answer for a stack in a state, without outputs. */
export function stackIn(stage: string, status: string | (() => string)): Stand {
  const now = typeof status === 'string' ? () => status : status;
  return { calls: /Action=DescribeStacks&/, body: () => described(stage, now()) };
}

function described(stage: string, status: string): string {
  return `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
      <StackId>arn:aws:cloudformation:us-east-1:123456789012:stack/slipway-${stage}/1</StackId>
      <StackName>slipway-${stage}</StackName><StackStatus>${status}</StackStatus>
      <StackStatusReason>planted</StackStatusReason>
      </member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
}

/** Moto has no quotas of these services. */
export function quotas(values: Readonly<Record<string, number>>): readonly Stand[] {
  return Object.entries(values).map(([code, Value]) => ({
    calls: new RegExp(`GetServiceQuota .*"${code}"`),
    body: JSON.stringify({ Quota: { QuotaCode: code, Value } }),
  }));
}

export const GOOD_QUOTAS = quotas({
  'L-F678F1CE': 5,
  'L-3032A538': 140,
  'L-DB2E81BA': 8,
  'L-417A185B': 0,
});

/** Stands in front of moto: gives the answers of `stands`, and lets moto answer the rest; `date` is the time of its clock. */
export async function startFront(moto: Moto, stands: readonly Stand[], date?: string) {
  const clock = date === undefined ? {} : { date };
  const server = createServer(async (request, response) => {
    const bytes = Buffer.concat(await request.toArray());
    const { method, url, headers } = request;
    const call = `${method} ${url} ${headers['x-amz-target'] ?? ''} ${bytes}`;
    const stand = stands.find(({ calls }) => calls.test(call));
    if (stand) {
      const body = typeof stand.body === 'string' ? stand.body : stand.body();
      response.writeHead(stand.status ?? 200, clock).end(body);
      return;
    }
    const passed = ask(moto.endpoint + url, { method, headers }, (answer: IncomingMessage) => {
      response.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...clock });
      answer.pipe(response);
    });
    passed.end(bytes);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
