import { admit, adopt, refuse, request } from '#domain/admission.ts';
import {
  advance,
  commit,
  markVersion,
  noteAdvice,
  noteDamage,
  noteIncident,
  noteMeasured,
  noteSpent,
  noteTags,
  recordIntent,
  recordLook,
  recordTrouble,
  recordWork,
  requestAbort,
  retract,
  settle,
  settleIntent,
} from '#domain/progress.ts';
import { answerApproval, askApproval } from '#domain/promotion/approval.ts';
import { acquireLease, freeDeadLease, lease, releaseLease } from './lease.ts';
import type { RegistryWrite } from './write.ts';

type Write = <Answer>(wanted: RegistryWrite<Answer>) => Promise<Answer>;

/** Every write of the `Registry` port, given a registry's way to read, decide and store in one transaction. */
export function registryWrites(write: Write) {
  const over =
    <Arguments extends readonly unknown[], Answer>(
      decision: (...asked: Arguments) => RegistryWrite<Answer>,
    ) =>
    (...asked: Arguments): Promise<Answer> =>
      write(decision(...asked));

  return {
    admit: over(admit),
    refuse: over(refuse),
    request: over(request),
    adopt: over(adopt),
    acquireLease: over(acquireLease),
    releaseLease: over(releaseLease),
    lease: over(lease),
    freeDeadLease: over(freeDeadLease),
    advance: over(advance),
    recordWork: over(recordWork),
    recordLook: over(recordLook),
    recordIntent: over(recordIntent),
    settleIntent: over(settleIntent),
    recordTrouble: over(recordTrouble),
    commit: over(commit),
    retract: over(retract),
    requestAbort: over(requestAbort),
    markVersion: over(markVersion),
    noteDamage: over(noteDamage),
    noteAdvice: over(noteAdvice),
    noteIncident: over(noteIncident),
    noteMeasured: over(noteMeasured),
    noteSpent: over(noteSpent),
    noteTags: over(noteTags),
    settle: over(settle),
    askApproval: over(askApproval),
    answerApproval: over(answerApproval),
  };
}
