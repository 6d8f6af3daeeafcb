import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { listen } from '#adapters/local/http/listen.ts';
import { workflowEngine } from '#adapters/local/workflow/workflow-engine.ts';
import { readLocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';
import { tracesFor } from '#compose/traces.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

type Attribute = { readonly key: string; readonly value: { readonly stringValue: string } };
type Span = {
  readonly name: string;
  readonly spanId: string;
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: number; readonly message?: string };
};

type Sent = {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: Span[] }[] }[];
};

const task = {
  Type: 'Task' as const,
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: 'x', 'Payload.$': '$' },
};
const deploy = {
  StartAt: 'First',
  States: {
    First: { ...task, ResultPath: null, Next: 'Second' },
    // Like a build, it learns nothing about its deployment.
    Second: { ...task, Parameters: { FunctionName: 'x', Payload: {} }, End: true as const },
  },
};

/** The spans that a collector gets of one execution, whose second step throws. */
async function collected(variables: (origin: string) => NodeJS.ProcessEnv) {
  const got: { path: string; spans: Span[] }[] = [];
  const collector = createServer(async (request, response) => {
    const { resourceSpans } = (await json(request)) as Sent;
    const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
    got.push({ path: request.url ?? '', spans: spans.flatMap((each) => each.spans) });
    response.end('{}');
  });
  const port = await listen(collector, { host: '127.0.0.1', port: 0 });
  const traces = await tracesFor(variables(`http://127.0.0.1:${port}`));
  const ended = Promise.withResolvers<void>();
  const engine = workflowEngine({
    definitions: { deploy },
    handlers: {
      First: async () => ({}),
      Second: () => Promise.reject(new RangeError('too far')),
    },
    onEnded: async () => ended.resolve(),
    traces,
  });
  await engine.start('deploy', 'digits-1', { deploymentId: 'd-1' });
  await ended.promise;
  await traces?.stop();
  collector.close();
  return got;
}

it.each([
  [
    'its endpoint',
    (origin: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `${origin}/` }),
    '/v1/traces',
  ],
  [
    'the endpoint of traces',
    (origin: string) => ({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${origin}/t` }),
    '/t',
  ],
])(
  'a collector named by %s gets a span for each step within that of the execution',
  async (_, variables, path) => {
    const [sent] = await collected(variables);

    expect(sent?.path).toBe(path);
    const spans = Object.fromEntries((sent?.spans ?? []).map((each) => [each.name, each]));
    expect(Object.keys(spans).toSorted()).toEqual(['First', 'Second', 'deploy']);
    for (const step of ['First', 'Second']) {
      expect(spans[step]).toMatchObject({
        traceId: spans['deploy']?.traceId,
        parentSpanId: spans['deploy']?.spanId,
      });
      expect(spans[step]?.attributes).toContainEqual({
        key: 'slipway.deployment',
        value: { stringValue: 'd-1' },
      });
    }
    expect(spans['First']?.status.code).toBe(0);
    expect(spans['Second']?.status).toEqual({ code: 2, message: 'too far' });
    expect(spans['deploy']?.status.code).toBe(2);
    expect(spans['deploy']?.attributes).toContainEqual({
      key: 'slipway.execution',
      value: { stringValue: 'digits-1' },
    });
  },
);

it('without a collector nothing is followed', async () => {
  expect(await tracesFor({})).toBeUndefined();
});

it.each([
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: '127.0.0.1' },
  { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'ftp://collector' },
])(
  'a start with %j ends before it has opened anything, and says which variable is wrong',
  async (environment) => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, 'data');

    const started = startLocal(readLocalConfig({ dataDir }), { environment, report: () => {} });

    await expect(started).rejects.toMatchObject({
      name: 'InputInvalid',
      message: `${Object.keys(environment)[0]} is not a URL of http or https`,
    });
    expect(existsSync(dataDir)).toBe(false);
  },
);
