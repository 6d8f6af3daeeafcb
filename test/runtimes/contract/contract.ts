import { stopServers } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';
import { describeAbout } from './about.ts';
import { describeBinary } from './binary.ts';
import { describeCapture } from './capture.ts';
import { describeCoding } from './coding.ts';
import { describeCorpus } from './corpus.ts';
import { describeCors } from './cors.ts';
import { describeCsvAnswers } from './csv-answer.ts';
import { describeHostileBodies } from './hostile-bodies.ts';
import { describeInferProtocol } from './infer-protocol.ts';
import { describeInvocations } from './invocations.ts';
import { describeLifecycle } from './lifecycle.ts';
import { describeMain } from './main.ts';
import { describeOpenApi, type Exemplary } from './openapi.ts';
import { describeServer } from './server.ts';
import { describeTables } from './tables.ts';
import { describeTritonClient } from './triton-client.ts';

/** The promises of every model server. In one test file, so that its parts share the servers of their models. */
export async function describeContract(
  runtime: Runtime,
  { examples = [] }: { readonly examples?: readonly Exemplary[] } = {},
): Promise<void> {
  afterAll(stopServers);

  describe('its start', () => describeMain(runtime));
  describe('its end', () => describeLifecycle(runtime));
  describe('as a server', () => describeServer(runtime));
  describe('the protocol', () => describeInferProtocol(runtime));
  describe('the protocol in bytes', () => describeBinary(runtime));
  describe('invocations', () => describeInvocations(runtime));
  describe('tables', () => describeTables(runtime));
  describe('answers in CSV', () => describeCsvAnswers(runtime));
  describe('codings', () => describeCoding(runtime));
  describe('the corpus of requests', () => describeCorpus(runtime));
  describe('requests that are kept', () => describeCapture(runtime));
  describe('pages of other origins', () => describeCors(runtime));
  describe('hostile bodies', () => describeHostileBodies(runtime));
  describe('what it says of itself', () => describeAbout(runtime));
  describe('its document', () => describeOpenApi(runtime, examples));
  await describeTritonClient(runtime);
}
