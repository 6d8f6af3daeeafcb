import { request as ask, createServer, type IncomingMessage } from 'node:http';
import type { Moto } from '../support/aws/moto.ts';

/** A cause that keeps a resource of the stack from being deleted, as CloudFormation reports it. */
export type Blocked = { readonly logicalId: string; readonly reason: string };

// Moto calls it a ValidationException. https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
const NO_SCALING = /AnyScaleFrontendService\.(?:Deregister|Delete)/;

const TAGS =
  '<Tagging><TagSet><Tag><Key>aws:cloudformation:stack-name</Key><Value>slipway-dev</Value></Tag></TagSet></Tagging>';

type Planted = {
  readonly status?: string;
  /** Whether the stack shows its outputs; by default it does. */
  readonly hasOutputs?: boolean;
  /** The resources that would keep the stack now. */
  readonly blocked?: () => Promise<readonly Blocked[]>;
  /** Buckets with the tags that CloudFormation gives its resources, and nobody else can; moto's CloudFormation gives none. */
  readonly tagged?: readonly string[];
};

/**
 * The part of CloudFormation that moto lacks, in front of moto: a stack `slipway-dev` in a planted state, whose deletion fails as long as something keeps one of its resources.
 * The states and the actions that each allows: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html and .../troubleshooting.html#troubleshooting-errors-delete-stack-fails
 */
export async function startCloudFormation(moto: Moto, planted: Planted) {
  let { status } = planted;
  let failed: readonly Blocked[] = [];
  const deletions: string[] = [];

  async function answered(body: string): Promise<string | undefined> {
    if (!/Action=DeleteStack/.test(body)) return undefined;
    deletions.push(body);
    failed = (await planted.blocked?.()) ?? [];
    status = failed.length > 0 ? 'DELETE_FAILED' : undefined;
    return failed.length > 0 ? '<DeleteStackResponse/>' : undefined;
  }

  function rewritten(body: string, answer: string): string {
    if (/Action=DescribeStacks/.test(body)) return described(answer);
    return /Action=ListStackResources/.test(body) ? listed(answer) : answer;
  }

  function described(answer: string): string {
    const shown = status
      ? answer.replace(/<StackStatus>CREATE_COMPLETE</, `<StackStatus>${status}<`)
      : answer;
    const isSilent = planted.hasOutputs === false;
    return isSilent ? shown.replace(/<Outputs>[\s\S]*<\/Outputs>/, '') : shown;
  }

  function listed(answer: string): string {
    return answer.replace(/<member>[\s\S]*?<\/member>/g, (member) => {
      const of = failed.find((each) => member.includes(`<LogicalResourceId>${each.logicalId}<`));
      const why = `<ResourceStatus>DELETE_FAILED</ResourceStatus><ResourceStatusReason>${of?.reason}</ResourceStatusReason>`;
      return of ? member.replace(/<ResourceStatus>\w+<\/ResourceStatus>/, why) : member;
    });
  }

  function own(url = '', target = ''): { readonly status: number; readonly body: string } | null {
    if (NO_SCALING.test(target)) {
      const error = { __type: 'ObjectNotFoundException', message: 'no such target' };
      return { status: 400, body: JSON.stringify(error) };
    }
    const bucket = /^\/([^/?]+)\/?\?tagging/.exec(url)?.[1] ?? '';
    return planted.tagged?.includes(bucket) ? { status: 200, body: TAGS } : null;
  }

  const server = createServer(async (request, response) => {
    const bytes = Buffer.concat(await request.toArray());
    const { method, url, headers } = request;
    const text = String(bytes);
    const isAsked = /Action=\w+&?.*Version=2010-05-15/.test(text);
    const told = own(url, String(headers['x-amz-target']));
    const body = told?.body ?? (isAsked ? await answered(text) : undefined);
    if (body !== undefined) {
      response.writeHead(told?.status ?? 200).end(body);
      return;
    }
    const passed = ask(
      moto.endpoint + url,
      { method, headers },
      async (answer: IncomingMessage) => {
        const { 'content-length': _, ...kept } = answer.headers;
        const given = Buffer.concat(await answer.toArray());
        response.writeHead(answer.statusCode ?? 502, kept);
        response.end(isAsked ? rewritten(text, String(given)) : given);
      },
    );
    passed.end(bytes);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    /** How often the stack's deletion was asked for. */
    deletions: () => deletions.length,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
