import type { ModelRequest } from '#adapters/aws/api/invocation-event.ts';
import type { RevisionRef } from '#domain/placement/target.ts';
import type { ProbeAnswer } from '#ports/prober.ts';

/** The destination of a probe: a model, as its clients reach it, or one revision whatever the shares. */
export type ProbeAddress =
  | { readonly kind: 'route'; readonly model: string }
  | { readonly kind: 'function'; readonly revision: string }
  | { readonly kind: 'container'; readonly revision: string };

export function routeAddress(model: string): string {
  return `route:${model}`;
}

export function revisionAddress({ revision, target }: RevisionRef): string {
  return `${target === 'lambda' ? 'function' : 'container'}:${revision}`;
}

export function readProbeAddress(address: string): ProbeAddress {
  const [kind, name = ''] = address.split(':');
  if (kind === 'function' || kind === 'container') return { kind, revision: name };
  return { kind: 'route', model: name };
}

/** A request to a server; `path` is the path that it sees. */
export type Probe = Pick<ModelRequest, 'method' | 'path' | 'sent'>;

/** Sends a probe by one of the two mechanisms, and waits at most `timeoutMs`. */
export type Probes<To> = (to: To, probe: Probe, timeoutMs: number) => Promise<ProbeAnswer>;
