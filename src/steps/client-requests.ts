import type { ComparedRequest } from '#domain/comparison/asked-pair.ts';
import { clientRequest } from '#domain/comparison/client-requests.ts';
import type { Clock } from '#ports/clock.ts';
import type { Comparing } from '#ports/comparing.ts';
import type { KeptRequests } from '#ports/kept-requests.ts';
import { type Patience, patient } from './patience.ts';

/** As many as five seconds of a quick server, and no more than a step can hold or should wait for. */
const MOST = { requests: 5000, bytes: 64e6, lineBytes: 64e6, ms: 20_000 } as const;

/** How long each line lets clients go first before it is opened, and all together (ms): a tenth of the time that opening may take. */
const PATIENCE_MS: Patience = { each: 20, all: 2000 };

type Deps = {
  readonly keptRequests: KeptRequests;
  readonly comparing: Pick<Comparing, 'giveWay'>;
  readonly clock: Clock;
};

/**
 * The requests that clients sent to a model, the newest first, with the answers of its `live` version.
 * No client has asked the version that is `judged`: its own code wrote what it says to have kept, and seals it as its server would.
 */
export async function clientRequests(
  { keptRequests, comparing, clock }: Deps,
  of: { readonly model: string; readonly live: number; readonly judged: number | null },
): Promise<readonly ComparedRequest[]> {
  const endMs = clock.monotonicMs() + MOST.ms;
  const found: ComparedRequest[] = [];
  const isLate = () => clock.monotonicMs() >= endMs;
  const isEnough = (read: number) => read >= MOST.lineBytes || isLate();
  const giveWay = patient(comparing, () => clock.monotonicMs(), PATIENCE_MS);
  let bytes = 0;
  for await (const kept of keptRequests.of(of.model, isEnough)) {
    bytes += kept.body.length + kept.answer.length;
    const request = kept.version === of.judged ? undefined : clientRequest(kept, of);
    if (request) found.push(request);
    if (found.length >= MOST.requests || bytes >= MOST.bytes || isLate()) break;
    await giveWay();
  }
  return found;
}
