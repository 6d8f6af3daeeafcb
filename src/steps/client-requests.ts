import type { KeptRequest } from '#domain/capture/kept-request.ts';
import type { ComparedRequest } from '#domain/comparison/asked-pair.ts';
import { clientRequest } from '#domain/comparison/client-requests.ts';
import type { Clock } from '#ports/clock.ts';
import type { Comparing } from '#ports/comparing.ts';
import type { KeptRequests } from '#ports/kept-requests.ts';
import { type Patience, patient } from './patience.ts';

/** As many as five seconds of a quick server, and no more than a step can hold or should wait for. */
const MOST = { requests: 5000, bytes: 64e6, lineBytes: 64e6, ms: 20_000 } as const;

/** How long each line lets clients go first before it is opened in the thread that answers them, and all together (ms): a tenth of the time that opening may take. */
const PATIENCE_MS: Patience = { each: 20, all: 2000 };

type Deps = {
  readonly keptRequests: KeptRequests;
  readonly comparing: Pick<Comparing, 'giveWay' | 'isApart'>;
  readonly clock: Clock;
};

/** A model, and its `live` version. `judged`: the version whose answers are those that clients got. Only requests from `sinceMs` (epoch) on, and those that are taken. */
type Sought = {
  readonly model: string;
  readonly live: number;
  readonly judged?: number | null;
  readonly sinceMs?: number;
  readonly isTaken?: (kept: KeptRequest) => boolean;
};

/** The requests that clients sent to a model, the newest first, with the answers of its `live` version, and of the one that is judged. */
export async function clientRequests(
  { keptRequests, comparing, clock }: Deps,
  { model, isTaken = () => true, sinceMs = 0, ...versions }: Sought,
): Promise<readonly ComparedRequest[]> {
  const endMs = clock.monotonicMs() + MOST.ms;
  const found: ComparedRequest[] = [];
  const isLate = () => clock.monotonicMs() >= endMs;
  const isEnough = (read: number) => read >= MOST.lineBytes || isLate();
  const giveWay = patient(comparing, () => clock.monotonicMs(), PATIENCE_MS);
  let bytes = 0;
  for await (const kept of keptRequests.of(model, isEnough, sinceMs)) {
    bytes += kept.body.length + kept.answer.length;
    const request = isTaken(kept) ? clientRequest(kept, { model, ...versions }) : undefined;
    if (request) found.push(request);
    if (found.length >= MOST.requests || bytes >= MOST.bytes || isLate()) break;
    if (!comparing.isApart) await giveWay();
  }
  return found;
}
