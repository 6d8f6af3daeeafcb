import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { Empty } from '../look/parts.ts';
import type { ModelStatus } from './api.ts';
import { isOfAccount } from './place.ts';

/** The phases in which a candidate answers at an address of its own. */
const HAVE_CANDIDATE: readonly string[] = [
  'Ready',
  'Compared',
  'AwaitingApproval',
  'Shifting',
  'Baking',
];

type Try = ComponentType<{ origin: string; name: string; revisions: readonly string[] }>;

/** The page that calls a model, which is loaded only once somebody wants it. */
export function TryTab({ model: { name, endpoint, live, newest } }: { model: ModelStatus }) {
  const [part, setPart] = useState<{ readonly Try: Try } | null>(null);
  const [fault, setFault] = useState('');
  useEffect(() => {
    import('../try/try-model.ts').then(
      ({ TryModel }) => setPart({ Try: TryModel }),
      () => setFault('Its code could not be loaded; reload the page.'),
    );
  }, []);
  if (!live)
    return html`<${Empty} title="Nothing to try"><p>No version of ${name} is live.</p></${Empty}>`;
  if (fault) return html`<p class="note bad" role="alert">${fault}</p>`;
  if (!part) return html`<div class="card waiting" aria-busy="true"></div>`;
  // While both have a share, the endpoint alone does not say which of them answers. An account has no address of a candidate for clients.
  const revisions =
    !isOfAccount() && newest && HAVE_CANDIDATE.includes(newest.phase) && newest.version
      ? [live.revision, `${name}-v${newest.version}`]
      : [];
  return html`<${part.Try} key=${live.revision} origin=${endpoint.replace(/\/models\/[^/]+$/, '')} name=${name} revisions=${revisions} />`;
}
