import { stopMostServers, stopServers } from '../model-server.ts';
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

/** The promises of every model server. The parts share servers. */
export async function describeContract(
  runtime: Runtime,
  { examples = [] }: { readonly examples?: readonly Exemplary[] } = {},
): Promise<void> {
  afterAll(stopServers);

  part('its start', () => describeMain(runtime));
  part('its end', () => describeLifecycle(runtime));
  part('as a server', () => describeServer(runtime));
  part('the protocol', () => describeInferProtocol(runtime));
  part('the protocol in bytes', () => describeBinary(runtime));
  part('invocations', () => describeInvocations(runtime));
  part('tables', () => describeTables(runtime));
  part('answers in CSV', () => describeCsvAnswers(runtime));
  part('codings', () => describeCoding(runtime));
  part('the corpus of requests', () => describeCorpus(runtime));
  part('requests that are kept', () => describeCapture(runtime));
  part('pages of other origins', () => describeCors(runtime));
  part('hostile bodies', () => describeHostileBodies(runtime));
  part('what it says of itself', () => describeAbout(runtime));
  part('its document', () => describeOpenApi(runtime, examples));
  await describeTritonClient(runtime);
}

function part(name: string, describeIt: () => void): void {
  describe(name, () => {
    afterAll(stopMostServers);
    describeIt();
  });
}
